import { type Dirent, readFileSync } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import ignore, { type Ignore } from 'ignore';
import { OmlmdError, quote } from '../errors.ts';
import { systemCode, systemWords } from '../oci/system-failure.ts';
import { companionPath } from '../readers/companion-path.ts';

/** A file or folder that a person named, with the media type they gave it. */
export interface ModelPath {
  readonly path: string;
  readonly mediaType?: string | undefined;
}

/** A file that a push would carry. */
export interface CollectedFile {
  /** Absolute; links resolved. */
  readonly path: string;
  /** Absolute: the folder it was found in, from where it names others. A link may lead elsewhere. */
  readonly folder: string;
  /** Base name for a file, path inside the folder (with `/`) for a folder's. */
  readonly title: string;
  readonly mediaType?: string | undefined;
  /** Bytes. */
  readonly size: number;
}

export interface Collected {
  /** Sorted by title. */
  readonly files: readonly CollectedFile[];
  /** Files and folders passed over: those nobody means to publish, and those `.omlmdignore` names. */
  readonly leftOut: number;
  /** Titles of links that leave their folder. They are not followed: that would publish what the person did not name. */
  readonly outside: readonly string[];
  /** Titles of links to a folder that they are in. They are not followed: that would have no end. */
  readonly loops: readonly string[];
}

/** What files are collected for: errors begin with it. */
export type Doing = 'push' | 'attach' | 'inspect' | 'init';

/** What a folder is pushed without: version control, caches, editor state. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  '.git',
  '.hg',
  '.svn',
  '.cache',
  '.ipynb_checkpoints',
  '__pycache__',
  '.DS_Store',
  '.vscode',
  '.venv',
  '.omlmdignore',
]);

/** Most files in one folder push; stops a push of a home folder before it is half-way (S12). */
const MAX_FILES = 10_000;
/** Most folders that are reached through links, each way to one counted; stops links that multiply folders. */
const MAX_LINKED_FOLDERS = 1000;
/** Deepest folder that is followed; pull refuses deeper titles (S1). */
const MAX_DEPTH = 32;

/** Lists what a push of these paths would carry. Two files of one title are a `usage` error. */
export async function collectFiles(paths: readonly ModelPath[], doing: Doing): Promise<Collected> {
  const files: CollectedFile[] = [];
  const outside: string[] = [];
  const loops: string[] = [];
  let leftOut = 0;
  for (const { path, mediaType } of paths) {
    // As from a shell variable that is not set: `resolve` would make it the current folder.
    if (path === '') throw new OmlmdError('usage', `${doing}: a PATH is empty`);
    const absolute = resolve(path);
    const found = await stat(absolute).catch((error: unknown) =>
      Promise.reject(unreadable(doing, path, error)),
    );
    const type = mediaType === undefined ? {} : { mediaType };
    if (found.isFile()) {
      const path = await realpath(absolute);
      files.push({ path, folder: dirname(absolute), title: basename(absolute), size: found.size, ...type });
    } else if (found.isDirectory()) {
      const root = await realpath(absolute);
      const walk = new FolderWalk(root, doing);
      await walk.folder('', [root]);
      files.push(...walk.files.map((file) => ({ ...file, ...type })));
      leftOut += walk.leftOut;
      outside.push(...walk.outside);
      loops.push(...walk.loops);
      if (walk.files.length + walk.outside.length === 0)
        throw new OmlmdError('usage', `${doing} ${quote(path)}: there is no file in the folder`);
    } else {
      throw new OmlmdError('file-unreadable', `${doing} ${quote(path)}: neither a file nor a folder`);
    }
  }
  return { files: sortFiles(files, doing), leftOut, outside, loops };
}

/** Files in the order of their titles; two of one title are a `usage` error. */
export function sortFiles(files: readonly CollectedFile[], doing: Doing): readonly CollectedFile[] {
  const sorted = files.toSorted((a, b) => (a.title < b.title ? -1 : a.title > b.title ? 1 : 0));
  const twice = sorted.find((file, i) => sorted[i + 1]?.title === file.title);
  if (twice !== undefined) {
    throw new OmlmdError('usage', `${doing}: two files would have the title ${quote(twice.title)}`);
  }
  return sorted;
}

