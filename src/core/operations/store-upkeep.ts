import { readdir } from 'node:fs/promises';
import { relative } from 'node:path';
import { isOmlmdError, quote } from '../errors.ts';
import type { CallOptions } from '../oci/content.ts';
import { Slots } from '../oci/copy.ts';
import type { OnProgress } from '../oci/progress.ts';
import type { Tagger } from '../oci/target.ts';
import { BlobHasher } from '../store/blob-hasher.ts';
import { collectGarbage, type Garbage } from '../store/collect-garbage.ts';
import { storageError, systemCode } from '../store/storage-error.ts';
import { listBlobs } from '../store/stored-blobs.ts';
import { type LayoutProblem, verifyLayout } from '../store/verify-layout.ts';
import type { Context } from './context.ts';

/** Repositories that are looked at at once; their blobs are hashed by as many threads as there are cores. */
const REPOSITORIES_AT_ONCE = 4;

/** A row of `store verify` (docs/cli.md). */
export interface StoreProblem extends LayoutProblem {
  readonly repository: string;
}

/** Hashes every blob of the embedded store again and says what is broken, and what it belonged to. */
export async function verifyStore(
  context: Context,
  { onProgress, signal }: CallOptions & { readonly onProgress?: OnProgress | undefined } = {},
): Promise<readonly StoreProblem[]> {
  const { repositories, size: total } = await listStore(context, { signal });
  let bytes = 0;
  const report = (state: 'active' | 'done') =>
    onProgress?.({ id: 'store', name: 'local store', kind: 'verify', bytes, total, state });
  const hasher = new BlobHasher({
    signal,
    onBytes(count) {
      // What was pushed since the start is hashed as well.
      bytes = Math.min(bytes + count, total);
      report('active');
    },
  });
  const slots = new Slots(REPOSITORIES_AT_ONCE);
  const problems = await Promise.all(
    repositories.map(({ repository, path }) =>
      slots.run(async () => {
        const found = await verifyLayout(path, { signal }, hasher);
        return found.map((problem) => ({ repository, ...problem }));
      }),
    ),
  );
  report('done');
  return problems.flat();
}

/** Removes from the embedded store what no manifest needs. Safe beside running pushes. */
export async function collectStoreGarbage(
  { store, log }: Context,
  options: CallOptions & { readonly dryRun?: boolean } = {},
): Promise<Garbage> {
  return collectGarbage(await findLayouts(store.root), {
    ...options,
    onSkipped: (layout, reason) =>
      log.warn(`gc: nothing was removed from ${quote(relative(store.root, layout))}: ${reason.message}`),
  });
}

/** The folders of all layouts, also of those without an artifact: a push that was killed may have left its blobs. */
async function findLayouts(root: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(root, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile() && entry.name === 'oci-layout')
      .map(({ parentPath }) => parentPath);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw storageError(`read ${root}`, error);
  }
}

/** A row of `store ls` (docs/cli.md). */
export interface StoreEntry {
  readonly repository: string;
  readonly path: string;
  /** Null where the index cannot be read; `store verify` says why. */
  readonly tags: number | null;
  readonly blobs: number;
  /** Bytes of its blobs. */
  readonly size: number;
  /** Bytes that no other repository of the store shares. */
  readonly own: number;
}

export interface StoreListing {
  readonly repositories: readonly StoreEntry[];
  /** Bytes of all blobs; those that several repositories share count once. */
  readonly size: number;
}

/** The repositories of the embedded store with what they take. */
export async function listStore({ store }: Context, { signal }: CallOptions = {}): Promise<StoreListing> {
  const repositories: StoreEntry[] = [];
  const sizes = new Map<string, number>();
  for await (const repository of store.repositories()) {
    signal?.throwIfAborted();
    const path = store.path(repository);
    const blobs = await Array.fromAsync(listBlobs(path));
    for (const { identity, size } of blobs) sizes.set(identity, size);
    const sum = (of: typeof blobs) => of.reduce((total, { size }) => total + size, 0);
    const own = sum(blobs.filter(({ links }) => links === 1));
    const tags = await countTags(store.repository(repository), signal);
    repositories.push({ repository, path, tags, blobs: blobs.length, size: sum(blobs), own });
  }
  return { repositories, size: [...sizes.values()].reduce((total, size) => total + size, 0) };
}

async function countTags(repository: Tagger, signal: AbortSignal | undefined): Promise<number | null> {
  try {
    return (await Array.fromAsync(repository.tags({ signal }))).length;
  } catch (error) {
    if (!isOmlmdError(error)) throw error;
    return null;
  }
}
