import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { BACKGROUND_BYTES, BackgroundHash } from '../oci/background-hash.ts';
import type { CallOptions } from '../oci/content.ts';
import { Slots } from '../oci/copy.ts';
import { algorithmOf, type Digest, type DigestAlgorithm, Digester } from '../oci/digest.ts';
import { systemCode } from './storage-error.ts';
import { type StoredBlob, storedFile } from './stored-blobs.ts';

/** Most files that are hashed at once: more only makes a disk seek. */
const MAX_AT_ONCE = 8;
/** Bytes a file is read by. */
const READ_BYTES = 1024 * 1024;

export interface BlobHasherOptions extends CallOptions {
  /** Told of bytes that were read; each file's only once. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/** What became of reading a blob. */
export type HashedBlob =
  | { readonly kind: 'hashed'; readonly digest: Digest }
  | { readonly kind: 'unreadable'; readonly code: string }
  /** Removed since it was listed. */
  | { readonly kind: 'gone' };

/** Hashes files of a store in parallel, and each file once, however many repositories share it. */
export class BlobHasher {
  readonly #options: BlobHasherOptions;
  readonly #slots = new Slots(Math.min(availableParallelism(), MAX_AT_ONCE));
  readonly #known = new Map<string, Promise<HashedBlob>>();

  constructor(options: BlobHasherOptions = {}) {
    this.#options = options;
  }

  hash(blob: StoredBlob): Promise<HashedBlob> {
    const algorithm = algorithmOf(blob.digest);
    const key = `${algorithm} ${blob.identity}`;
    const known = this.#known.get(key) ?? this.#slots.run(() => this.#read(blob, algorithm));
    this.#known.set(key, known);
    return known;
  }

  async #read(blob: StoredBlob, algorithm: DigestAlgorithm): Promise<HashedBlob> {
    const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
    try {
      const file = await open(blob.path, flags);
      try {
        return { kind: 'hashed', digest: await this.#digest(file, blob.size, algorithm) };
      } finally {
        await file.close();
      }
    } catch (error) {
      const code = systemCode(error);
      if (code === undefined) throw error;
      return (await storedFile(blob.path)) === undefined ? { kind: 'gone' } : { kind: 'unreadable', code };
    }
  }

  /** Of the bytes that are there, be they as many as they should or not. */
  async #digest(file: FileHandle, size: number, algorithm: DigestAlgorithm): Promise<Digest> {
    const { signal, onBytes } = this.#options;
    // Another thread reads the same bytes again from the page cache, so that this one is free for the next file.
    const background = size > BACKGROUND_BYTES ? new BackgroundHash(file.fd, algorithm) : undefined;
    const digester = new Digester(algorithm);
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    try {
      let at = 0;
      for (;;) {
        signal?.throwIfAborted();
        const { bytesRead } = await file.read(buffer, 0, READ_BYTES, at);
        if (bytesRead === 0) break;
        at += bytesRead;
        if (background) background.advance(at);
        else digester.update(buffer.subarray(0, bytesRead));
        onBytes?.(bytesRead);
      }
      return await (background?.digest(at) ?? digester.digest());
    } finally {
      await background?.stop();
    }
  }
}