function unreadable(doing: Doing, path: string, error: unknown): OmlmdError {
  const missing = ['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '');
  // Node gives bytes that are not UTF-8 as U+FFFD, and then does not find the file.
  const what = missing && path.includes('\ufffd') ? 'its name is not UTF-8 text' : systemWords(error);
  return new OmlmdError(missing ? 'not-found' : 'file-unreadable', `${doing} ${quote(path)}: ${what}`, {
    cause: error,
  });
}

class FolderWalk {
  readonly #root: string;
  readonly #doing: Doing;
  readonly #ignore: Ignore;
  #linkedFolders = 0;
  readonly files: CollectedFile[] = [];
  readonly outside: string[] = [];
  readonly loops: string[] = [];
  leftOut = 0;

  constructor(root: string, doing: Doing) {
    this.#root = root;
    this.#doing = doing;
    this.#ignore = readIgnoreFile(join(root, '.omlmdignore'), doing);
  }

  /**
   * @param inside path inside the root with `/`, empty for the root itself
   * @param way from the root to the folder, links resolved: a folder that is on it is not entered again
   */
  async folder(inside: string, way: readonly string[]): Promise<void> {
    if (way.length > MAX_DEPTH + 1)
      throw this.#tooMuch(`${quote(inside)} is deeper than ${MAX_DEPTH} folders`);
    const folder = way.at(-1) ?? this.#root;
    if (folder !== join(this.#root, inside)) this.#linkedFolders += 1;
    if (this.#linkedFolders > MAX_LINKED_FOLDERS)
      throw this.#tooMuch(`links lead to more than ${MAX_LINKED_FOLDERS} folders in ${quote(this.#root)}`);
    const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) =>
      Promise.reject(unreadable(this.#doing, folder, error)),
    );
    for (const entry of entries)
      await this.#entry(entry, inside === '' ? entry.name : `${inside}/${entry.name}`, way);
  }

  async #entry(entry: Dirent, inside: string, way: readonly string[]): Promise<void> {
    // By its own name first: a `.venv` that is a link to elsewhere is left out, not refused.
    if (LEFT_OUT.has(entry.name) || this.#ignore.ignores(inside)) {
      this.leftOut += 1;
      return;
    }
    const path = await this.#resolve(join(way.at(-1) ?? this.#root, entry.name), entry.isSymbolicLink());
    if (way.includes(path)) {
      this.loops.push(inside);
      return;
    }
    if (!isInModelFolder(this.#root, path)) {
      this.outside.push(inside);
      return;
    }
    const found = await stat(path).catch((error: unknown) =>
      Promise.reject(unreadable(this.#doing, path, error)),
    );
    const folder = found.isDirectory();
    if (folder && this.#ignore.ignores(`${inside}/`)) {
      this.leftOut += 1;
    } else if (folder) {
      await this.folder(inside, [...way, path]);
    } else if (found.isFile()) {
      if (this.files.length >= MAX_FILES)
        throw this.#tooMuch(`more than ${MAX_FILES} files in ${quote(this.#root)}`);
      const folder = dirname(join(this.#root, inside));
      this.files.push({ path, folder, title: inside, size: found.size });
    } else {
      throw new OmlmdError(
        'file-unreadable',
        `${this.#doing}: ${quote(inside)} is neither a file nor a folder`,
      );
    }
  }

  /** Where a link leads. */
  async #resolve(path: string, isLink: boolean): Promise<string> {
    if (!isLink) return path;
    return realpath(path).catch((error: unknown) => Promise.reject(unreadable(this.#doing, path, error)));
  }

  #tooMuch(what: string): OmlmdError {
    return new OmlmdError('limit-exceeded', `${this.#doing}: ${what}`);
  }
}

/**
 * The file that a model in `folder` names by a relative path; `outside` for one that a link leads out of the folder,
 * undefined where there is none.
 */
export async function findBeside(
  folder: string,
  name: string,
): Promise<CollectedFile | 'outside' | undefined> {
  const relativePath = companionPath(name);
  if (relativePath === undefined) return 'outside';
  try {
    const path = await realpath(join(folder, relativePath));
    const found = await stat(path);
    if (!found.isFile()) return undefined;
    if (!isInModelFolder(await realpath(folder), path)) return 'outside';
    const named = join(folder, relativePath);
    return { path, folder: dirname(named), title: relativePath, size: found.size };
  } catch {
    return undefined; // not there, or not for us to read: either way the model is without it
  }
}

/** Whether a file belongs to a model's folder, where links of a Hugging Face cache lead included; both without links. */
export function isInModelFolder(folder: string, path: string): boolean {
  return isInside(folder, path) || isInside(hubBlobs(folder), path);
}

/** Whether a path is below a folder; both without links. */
export function isInside(folder: string | undefined, path: string): boolean {
  if (folder === undefined) return false;
  const way = relative(folder, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && resolve(folder, way) === path;
}

/** The `blobs` of a Hugging Face cache whose snapshot this folder is: `models--ORG--NAME/snapshots/REVISION`. */
function hubBlobs(root: string): string | undefined {
  const snapshots = dirname(root);
  const model = dirname(snapshots);
  if (basename(snapshots) !== 'snapshots' || !basename(model).startsWith('models--')) return undefined;
  return join(model, 'blobs');
}

function readIgnoreFile(path: string, doing: Doing): Ignore {
  const rules = ignore();
  try {
    rules.add(readFileSync(path, 'utf8'));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT'))
      throw unreadable(doing, path, error);
  }
  return rules;
}
