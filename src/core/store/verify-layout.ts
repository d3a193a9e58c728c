import { isOmlmdError } from '../errors.ts';
import { type CallOptions, readVerified } from '../oci/content.ts';
import { settleAll } from '../oci/copy.ts';
import { type Descriptor, isElsewhere } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { MAX_MANIFEST_BYTES, parseNode, successorsOf } from '../oci/manifest.ts';
import { Annotation, isNodeType } from '../oci/media-types.ts';
import { BlobHasher } from './blob-hasher.ts';
import { LayoutTarget } from './layout.ts';
import { LayoutBlobs } from './layout-blobs.ts';
import { LayoutFiles } from './layout-files.ts';
import type { ReadNode } from './layout-graph.ts';
import { findTag, manifestsOf, tagsOf } from './layout-index.ts';
import { listBlobs, type StoredBlob } from './stored-blobs.ts';

export interface LayoutProblem {
  /** Null for the index itself. */
  readonly digest: Digest | null;
  /** What is wrong, and with which part of which artifact. Escaped by whoever shows it. */
  readonly problem: string;
}

/** Hashes every blob of a layout again, and looks for what its manifests need. Others may write to it meanwhile. */
export async function verifyLayout(
  layout: string,
  options: CallOptions = {},
  hasher: BlobHasher = new BlobHasher(options),
): Promise<readonly LayoutProblem[]> {
  const { needs, problems } = await readNeeds(layout, options);
  const say = (digest: Digest, what: string) => {
    const owner = needs.get(digest)?.owner;
    problems.push({ digest, problem: owner === undefined ? what : `${what}; it belongs to ${owner}` });
  };
  const blobs = await Array.fromAsync(listBlobs(layout));
  await settleAll(
    blobs.map(async (blob) => {
      const what = await problemOf(blob, needs.get(blob.digest)?.size ?? blob.size, hasher);
      if (what !== undefined) say(blob.digest, what);
    }),
  );
  for (const digest of await findMissing(layout, needs, options)) say(digest, 'it is missing');
  return problems;
}

async function problemOf(blob: StoredBlob, size: number, hasher: BlobHasher): Promise<string | undefined> {
  const hashed = await hasher.hash(blob);
  if (hashed.kind === 'gone') return undefined;
  if (hashed.kind === 'unreadable') return `it cannot be read (${hashed.code})`;
  if (blob.size !== size) return `it has ${blob.size} bytes, not ${size}`;
  return hashed.digest === blob.digest ? undefined : 'its bytes have another digest';
}

/** What is not there, and still needed when it is looked for: an artifact may have been removed since. */
async function findMissing(
  layout: string,
  needs: ReadonlyMap<Digest, Need>,
  options: CallOptions,
): Promise<readonly Digest[]> {
  const blobs = new LayoutBlobs(layout);
  const missing: Digest[] = [];
  for (const [digest, { elsewhere }] of needs)
    if (!elsewhere && (await blobs.size(digest)) === undefined) missing.push(digest);
  if (missing.length === 0) return [];
  const now = (await readNeeds(layout, options)).needs;
  return missing.filter((digest) => now.has(digest));
}

interface Need {
  /** `v1`, or `model.onnx of v1`. */
  readonly owner: string;
  readonly size: number;
  /** It may be missing. */
  readonly elsewhere: boolean;
}

interface Needs {
  readonly needs: ReadonlyMap<Digest, Need>;
  /** Of what could not be followed. */
  readonly problems: LayoutProblem[];
}

/** What each digest is good for: the first artifact that needs it. */
async function readNeeds(layout: string, options: CallOptions): Promise<Needs> {
  const needs = new Map<Digest, Need>();
  const problems: LayoutProblem[] = [];
  try {
    const read = nodeReader(layout);
    const index = await new LayoutFiles(layout).index();
    const tags = new Map(tagsOf(index).map((tag) => [findTag(index, tag)?.digest, tag]));
    for (const root of manifestsOf(index)) {
      const name = tags.get(root.digest) ?? root.digest;
      for await (const problem of follow(root, name, needs, read, options)) problems.push(problem);
    }
  } catch (error) {
    if (!isOmlmdError(error)) throw error;
    problems.push({ digest: null, problem: error.message });
  }
  return { needs, problems };
}

/** Adds what is reached from one root, and yields what is whole but no manifest. */
async function* follow(
  root: Descriptor,
  name: string,
  needs: Map<Digest, Need>,
  read: ReadNode,
  options: CallOptions,
): AsyncGenerator<LayoutProblem> {
  const waiting: Descriptor[] = [root];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { digest, size, mediaType, annotations } = next;
    const elsewhere = isElsewhere(next);
    // What one artifact may do without, another may need.
    if (needs.has(digest) && (elsewhere || needs.get(digest)?.elsewhere === false)) continue;
    const title = annotations?.[Annotation.title];
    needs.set(digest, { owner: title === undefined ? name : `${title} of ${name}`, size, elsewhere });
    if (!isNodeType(mediaType)) continue;
    try {
      waiting.push(...successorsOf(await read(next, options)));
    } catch (error) {
      if (!isOmlmdError(error)) throw error;
      // All else is found when its bytes are hashed.
      if (error.code === 'manifest-invalid' || error.code === 'limit-exceeded')
        yield { digest, problem: `${error.message}; it belongs to ${name}` };
    }
  }
}

/** Reads the manifests of a layout, verified. */
export function nodeReader(layout: string): ReadNode {
  const target = new LayoutTarget(layout);
  return async (descriptor, options) => {
    const content = await target.fetch(descriptor, options);
    const bytes = await readVerified(content, descriptor, MAX_MANIFEST_BYTES, options);
    return parseNode(bytes, descriptor.mediaType);
  };
}
