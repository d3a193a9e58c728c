import { constants } from 'node:fs';
import { chmod, type FileHandle, link, open, realpath, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { escapeControls, OmlmdError, quote } from '../errors.ts';
import { Slots, settleAll } from '../oci/copy.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { openFileContent } from '../oci/file-content.ts';
import { checkTitles } from '../oci/title.ts';
import { syncFolder } from './durable-file.ts';
import {
  type FetchFilesOptions,
  type FileToPlace,
  type Finished,
  fetchFiles,
  reportFile,
} from './fetch-files.ts';
import { verifyHandle } from './hashed-file.ts';
import { MadeNames } from './made-names.ts';
import { isEmptyFolder, kindOf } from './path-kind.ts';
import { isResumable } from './resumable-file.ts';
import { storageError, systemCode } from './storage-error.ts';

export type { FileToPlace } from './fetch-files.ts';

/** What becomes of a file that is there with other bytes. */
export type ExistingFiles = 'refuse' | 'overwrite' | 'keep';

export interface PlaceFilesOptions extends FetchFilesOptions {
  readonly onExisting: ExistingFiles;
  readonly allowHidden?: readonly string[] | undefined;
}

export interface PlacedFile {
  readonly title: string;
  /** The folder as it was given, and the title. */
  readonly path: string;
  readonly state: 'downloaded' | 'exists' | 'kept';
  readonly descriptor: Descriptor;
}

/** Files that get their names at once. */
const NAMED_AT_ONCE = 8;
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
 * given its name. When anything fails, nothing of it is left, except by what may be better another time (the network,
 * a cancellation): then the hidden folder stays, and the next call that wants the same content goes on with it.
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
  const isEmpty = await isEmptyFolder(folder);
  const planned: Planned[] = [];
  for (const [i, file] of files.entries()) {
    const relative = relatives[i] ?? file.title;
    const found = isEmpty ? 'nothing' : await look(folder, relative, file, options);
    planned.push({ ...file, relative, found });
  }
  refuseConflicts(folder, planned, options.onExisting);
  const wanted = planned.filter(
    ({ found }) => found === 'nothing' || (found === 'other' && options.onExisting === 'overwrite'),
  );
  for (const { title, relative, found } of planned)
    if (found === 'equal') await options.onReady?.(title, await openFileContent(join(folder, relative)));
  if (wanted.length > 0) await download(folder, wanted, options);
  return planned.map(({ title, descriptor, relative, found }, i) => {
    const state = wanted.includes(planned[i] as Planned)
      ? 'downloaded'
      : found === 'equal'
        ? 'exists'
        : 'kept';
    if (state !== 'downloaded') reportFile(options, { title, descriptor }, descriptor.size, 'exists');
    return { title, path: join(folder, relative), state, descriptor };
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

/** Downloads all, then names them. */
async function download(
  folder: string,
  wanted: readonly Planned[],
  options: PlaceFilesOptions,
): Promise<void> {
  const made = new MadeNames();
  try {
    await made.folders(folder);
    const real = await realpath(folder);
    await fetchFiles(real, wanted, options, (finished) => giveNames(real, finished, made, options));
  } catch (error) {
    await made.undo();
    throw storageError(`write into ${folder}`, error);
  }
}

/**
 * Gives the finished files their names, folder by folder. `real` is the folder without links; each parent is looked at
 * again before its files and after them: a link that took its place meanwhile is said, and nothing called done (S2).
 */
async function giveNames(
  real: string,
  finished: readonly Finished<Planned>[],
  made: MadeNames,
  options: PlaceFilesOptions,
): Promise<void> {
  for (const [inside, files] of Map.groupBy(finished, ({ file }) => dirname(file.relative))) {
    const parent = join(real, inside);
    const moved = () =>
      conflict(
        real,
        files.map(({ file }) => file.relative),
      );
    const areFolders = await made.foldersBelow(real, inside);
    if (!areFolders || (await realpath(parent)) !== parent) throw moved();
    const slots = new Slots(NAMED_AT_ONCE);
    await settleAll(
      files.map(({ file, from }) => slots.run(() => giveName(real, from, file, made, options))),
    );
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
  // Until now it was private. A file system without permissions refuses, and has its own.
  if (isResumable(file.descriptor)) await chmod(temporary, 0o666 & ~process.umask()).catch(() => {});
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
    await unlink(temporary).catch(() => {}); // its folder goes soon, too
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    // No hard links on this file system: as good as it can be done.
    if ((await kindOf(path)) !== 'nothing') return false;
    await rename(temporary, path);
    return true;
  }
}
