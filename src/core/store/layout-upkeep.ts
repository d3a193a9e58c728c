import { lstat, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isOmlmdError } from '../errors.ts';
import { type CallOptions, readVerified } from '../oci/content.ts';
import { Slots, settleAll } from '../oci/copy.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { type Digest, isDigest } from '../oci/digest.ts';
import { MAX_MANIFEST_BYTES, parseNode, successorsOf } from '../oci/manifest.ts';
import { isNodeType } from '../oci/media-types.ts';
import { verifyHandle } from './hashed-file.ts';
import { LayoutTarget } from './layout.ts';
import { LayoutBlobs } from './layout-blobs.ts';
import { LayoutFiles } from './layout-files.ts';
import { type ReadNode, reachableFrom } from './layout-graph.ts';
import { findTag, manifestsOf, tagsOf } from './layout-index.ts';

/** A blob younger than this is never collected, milliseconds: it may belong to a push that has not listed it yet (R27). */
export const MIN_GARBAGE_AGE_MS = 60 * 60 * 1000;
/** Blobs that are hashed at once: one a core of a small machine, so that a disk is kept busy. */
const VERIFY_CONCURRENCY = 4;

const ALGORITHMS = ['sha256', 'sha512'] as const;

/** A file among the blobs of a layout. */
export interface StoredBlob {
  readonly digest: Digest;
  readonly path: string;
  readonly size: number;
  /** Names that share its bytes, here and in other repositories of the store. */
  readonly links: number;
  readonly inode: number;
  /** Milliseconds since 1970 of its last change of name or content. */
  readonly changedMs: number;
}

/** The blobs of a layout. What is no regular file with a digest for a name is passed over. */
export async function* listBlobs(layout: string): AsyncGenerator<StoredBlob> {
  for (const algorithm of ALGORITHMS) {
    const folder = join(layout, 'blobs', algorithm);
    for (const name of await readdir(folder).catch(() => [])) {
      const digest = `${algorithm}:${name}`;
      const path = join(folder, name);
      const stat = isDigest(digest) ? await lstat(path).catch(() => undefined) : undefined;
      if (!isDigest(digest) || !stat?.isFile()) continue;
      yield { digest, path, size: stat.size, links: stat.nlink, inode: stat.ino, changedMs: stat.ctimeMs };
    }
  }
}

export interface LayoutProblem {
  readonly digest: Digest;
  /** What is wrong, and with which part of which artifact. */
  readonly problem: string;
}

export interface UpkeepOptions extends CallOptions {
  /** Told of each blob that was looked at. */
  readonly onBlob?: ((blob: StoredBlob) => void) | undefined;
}

/** Hashes every blob of a layout again, and looks for what its manifests need. */
export async function verifyLayout(
  layout: string,
  options: UpkeepOptions = {},
): Promise<readonly LayoutProblem[]> {
  const owners = await findOwners(layout, options);
  const problems: LayoutProblem[] = [];
  const say = (digest: Digest, what: string) => {
    const owner = owners.get(digest)?.owner;
    problems.push({ digest, problem: owner === undefined ? what : `${what}; it belongs to ${owner}` });
  };
  const seen = new Set<Digest>();
  const slots = new Slots(VERIFY_CONCURRENCY);
  const work: Promise<void>[] = [];
  for await (const blob of listBlobs(layout)) {
    seen.add(blob.digest);
    work.push(
      slots.run(async () => {
        const size = owners.get(blob.digest)?.size ?? blob.size;
        const what = await problemOf(blob, size, options);
        if (what !== undefined) say(blob.digest, what);
        options.onBlob?.(blob);
      }),
    );
  }
  await settleAll(work);
  for (const digest of owners.keys()) if (!seen.has(digest)) say(digest, 'it is missing');
  return problems;
}

async function problemOf(
  blob: StoredBlob,
  size: number,
  { signal }: CallOptions,
): Promise<string | undefined> {
  const handle = await open(blob.path, 'r').catch(() => undefined);
  if (handle === undefined) return 'it cannot be read';
  try {
    await verifyHandle(handle, { digest: blob.digest, size }, { signal });
    return undefined;
  } catch (error) {
    if (!isOmlmdError(error)) throw error;
    return error.code === 'size-mismatch'
      ? `it has ${blob.size} bytes, not ${size}`
      : 'its bytes have another digest';
  } finally {
    await handle.close();
  }
}

interface Owned {
  readonly owner: string;
  readonly size: number;
}

/** What each digest is good for: the tag or digest of an artifact that needs it. */
async function findOwners(layout: string, options: CallOptions): Promise<ReadonlyMap<Digest, Owned>> {
  const owners = new Map<Digest, Owned>();
  const read = reader(layout);
  const index = await new LayoutFiles(layout).index();
  const tags = new Map(tagsOf(index).map((tag) => [findTag(index, tag)?.digest, tag]));
  for (const root of manifestsOf(index)) {
    const waiting: Descriptor[] = [root];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      if (owners.has(next.digest)) continue;
      owners.set(next.digest, { owner: tags.get(root.digest) ?? root.digest, size: next.size });
      if (!isNodeType(next.mediaType)) continue;
      // One that cannot be read is told of when its own blob is hashed.
      const node = await read(next, options).catch((error: unknown) => {
        if (!isOmlmdError(error)) throw error;
      });
      if (node) waiting.push(...successorsOf(node));
    }
  }
  return owners;
}

function reader(layout: string): ReadNode {
  const target = new LayoutTarget(layout);
  return async (descriptor, options) => {
    const content = await target.fetch(descriptor, options);
    return parseNode(
      await readVerified(content, descriptor, MAX_MANIFEST_BYTES, options),
      descriptor.mediaType,
    );
  };
}

export interface GarbageOptions extends CallOptions {
  /** Counts, removes nothing. */
  readonly dryRun?: boolean | undefined;
  /** For tests. */
  readonly minAgeMs?: number | undefined;
}

export interface Garbage {
  /** Bytes that the disk has again: what other repositories share stays. */
  readonly freed: number;
  readonly removed: number;
}

/**
 * Removes the blobs that no listed manifest reaches. Under the lock of the index, and nothing young: a push writes its
 * blobs first, and finds under the same lock that all are there before it lists its manifest (R27).
 */
export async function collectGarbage(layout: string, options: GarbageOptions = {}): Promise<Garbage> {
  const { minAgeMs = MIN_GARBAGE_AGE_MS, dryRun = false } = options;
  const files = new LayoutFiles(layout);
  const blobs = new LayoutBlobs(layout);
  let freed = 0;
  let removed = 0;
  await files.edit(async (index) => {
    // What a manifest that cannot be read needs is not known: then nothing is removed.
    const needed = await reachableFrom(manifestsOf(index), reader(layout), 'reject', options);
    for await (const { digest, size, links, changedMs } of listBlobs(layout)) {
      if (needed.has(digest) || Date.now() - changedMs < minAgeMs) continue;
      removed += 1;
      if (links === 1) freed += size;
      if (!dryRun) await blobs.remove(digest);
    }
    return index;
  }, options);
  if (!dryRun) await blobs.sweep();
  return { freed, removed };
}
