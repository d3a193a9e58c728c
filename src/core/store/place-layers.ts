import { constants } from 'node:fs';
import { open, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { escapeControls, OmlmdError, quote } from '../errors.ts';
import type { OnProgress } from '../oci/progress.ts';
import { checkTitles } from '../oci/title.ts';
import { UnpackBudget } from './archive.ts';
import { type Finished, fetchFiles } from './fetch-files.ts';
import { MadeNames } from './made-names.ts';
import { type FileToPlace, type PlacedFile, type PlaceFilesOptions, placeFiles } from './output-folder.ts';
import { forgetFile } from './resumable-file.ts';
import { storageError } from './storage-error.ts';
import { openTemporaryFolder } from './temporary-folder.ts';
import {
  type ArchiveToPlace,
  baseOf,
  HERE,
  hashArchive,
  reportArchive,
  type UnpackedArchive,
  unpackArchive,
} from './unpacked-archive.ts';

export type LayerToPlace = FileToPlace | ArchiveToPlace;

export interface PlacedLayer extends Omit<PlacedFile, 'state'> {
  /** For an archive, the folder that its files are in. */
  readonly path: string;
  readonly state: PlacedFile['state'] | 'unpacked';
}

/**
 * {@link placeFiles} for layers of which some are archives: these are downloaded and verified in a hidden folder, then
 * their files are checked together with all others and placed by the same rules. All or none (S5, S6); an archive whose
 * download broke off is gone on with like any file's, what was unpacked of it is not (R24).
 */
export async function placeLayers(
  folder: string,
  layers: readonly LayerToPlace[],
  options: PlaceFilesOptions,
): Promise<readonly PlacedLayer[]> {
  const archives = layers.filter(isArchive);
  const files = layers.filter((layer) => !isArchive(layer));
  if (archives.length === 0) return await placeFiles(folder, files, options);
  options.signal?.throwIfAborted();
  checkLayerTitles(files, archives, options);
  const made = new MadeNames();
  try {
    await made.folders(folder);
    const real = await realpath(folder);
    let placed: ReadonlyMap<string, PlacedFile> = new Map();
    const packed = archives.map((archive) => ({ ...archive, archive, title: nameOf(archive) }));
    await fetchFiles(real, packed, { ...options, onReady: undefined }, async (finished) => {
      const scratch = await openTemporaryFolder(real);
      try {
        const unpacked = await unpackAll(scratch, finished, options);
        placed = await placeAll(folder, files, unpacked, made, options);
      } finally {
        await rm(scratch, { recursive: true, force: true });
      }
    });
    return layers.map((layer) => describeLayer(folder, layer, placed));
  } catch (error) {
    await made.undo();
    throw storageError(`write into ${folder}`, error);
  }
}

/** Whether a layer is to be unpacked. */
export function isArchive(layer: LayerToPlace): layer is ArchiveToPlace {
  return 'unpack' in layer;
}

/** What can be refused before anything is downloaded. Archives may share a folder, so they are looked at one by one. */
function checkLayerTitles(
  files: readonly FileToPlace[],
  archives: readonly ArchiveToPlace[],
  { allowHidden }: PlaceFilesOptions,
): void {
  checkTitles(titlesOf(files), { allowHidden });
  for (const archive of archives) checkTitles([nameOf(archive)], { allowHidden });
}

function titlesOf(files: readonly { readonly title: string }[]): readonly string[] {
  return files.map(({ title }) => title);
}

/** What an archive is called while it is downloaded. */
function nameOf({ title, unpack }: ArchiveToPlace): string {
  return unpack === 'inside' && title === HERE ? 'archive' : title;
}

function describeLayer(
  folder: string,
  layer: LayerToPlace,
  placed: ReadonlyMap<string, PlacedFile>,
): PlacedLayer {
  const { title, descriptor } = layer;
  if (isArchive(layer)) return { title, path: join(folder, baseOf(layer)), state: 'unpacked', descriptor };
  const file = placed.get(title);
  if (file === undefined) throw new OmlmdError('internal', `place ${quote(title)}: it was left out`);
  return file;
}

/** Opens the archives that were downloaded. */
async function unpackAll(
  scratch: string,
  finished: readonly Finished<FileToPlace & { readonly archive: ArchiveToPlace }>[],
  options: PlaceFilesOptions,
): Promise<readonly UnpackedArchive[]> {
  const budget = new UnpackBudget(finished.reduce((sum, { file }) => sum + file.descriptor.size, 0));
  const unpacked: UnpackedArchive[] = [];
  for (const [i, { file, from }] of finished.entries()) {
    const own = { ...options, budget, scratch: join(scratch, `${i}.tar`) };
    unpacked.push(await unpackArchive(file.archive, from, own));
  }
  return unpacked;
}

/** Checks all titles of the pull together, then hashes and places what was in the archives, and the other files. */
async function placeAll(
  folder: string,
  files: readonly FileToPlace[],
  unpacked: readonly UnpackedArchive[],
  made: MadeNames,
  options: PlaceFilesOptions,
): Promise<ReadonlyMap<string, PlacedFile>> {
  const archived = unpacked.flatMap((archive) => archive.files);
  const titles = titlesOf([...files, ...archived]);
  const folders = emptyFolders(
    unpacked.flatMap((archive) => archive.folders),
    titles,
  );
  checkTitles([...titles, ...folders], { allowHidden: options.allowHidden });
  const all = [...files];
  for (const archive of unpacked) all.push(...(await hashArchive(archive, options)));
  // Nothing else has to come: the archives make room for what was in them.
  if (files.length === 0) for (const { tar, path } of unpacked) if (tar.path !== path) await forgetFile(path);
  // Empty folders come first: unlike files, they can be taken back by whoever made them when the rest fails.
  await makeFolders(folder, folders, made);
  const onProgress = onArchiveProgress(unpacked, options);
  const placed = await placeFiles(folder, all, { ...options, onProgress });
  const states = new Map(placed.map((file) => [file.title, file]));
  for (const { title, isExecutable } of archived) {
    const file = states.get(title);
    if (isExecutable && file?.state === 'downloaded') await makeExecutable(file.path);
  }
  return states;
}

/** The folders that no file and no other folder is in; all others come with what is in them. */
function emptyFolders(folders: readonly string[], titles: readonly string[]): readonly string[] {
  const parents = new Set<string>();
  for (const path of [...folders, ...titles])
    for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
      const parent = path.slice(0, slash);
      if (parents.has(parent)) break;
      parents.add(parent);
    }
  return [...new Set(folders)].filter((folder) => !parents.has(folder));
}

