import type { PackFile } from '../formats/format.ts';
import { bytesContent, readAll } from '../oci/content.ts';
import { BlobSlots, type CopyState, SMALL_BLOB_BYTES, settleAll } from '../oci/copy.ts';
import { type Digest, Digester, digestOf } from '../oci/digest.ts';
import { type FileContent, fileContent, lookAtFile } from '../oci/file-content.ts';
import type { OnProgress } from '../oci/progress.ts';
import { canBeNew, type Ingester, type Pusher } from '../oci/target.ts';
import { type DigestCache, isSameFile } from '../store/digest-cache.ts';
import type { CollectedFile } from './collect-files.ts';

export interface HashFilesOptions {
  readonly cache: DigestCache | undefined;
  /** Files whose bytes are in memory, by title; read again if they have changed. */
  readonly kept?: ReadonlyMap<string, FileContent> | undefined;
  /** Where files of unknown digest go while they are hashed; undefined: they are only hashed. */
  readonly target: (Ingester & Pusher) | undefined;
  /** Sizes of blobs that may be there already: a file of such a size is hashed first, so that it is not sent again. */
  readonly likelySizes: () => Promise<ReadonlySet<number>>;
  readonly concurrency?: number | undefined;
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface HashedFiles {
  /** In the order given. */
  readonly files: readonly PackFile[];
  /** What was stored on the way, or found to be there. */
  readonly sent: ReadonlyMap<Digest, CopyState>;
}

/** A file up to this size is hashed before it is sent, bytes: reading it twice costs less than sending it in vain. */
const HASHED_FIRST_BYTES = 4 * 1024 * 1024;

/** Files of one size that the target is asked for before one is sent. */
const MAX_TWINS = 4;

/** So many small files are worth a request that may save one for each. */
const MANY_SMALL = 8;

/** A blob of no known type; only the manifest will say more. */
const BLOB_TYPE = 'application/octet-stream';

/** Finds the digest of each file: remembered, computed, or computed while the file is sent, so that it is read once. */
export async function hashFiles(
  files: readonly CollectedFile[],
  options: HashFilesOptions,
): Promise<HashedFiles> {
  const slots = new BlobSlots(options.concurrency);
  const failed = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, failed.signal]) : failed.signal;
  const manySmall = files.filter(({ size }) => size <= SMALL_BLOB_BYTES).length >= MANY_SMALL;
  const run = new HashRun({ ...options, manySmall, signal });
  const hashed: PackFile[] = [];
  const work = files.map((file, i) =>
    slots
      .run(file, async () => {
        signal.throwIfAborted();
        hashed[i] = await run.file(file);
      })
      .catch((error: unknown) => {
        failed.abort(error);
        throw error;
      }),
  );
  // The first failure is the reason; the others only stopped because of it.
  await settleAll(work).catch(() => Promise.reject(failed.signal.reason));
  return { files: hashed, sent: run.sent };
}

interface HashRunOptions extends HashFilesOptions {
  /** Whether there are {@link MANY_SMALL} small files or more. */
  readonly manySmall: boolean;
}

class HashRun {
  readonly sent = new Map<Digest, CopyState>();
  readonly #options: HashRunOptions;
  /** By size, whether the target may have it. */
  readonly #twins = new Map<number, Promise<boolean>>();
  /** Small blobs on their way: two equal files are sent once. */
  readonly #sending = new Map<Digest, Promise<CopyState>>();
  #newness: Promise<boolean> | undefined;

  constructor(options: HashRunOptions) {
    this.#options = options;
  }

  async file({ path, title, mediaType }: CollectedFile): Promise<PackFile> {
    const { cache, kept } = this.#options;
    const before = await lookAtFile(path);
    const known = await cache?.look(before);
    const memory = kept?.get(title);
    const isKept = memory?.path === path && isSameFile(memory.state, before);
    const content = isKept ? memory : fileContent(path, before);
    const digest = known ?? (await this.#digest(content, title));
    // What was in memory was read between two looks already.
    if (known === undefined && cache !== undefined && (isKept || isSameFile(before, await lookAtFile(path))))
      cache.put(content.state, digest);
    return { title, mediaType, digest, size: content.size, content };
  }

  async #digest(content: FileContent, name: string): Promise<Digest> {
    const { target, likelySizes, onProgress, signal } = this.#options;
    if (target === undefined) return await this.#hash(content, name);
    if (content.size <= SMALL_BLOB_BYTES) return await this.#sendSmall(target, content, name);
    const first = content.size <= HASHED_FIRST_BYTES || (await likelySizes()).has(content.size);
    if (first || (await this.#hasTwin(target, content.size))) return await this.#hash(content, name);
    const digest = await target.ingest(content, { name, onProgress, signal });
    this.sent.set(digest, 'uploaded');
    return digest;
  }

  /** Whether the target has a file of this size that was hashed before: this one may be its copy, or itself, touched. */
  #hasTwin(target: Pusher, size: number): Promise<boolean> {
    const asked = this.#twins.get(size) ?? this.#lookForTwin(target, size);
    this.#twins.set(size, asked);
    return asked;
  }

  async #lookForTwin(target: Pusher, size: number): Promise<boolean> {
    const { cache, signal } = this.#options;
    for (const digest of (await cache?.ofSize(size, MAX_TWINS)) ?? [])
      if (await target.exists({ mediaType: BLOB_TYPE, digest, size }, { signal })) return true;
    return false;
  }

  /** A small file is read into memory once, and sent as soon as it is hashed: beside the large ones, not after them. */
  async #sendSmall(target: Pusher, content: FileContent, name: string): Promise<Digest> {
    const { onProgress, signal } = this.#options;
    const bytes = await readAll(content, SMALL_BLOB_BYTES, { signal });
    const size = bytes.byteLength;
    const digest = digestOf(bytes);
    const send = async (): Promise<CopyState> => {
      const descriptor = { mediaType: BLOB_TYPE, digest, size };
      if (!(await this.#isNew(target)) && (await target.exists(descriptor, { signal }))) return 'exists';
      await target.push(descriptor, bytesContent(bytes, digest), { name, onProgress, signal });
      return 'uploaded';
    };
    const sending = this.#sending.get(digest) ?? send();
    this.#sending.set(digest, sending);
    const state = await sending;
    this.sent.set(digest, state);
    const shown = state === 'uploaded' ? 'done' : state;
    onProgress?.({ id: digest, name, kind: 'upload', bytes: size, total: size, state: shown });
    return digest;
  }

  /** Asked once for all small files, where there are so many that it pays. */
  #isNew(target: Pusher): Promise<boolean> {
    const { manySmall, signal } = this.#options;
    this.#newness ??= manySmall && canBeNew(target) ? target.isNew({ signal }) : Promise.resolve(false);
    return this.#newness;
  }

  async #hash(content: FileContent, name: string): Promise<Digest> {
    const { onProgress, signal } = this.#options;
    const digester = new Digester();
    let bytes = 0;
    const report = (state: 'active' | 'done') =>
      onProgress?.({ id: name, name, kind: 'hash', bytes, total: content.size, state });
    for await (const chunk of content.stream({ signal })) {
      digester.update(chunk);
      bytes += chunk.byteLength;
      report('active');
    }
    report('done');
    return digester.digest();
  }
}
