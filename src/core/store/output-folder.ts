import { constants } from 'node:fs';
import { type FileHandle, link, open, realpath, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { escapeControls, OmlmdError, quote } from '../errors.ts';
import type { CallOptions, Content } from '../oci/content.ts';
import { DEFAULT_CONCURRENCY, Slots, settleAll } from '../oci/copy.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { OnProgress } from '../oci/progress.ts';
import { checkTitles } from '../oci/title.ts';
import { syncFolder } from './durable-file.ts';
import { verifyHandle, writeVerified } from './hashed-file.ts';
import { MadeNames } from './made-names.ts';
import { kindOf } from './path-kind.ts';
import { assertSpace, storageError, systemCode } from './storage-error.ts';
import { openTemporaryFolder, removeAbandoned } from './temporary-folder.ts';

/** What becomes of a file that is there with other bytes. */
export type ExistingFiles = 'refuse' | 'overwrite' | 'keep';

/** A file that is to be in the folder. */
export interface FileToPlace {
  /** Foreign text; becomes the path in the folder if it is safe. */
  readonly title: string;
  readonly descriptor: Descriptor;
  /** Gives the content; asked once more when what it gave was corrupt (R12). */
  readonly open: (options: CallOptions) => Promise<Content>;
}

export interface PlaceFilesOptions extends CallOptions {
  readonly onExisting: ExistingFiles;
  readonly allowHidden?: readonly string[] | undefined;
  readonly concurrency?: number | undefined;
  readonly onProgress?: OnProgress | undefined;
}

export interface PlacedFile {
  readonly title: string;
  /** The folder as it was given, and the title. */
  readonly path: string;
  readonly state: 'downloaded' | 'exists' | 'kept';
  readonly descriptor: Descriptor;
}

/** Most names in a message; the rest is counted. */
const MAX_NAMED = 10;

interface Planned extends FileToPlace {
  /** Relative, with `/`. */
  readonly relative: string;
  readonly found: Found;
}
type Found = 'nothing' | 'equal' | 'other' | 'blocked';

/**
 * Puts files into a person's folder, all or none (S1, S2, R24). Before the first byte, all titles are checked and all
 * files in the way are found. Then everything is downloaded into a hidden folder beside, verified, and only then
 * given its name. When anything fails, nothing of it is left.
 */
export async function placeFiles(
  folder: string,
  files: readonly FileToPlace[],
  options: PlaceFilesOptions,
): Promise<readonly PlacedFile[]> {
  options.signal?.throwIfAborted();
  const relatives = checkTitles(
    files.map((file) => file.title),
    { allowHidden: options.allowHidden },
  );
  const planned: Planned[] = [];
  for (const [i, file] of files.entries()) {
    const relative = relatives[i] ?? file.title;
    planned.push({ ...file, relative, found: await look(folder, relative, file, options) });
  }
  refuseConflicts(folder, planned, options.onExisting);
  const wanted = planned.filter(
    ({ found }) => found === 'nothing' || (found === 'other' && options.onExisting === 'overwrite'),
  );
  if (wanted.length > 0) await download(folder, wanted, options);
  return planned.map(({ title, descriptor, relative, found }, i) => {
    const state = wanted.includes(planned[i] as Planned)
      ? 'downloaded'
      : found === 'equal'
        ? 'exists'
        : 'kept';
    if (state !== 'downloaded') report(options, { title, descriptor }, descriptor.size, 'exists');
    return { title, path: join(folder, relative), state, descriptor };
  });
}

function report(
  { onProgress }: PlaceFilesOptions,
  { title, descriptor }: Pick<FileToPlace, 'title' | 'descriptor'>,
  bytes: number,
  state: 'active' | 'done' | 'exists',
): void {
  onProgress?.({
    id: descriptor.digest,
    name: title,
    kind: 'download',
    bytes,
    total: descriptor.size,
    state,
  });
}

/** What is where a file is to be. A link among its parents blocks it: it may lead anywhere (S2). */
async function look(
  folder: string,
  relative: string,
  file: FileToPlace,
  options: PlaceFilesOptions,
): Promise<Found> {
  const parts = relative.split('/');
  for (let depth = 1; depth < parts.length; depth += 1) {
    const parent = await kindOf(join(folder, ...parts.slice(0, depth)));
    if (parent === 'nothing') return 'nothing';
    if (parent !== 'folder') return 'blocked';
  }
  const path = join(folder, relative);
  const kind = await kindOf(path);
  if (kind === 'nothing') return 'nothing';
  if (kind === 'folder') return 'blocked';
  return kind === 'file' && (await isEqual(path, file, options)) ? 'equal' : 'other';
}

async function isEqual(path: string, file: FileToPlace, options: PlaceFilesOptions): Promise<boolean> {
  const { descriptor, title } = file;
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
    await verifyHandle(handle, descriptor, {
      signal: options.signal,
      onBytes: (bytes) =>
        options.onProgress?.({
          id: descriptor.digest,
          name: title,
          kind: 'verify',
          bytes,
          total: descriptor.size,
          state: bytes === descriptor.size ? 'done' : 'active',
        }),
    });
    return true;
  } catch (error) {
    if (
      error instanceof OmlmdError &&
      ['size-mismatch', 'digest-mismatch', 'file-changed'].includes(error.code)
    )
      return false;
    throw storageError(`compare ${path}`, error);
  } finally {
    await handle?.close();
  }
}