async function makeFolders(folder: string, relatives: readonly string[], made: MadeNames): Promise<void> {
  const real = await realpath(folder);
  for (const relative of relatives)
    if (!(await made.foldersBelow(real, relative)))
      throw new OmlmdError(
        'conflict',
        `write into ${escapeControls(folder)}: something else is there under the name ${quote(relative)}`,
      );
}

/** Files of an archive do not come from the network any more: they are shown as its being copied. */
function onArchiveProgress(
  unpacked: readonly UnpackedArchive[],
  options: PlaceFilesOptions,
): OnProgress | undefined {
  const { onProgress } = options;
  if (onProgress === undefined) return undefined;
  const owners = new Map<
    string,
    { readonly archive: ArchiveToPlace; readonly total: number; done: number }
  >();
  for (const { archive, files } of unpacked) {
    const total = files.reduce((sum, { content }) => sum + content.size, 0);
    const owner = { archive, total, done: 0 };
    for (const { title } of files) owners.set(title, owner);
  }
  const bytesOf = new Map<string, number>();
  return (progress) => {
    const owner = owners.get(progress.name);
    if (owner === undefined) return onProgress(progress);
    if (progress.kind !== 'download') return;
    owner.done += progress.bytes - (bytesOf.get(progress.name) ?? 0);
    bytesOf.set(progress.name, progress.bytes);
    reportArchive(options, owner.archive, 'copy', owner.done, owner.total);
  };
}

/** Whoever may read the file may execute it, as far as the umask let them read it. */
async function makeExecutable(path: string): Promise<void> {
  const file = await open(
    path,
    constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0),
  );
  try {
    const { mode } = await file.stat();
    // A file system without permissions refuses, and its files are executable or not as it likes.
    await file.chmod((mode & 0o666) | ((mode & 0o444) >> 2)).catch(() => {});
  } finally {
    await file.close();
  }
}
