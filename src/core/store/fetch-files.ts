import { join } from 'node:path';
import { isCorrupt, OmlmdError, quote } from '../errors.ts';
import { type CallOptions, type Content, isBytesContent } from '../oci/content.ts';
import { BlobSlots, settleAll } from '../oci/copy.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { openFileContent } from '../oci/file-content.ts';
import type { OnProgress } from '../oci/progress.ts';
import { hiddenName, writeResumable } from './resumable-file.ts';
import { inResumableFolder } from './resumable-folder.ts';
import { assertSpace } from './storage-error.ts';
import { removeAbandoned } from './temporary-folder.ts';

/** A file that is to be in the folder. */
export interface FileToPlace {
  /** Foreign text; becomes the path in the folder if it is safe. */
  readonly title: string;
  readonly descriptor: Descriptor;
  /** Gives the content; asked once more when what it gave was corrupt (R12). */
  readonly open: (options: CallOptions) => Promise<Content>;
}

export interface FetchFilesOptions extends CallOptions {
  readonly concurrency?: number | undefined;
  readonly onProgress?: OnProgress | undefined;
  /** Told of each file that is whole and verified, before any file gets its name. */
  readonly onReady?: ((title: string, content: Content) => Promise<void>) | undefined;
}

/** A file that was downloaded and verified, and where it is. */
export interface Finished<T extends FileToPlace> {
  readonly file: T;
  readonly from: string;
}

/**
 * Downloads files into a hidden folder in `folder` (which has no links in its path), verifies them, and hands them to
 * `use`. Then the hidden folder goes, and so do those of earlier calls. It stays only after a failure that may be better
 * another time (the network, a cancellation): the next call that wants the same content goes on with it (R24).
 */
export async function fetchFiles<T extends FileToPlace>(
  folder: string,
  wanted: readonly T[],
  options: FetchFilesOptions,
  use: (finished: readonly Finished<T>[]) => Promise<void>,
): Promise<void> {
  const downloads = hiddenNames(wanted);
  await inResumableFolder(folder, [...downloads.values()], options, async (temporary, isAdopted) => {
    // What was adopted counts where it is gone on with, file by file.
    if (!isAdopted) await assertSpace(folder, sizeOf(wanted), `write into ${folder}`);
    const finished = await fetchAll(temporary, downloads, options);
    options.signal?.throwIfAborted();
    await use(finished);
  });
  await removeAbandoned(folder);
}

function sizeOf(files: readonly FileToPlace[]): number {
  return files.reduce((sum, { descriptor }) => sum + descriptor.size, 0);
}

/**
 * What the files are called in the hidden folder: by their digests, so that a later call knows what they were to be.
 * Content that is wanted twice is two files.
 */
function hiddenNames<T extends FileToPlace>(wanted: readonly T[]): ReadonlyMap<T, string> {
  const names = new Map<T, string>();
  const taken = new Map<string, number>();
  for (const file of wanted) {
    const name = hiddenName(file.descriptor.digest);
    const before = taken.get(name) ?? 0;
    taken.set(name, before + 1);
    names.set(file, before === 0 ? name : `${name}-${before}`);
  }
  return names;
}

async function fetchAll<T extends FileToPlace>(
  temporary: string,
  downloads: ReadonlyMap<T, string>,
  options: FetchFilesOptions,
): Promise<readonly Finished<T>[]> {
  // Those that wait for their turn count in the whole, too; a single one tells of itself.
  if (downloads.size > 1) for (const file of downloads.keys()) reportFile(options, file, 0, 'active');
  const slots = new BlobSlots(options.concurrency);
  const failed = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, failed.signal]) : failed.signal;
  const finished = [...downloads].map(([file, name]) => ({ file, from: join(temporary, name) }));
  const work = finished.map(({ file, from }) =>
    slots
      .run(file.descriptor, () => fetchOne(from, file, { ...options, signal }))
      .catch((error: unknown) => {
        failed.abort(error);
        throw error;
      }),
  );
  // The first failure is the reason; the others only stopped because of it.
  await settleAll(work).catch(() => Promise.reject(failed.signal.reason));
  return finished;
}

async function fetchOne(path: string, file: FileToPlace, options: FetchFilesOptions): Promise<void> {
  const write = (content: Content) =>
    writeResumable(path, content, file.descriptor, {
      signal: options.signal,
      onBytes: (bytes) => reportFile(options, file, bytes, 'active'),
    });
  const open = () => file.open({ signal: options.signal });
  options.signal?.throwIfAborted();
  try {
    // A place that reads small content at once has asked once more itself; only what is read here is asked for again.
    let content = await open();
    await write(content).catch(async (error: unknown) => {
      if (isCorrupt(error)) {
        content = await open();
        return await write(content);
      }
      throw error;
    });
    // What is in memory need not be read back.
    await options.onReady?.(file.title, isBytesContent(content) ? content : await openFileContent(path));
  } catch (error) {
    if (!isCorrupt(error)) throw error;
    throw new OmlmdError(error.code, `download ${quote(file.title)}: ${error.message}`, { cause: error });
  }
  reportFile(options, file, file.descriptor.size, 'done');
}

/** Says how far a file is. */
export function reportFile(
  { onProgress }: FetchFilesOptions,
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
