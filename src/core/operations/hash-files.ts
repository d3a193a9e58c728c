import type { PackFile } from '../formats/format.ts';
import { type FileContent, openFileContent } from '../oci/content.ts';
import { DEFAULT_CONCURRENCY, Slots, settleAll } from '../oci/copy.ts';
import { type Digest, Digester } from '../oci/digest.ts';
import type { OnProgress } from '../oci/progress.ts';
import type { Ingester } from '../oci/target.ts';
import type { DigestCache } from '../store/digest-cache.ts';
import type { CollectedFile } from './collect-files.ts';

export interface HashFilesOptions {
  readonly cache: DigestCache | undefined;
  /** Where files of unknown digest go while they are hashed; undefined: they are only hashed. */
  readonly ingester: Ingester | undefined;
  /** Sizes of blobs that may be there already: a file of such a size is hashed first, so that it is not sent again. */
  readonly likelySizes: () => Promise<ReadonlySet<number>>;
  readonly concurrency?: number | undefined;
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface HashedFiles {
  /** In the order given. */
  readonly files: readonly PackFile[];
  /** What was stored on the way. */
  readonly ingested: ReadonlySet<Digest>;
}

/** A file up to this size is hashed before it is sent, bytes: reading it twice costs less than sending it in vain. */
const SMALL_BYTES = 4 * 1024 * 1024;

/** Finds the digest of each file: remembered, computed, or computed while the file is sent, so that it is read once. */
export async function hashFiles(
  files: readonly CollectedFile[],
  options: HashFilesOptions,
): Promise<HashedFiles> {
  const slots = new Slots(options.concurrency ?? DEFAULT_CONCURRENCY);
  const failed = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, failed.signal]) : failed.signal;
  const ingested = new Set<Digest>();
  const hashed: PackFile[] = [];
  const work = files.map((file, i) =>
    slots
      .run(async () => {
        signal.throwIfAborted();
        hashed[i] = await hashFile(file, { ...options, signal }, ingested);
      })
      .catch((error: unknown) => {
        failed.abort(error);
        throw error;
      }),
  );
  // The first failure is the reason; the others only stopped because of it.
  await settleAll(work).catch(() => Promise.reject(failed.signal.reason));
  return { files: hashed, ingested };
}

async function hashFile(
  { path, title, mediaType }: CollectedFile,
  options: HashFilesOptions,
  ingested: Set<Digest>,
): Promise<PackFile> {
  const content = await openFileContent(path);
  const known = await options.cache?.get(path);
  const packed = (digest: Digest): PackFile => ({ title, mediaType, digest, size: content.size, content });
  if (known !== undefined) return packed(known);
  const before = await options.cache?.mark(path);
  const ingester = await chooseIngester(content, options);
  const digest = ingester
    ? await ingester.ingest(content, { name: title, onProgress: options.onProgress, signal: options.signal })
    : await hash(content, title, options);
  if (ingester) ingested.add(digest);
  if (before !== undefined) await options.cache?.put(path, before, digest);
  return packed(digest);
}

async function chooseIngester(
  content: FileContent,
  options: HashFilesOptions,
): Promise<Ingester | undefined> {
  if (options.ingester === undefined || content.size <= SMALL_BYTES) return undefined;
  return (await options.likelySizes()).has(content.size) ? undefined : options.ingester;
}

async function hash(content: FileContent, name: string, options: HashFilesOptions): Promise<Digest> {
  const digester = new Digester();
  let bytes = 0;
  const report = (state: 'active' | 'done') =>
    options.onProgress?.({ id: name, name, kind: 'hash', bytes, total: content.size, state });
  for await (const chunk of content.stream({ signal: options.signal })) {
    digester.update(chunk);
    bytes += chunk.byteLength;
    report('active');
  }
  report('done');
  return digester.digest();
}
