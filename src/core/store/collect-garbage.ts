import { readdir, rename, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isOmlmdError, type OmlmdError } from '../errors.ts';
import type { CallOptions } from '../oci/content.ts';
import type { Digest } from '../oci/digest.ts';
import { TEMPORARY_PREFIX } from '../oci/title.ts';
import { temporaryName } from './durable-file.ts';
import { LayoutFiles } from './layout-files.ts';
import { reachableFrom } from './layout-graph.ts';
import { manifestsOf } from './layout-index.ts';
import { storageError, systemCode } from './storage-error.ts';
import { listBlobs, type StoredFile, storedFile } from './stored-blobs.ts';
import { findOldFolders } from './temporary-folder.ts';
import { nodeReader } from './verify-layout.ts';

/**
 * A blob younger than this is never collected, milliseconds: it may belong to a push that has not listed it yet, which
 * touches it now and then while it goes on (R27).
 */
const MIN_BLOB_AGE_MS = 60 * 60 * 1000;
/** Age of a file that a killed process left unfinished, milliseconds; no write stands still for so long. */
const MIN_TEMPORARY_AGE_MS = 24 * 60 * 60 * 1000;

export interface GarbageOptions extends CallOptions {
  /** Counts, removes nothing. */
  readonly dryRun?: boolean | undefined;
  /** For tests, milliseconds. */
  readonly minAgeMs?: number | undefined;
  /** Told of a layout in which nothing was removed, as what it needs is not known. Default: that is an error. */
  readonly onSkipped?: ((layout: string, reason: OmlmdError) => void) | undefined;
}

export interface Garbage {
  /** Bytes that the disk has again: what other repositories share stays. */
  readonly freed: number;
  /** Files: blobs, and what killed processes left. */
  readonly removed: number;
}

/** A file that may go; one with a digest only if nothing needs it. */
interface Candidate extends StoredFile {
  readonly digest?: Digest;
}

/**
 * Removes the blobs that no listed manifest reaches. Under the lock of the index, and nothing young: a push writes its
 * blobs first or makes them young, keeps them so, and finds under the same lock that all are there before it lists its manifest (R27).
 *
 * @param layouts those of one store together, as they share files
 */
export async function collectGarbage(
  layouts: readonly string[],
  options: GarbageOptions = {},
): Promise<Garbage> {
  const { minAgeMs = MIN_BLOB_AGE_MS } = options;
  const now = Date.now();
  // Ages are read before anything is removed: with one name of a file, the times of its others change.
  const old = new Map<string, readonly Candidate[]>();
  for (const layout of layouts) old.set(layout, await findOld(layout, now, minAgeMs));
  const tally = new Tally();
  for (const [layout, candidates] of old) {
    if (candidates.length === 0) continue;
    await collectIn(layout, candidates, tally, options).catch((error: unknown) => {
      if (options.onSkipped === undefined || !isOmlmdError(error)) throw error;
      options.onSkipped(layout, error);
    });
  }
  return tally.garbage();
}

async function findOld(layout: string, now: number, minBlobAgeMs: number): Promise<readonly Candidate[]> {
  const found: Candidate[] = [];
  for await (const blob of listBlobs(layout)) if (now - blob.touchedMs >= minBlobAgeMs) found.push(blob);
  for (const folder of [layout, join(layout, 'blobs')])
    for await (const file of filesIn(folder, TEMPORARY_PREFIX))
      if (now - file.touchedMs >= MIN_TEMPORARY_AGE_MS) found.push(file);
  for (const folder of await findOldFolders(join(layout, 'blobs')))
    for await (const file of filesIn(folder)) found.push(file);
  return found;
}

async function* filesIn(folder: string, prefix = ''): AsyncGenerator<StoredFile> {
  for (const name of await readdir(folder).catch(() => [])) {
    const file = name.startsWith(prefix) ? await storedFile(join(folder, name)) : undefined;
    if (file !== undefined) yield file;
  }
}

async function collectIn(
  layout: string,
  candidates: readonly Candidate[],
  tally: Tally,
  options: GarbageOptions,
): Promise<void> {
  const collect = async (index: Parameters<typeof manifestsOf>[0]) => {
    const folders = options.dryRun ? [] : await findOldFolders(join(layout, 'blobs'));
    // What a manifest that cannot be read needs is not known: then nothing is removed.
    const needed = await reachableFrom(manifestsOf(index), nodeReader(layout), 'reject', options);
    for (const candidate of candidates) {
      options.signal?.throwIfAborted();
      if (candidate.digest !== undefined && needed.has(candidate.digest)) continue;
      if (await (options.dryRun ? isStill(candidate.path, candidate) : remove(candidate, layout)))
        tally.add(candidate);
    }
    // They are empty now, or others have come back for what is in them.
    for (const folder of folders) await rmdir(folder).catch(() => {});
  };
  // Where there is no index, what is needed is not known either: `collect` is then not called.
  await new LayoutFiles(layout).edit((index) => index, options, collect);
}

/** Whether a file is as it was: not written anew, and not made young by a push that found it. */
async function isStill(path: string, before: StoredFile): Promise<boolean> {
  const file = await storedFile(path);
  return file?.identity === before.identity && file.modifiedMs === before.modifiedMs;
}

/**
 * Takes the name away first and looks then: a push that makes the file young has done so by now, and gets it back
 * before it has the lock, or does not find it any more and writes it.
 */
async function remove(candidate: StoredFile, layout: string): Promise<boolean> {
  const aside = temporaryName(join(layout, 'blobs'));
  try {
    await rename(candidate.path, aside);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw storageError(`remove ${candidate.path}`, error);
  }
  const unwanted = await isStill(aside, candidate);
  if (unwanted) await rm(aside, { force: true });
  else await rename(aside, candidate.path);
  return unwanted;
}

/** Counts a file's bytes when the last of its names goes. */
class Tally {
  #freed = 0;
  #removed = 0;
  readonly #names = new Map<string, number>();

  add({ identity, links, size }: StoredFile): void {
    const names = (this.#names.get(identity) ?? 0) + 1;
    this.#names.set(identity, names);
    this.#removed += 1;
    if (names >= links) this.#freed += size;
  }

  garbage(): Garbage {
    return { freed: this.#freed, removed: this.#removed };
  }
}
