import type { CallOptions } from '../oci/content.ts';
import type { Digest } from '../oci/digest.ts';
import type { OnProgress } from '../oci/progress.ts';
import { collectGarbage, type Garbage, listBlobs, verifyLayout } from '../store/layout-upkeep.ts';
import type { Context } from './context.ts';

/** A row of `store verify` (docs/cli.md). */
export interface StoreProblem {
  readonly repository: string;
  readonly digest: Digest;
  readonly problem: string;
}

/** Hashes every blob of the embedded store again and says what is broken, and what it belonged to. */
export async function verifyStore(
  context: Context,
  { onProgress, signal }: CallOptions & { readonly onProgress?: OnProgress | undefined } = {},
): Promise<readonly StoreProblem[]> {
  const problems: StoreProblem[] = [];
  for await (const repository of context.store.repositories()) {
    let bytes = 0;
    const report = (state: 'active' | 'done') =>
      onProgress?.({ id: repository, name: repository, kind: 'verify', bytes, total: null, state });
    const found = await verifyLayout(context.store.path(repository), {
      signal,
      onBlob({ size }) {
        bytes += size;
        report('active');
      },
    });
    report('done');
    problems.push(...found.map((problem) => ({ repository, ...problem })));
  }
  return problems;
}

/** Removes from the embedded store what no manifest needs. Safe beside running pushes. */
export async function collectStoreGarbage(
  context: Context,
  options: CallOptions & { readonly dryRun?: boolean } = {},
): Promise<Garbage> {
  let freed = 0;
  let removed = 0;
  for await (const repository of context.store.repositories()) {
    const garbage = await collectGarbage(context.store.path(repository), options);
    freed += garbage.freed;
    removed += garbage.removed;
  }
  return { freed, removed };
}

/** A row of `store ls` (docs/cli.md). */
export interface StoreEntry {
  readonly repository: string;
  readonly path: string;
  readonly tags: number;
  readonly blobs: number;
  /** Bytes of its blobs. */
  readonly size: number;
  /** Bytes that no other repository of the store shares. */
  readonly own: number;
}

/** The repositories of the embedded store with what they take. */
export async function listStore(context: Context, options: CallOptions = {}): Promise<readonly StoreEntry[]> {
  const entries: StoreEntry[] = [];
  for await (const repository of context.store.repositories()) {
    const path = context.store.path(repository);
    const tags = (await Array.fromAsync(context.store.repository(repository).tags(options))).length;
    const blobs = await Array.fromAsync(listBlobs(path));
    const sum = (of: typeof blobs) => of.reduce((total, { size }) => total + size, 0);
    const own = sum(blobs.filter(({ links }) => links === 1));
    entries.push({ repository, path, tags, blobs: blobs.length, size: sum(blobs), own });
  }
  return entries;
}
