import { type FileHandle, open } from 'node:fs/promises';
import { BACKGROUND_BYTES, BackgroundHash } from './background-hash.ts';
import type { Content } from './content.ts';
import { type Digest, type DigestAlgorithm, Digester } from './digest.ts';
import { isFileContent } from './file-content.ts';

/** Hashes content that is read for something else. Bytes may come twice (a step back), never with a gap. */
export interface RunningHash {
  /** The bytes at `position` of the content were read. */
  update(bytes: Uint8Array, position: number): void;
  /** The digest of the whole, once all of it was read. */
  digest(): Promise<Digest>;
  stop(): Promise<void>;
}

/** A large file is hashed in another thread, behind its reader; all else where it is read. */
export async function startRunningHash(content: Content, algorithm: DigestAlgorithm): Promise<RunningHash> {
  if (!isFileContent(content) || content.size <= BACKGROUND_BYTES) return new InlineHash(algorithm);
  return new FileHash(await open(content.path, 'r'), content.size, algorithm);
}

class InlineHash implements RunningHash {
  readonly #digester: Digester;
  #hashed = 0;
  #digest: Digest | undefined;

  constructor(algorithm: DigestAlgorithm) {
    this.#digester = new Digester(algorithm);
  }

  update(bytes: Uint8Array, position: number): void {
    const fresh = bytes.subarray(Math.max(0, this.#hashed - position));
    if (fresh.byteLength === 0) return;
    this.#digester.update(fresh);
    this.#hashed += fresh.byteLength;
  }

  async digest(): Promise<Digest> {
    this.#digest ??= this.#digester.digest();
    return this.#digest;
  }

  async stop(): Promise<void> {}
}

class FileHash implements RunningHash {
  readonly #file: FileHandle;
  readonly #size: number;
  readonly #hash: BackgroundHash;
  #read = 0;
  #digest: Promise<Digest> | undefined;

  constructor(file: FileHandle, size: number, algorithm: DigestAlgorithm) {
    this.#file = file;
    this.#size = size;
    this.#hash = new BackgroundHash(file.fd, algorithm);
  }

  update(bytes: Uint8Array, position: number): void {
    this.#read = Math.max(this.#read, position + bytes.byteLength);
    this.#hash.advance(this.#read);
  }

  digest(): Promise<Digest> {
    this.#digest ??= this.#hash.digest(this.#size);
    return this.#digest;
  }

  async stop(): Promise<void> {
    await this.#hash.stop();
    await this.#file.close();
  }
}