function refuseConflicts(folder: string, planned: readonly Planned[], onExisting: ExistingFiles): void {
  const conflicts = planned.filter(
    ({ found }) => found === 'blocked' || (found === 'other' && onExisting === 'refuse'),
  );
  if (conflicts.length === 0) return;
  throw conflict(
    folder,
    conflicts.map(({ relative }) => relative),
  );
}

function conflict(folder: string, names: readonly string[]): OmlmdError {
  const named = names.slice(0, MAX_NAMED).map(quote).join(', ');
  const rest = names.length > MAX_NAMED ? ` and ${names.length - MAX_NAMED} more` : '';
  return new OmlmdError(
    'conflict',
    `write into ${escapeControls(folder)}: something else is there under the names ${named}${rest}`,
  );
}

/** Downloads all into a temporary folder, then names them. */
async function download(
  folder: string,
  wanted: readonly Planned[],
  options: PlaceFilesOptions,
): Promise<void> {
  const made = new MadeNames();
  try {
    await made.folders(folder);
    const real = await realpath(folder);
    const bytes = wanted.reduce((sum, { descriptor }) => sum + descriptor.size, 0);
    await assertSpace(real, bytes, `write into ${folder}`);
    const temporary = await openTemporaryFolder(real);
    try {
      await fetchAll(temporary, wanted, options);
      options.signal?.throwIfAborted();
      await giveNames(real, temporary, wanted, made, options);
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
    await removeAbandoned(real);
  } catch (error) {
    await made.undo();
    throw storageError(`write into ${folder}`, error);
  }
}

async function fetchAll(
  temporary: string,
  wanted: readonly Planned[],
  options: PlaceFilesOptions,
): Promise<void> {
  const slots = new Slots(options.concurrency ?? DEFAULT_CONCURRENCY);
  const failed = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, failed.signal]) : failed.signal;
  const work = wanted.map((file, i) =>
    slots
      .run(() => fetchOne(join(temporary, String(i)), file, { ...options, signal }))
      .catch((error: unknown) => {
        failed.abort(error);
        throw error;
      }),
  );
  // The first failure is the reason; the others only stopped because of it.
  await settleAll(work).catch(() => Promise.reject(failed.signal.reason));
}

async function fetchOne(path: string, file: Planned, options: PlaceFilesOptions): Promise<void> {
  const write = (content: Content) =>
    writeVerified(path, content, file.descriptor, {
      signal: options.signal,
      onBytes: (bytes) => report(options, file, bytes, 'active'),
    });
  const open = () => file.open({ signal: options.signal });
  options.signal?.throwIfAborted();
  try {
    // A place that reads small content at once has asked once more itself; only what is read here is asked for again.
    const content = await open();
    await write(content).catch(async (error: unknown) => {
      if (error instanceof OmlmdError && isCorrupt(error)) return write(await open());
      throw error;
    });
  } catch (error) {
    if (!(error instanceof OmlmdError && isCorrupt(error))) throw error;
    throw new OmlmdError(error.code, `download ${quote(file.title)}: ${error.message}`, { cause: error });
  }
  report(options, file, file.descriptor.size, 'done');
}

function isCorrupt(error: OmlmdError): boolean {
  return error.code === 'digest-mismatch' || error.code === 'size-mismatch';
}

/**
 * Gives the finished files their names, folder by folder. `real` is the folder without links; each parent is looked at
 * again before its files and after them: a link that took its place meanwhile is said, and nothing called done (S2).
 */
async function giveNames(
  real: string,
  temporary: string,
  wanted: readonly Planned[],
  made: MadeNames,
  options: PlaceFilesOptions,
): Promise<void> {
  const finished = wanted.map((file, i) => ({ file, from: join(temporary, String(i)) }));
  for (const [inside, files] of Map.groupBy(finished, ({ file }) => dirname(file.relative))) {
    const parent = join(real, inside);
    const moved = () =>
      conflict(
        real,
        files.map(({ file }) => file.relative),
      );
    const areFolders = await made.foldersBelow(real, inside);
    if (!areFolders || (await realpath(parent)) !== parent) throw moved();
    for (const { file, from } of files) await giveName(real, from, file, made, options);
    if ((await realpath(parent)) !== parent) throw moved();
    await syncFolder(parent);
  }
}

async function giveName(
  real: string,
  temporary: string,
  file: Planned,
  made: MadeNames,
  options: PlaceFilesOptions,
): Promise<void> {
  const path = join(real, file.relative);
  if (file.found === 'other') await rename(temporary, path);
  else if (await nameNew(temporary, path)) made.file(path);
  // Another pull of the same artifact may have been faster: then all is as it should be.
  else if ((await kindOf(path)) !== 'file' || !(await isEqual(path, file, options)))
    throw conflict(real, [file.relative]);
}

/** Renames onto a name that must still be free; false where it was taken. A link fails there; a rename would replace it. */
async function nameNew(temporary: string, path: string): Promise<boolean> {
  try {
    await link(temporary, path);
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    // No hard links on this file system: as good as it can be done.
    if ((await kindOf(path)) !== 'nothing') return false;
    await rename(temporary, path);
    return true;
  }
}
