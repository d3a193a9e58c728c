import { type FileHandle, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { algorithmOf, type Digest, Digester } from '../oci/digest.ts';
import { openFileContent } from '../oci/file-content.ts';
import { NEW_FILE } from '../store/durable-file.ts';
import { assertSpace, storageError } from '../store/storage-error.ts';
import { claimedLength, type RegistryCall } from './registry-call.ts';

/** Blobs are never written again; as all blobs of the store. */
const BLOB_MODE = 0o444;
/** Nobody else reads what is not verified yet. */
const UNFINISHED_MODE = 0o600;
/** From this size on the free space is asked for before a byte is taken, bytes. */
const LARGE_BYTES = 1024 * 1024;
/** Bytes that are gathered for one write: a trip to the thread pool for each piece of a socket costs more than the write. */
const WRITE_BYTES = 512 * 1024;

/**
 * A blob on its way into the store: a file that only grows, hashed while it is written. Every byte that arrived before
 * a connection broke is kept, and is what the client goes on from.
 */
export class UploadSession {
  readonly id: string;
  readonly repository: string;
  readonly file: string;
  readonly #digester = new Digester('sha256');
  #size = 0;
  #digest: Digest | undefined;
  #turn: Promise<void> = Promise.resolve();
  /** Ends the request that waits for bytes. */
  #hangUp: (() => void) | undefined;
  #over = false;
  /** When its last request ended, on the monotonic clock; undefined while one is at it. */
  #usedAt: number | undefined = performance.now();

  private constructor(id: string, repository: string, file: string) {
    this.id = id;
    this.repository = repository;
    this.file = file;
  }

  static async create(id: string, repository: string, file: string): Promise<UploadSession> {
    const handle = await open(file, NEW_FILE, UNFINISHED_MODE).catch((error: unknown) => {
      throw storageError(`write ${file}`, error);
    });
    await handle.close();
    return new UploadSession(id, repository, file);
  }

  /** Bytes that arrived. */
  get size(): number {
    return this.#size;
  }

  /** Nothing more is taken: it is stored, was canceled, or its file could not be written. */
  get isOver(): boolean {
    return this.#over;
  }

  /** Milliseconds since its last request ended; none while one is at it. */
  get idleMs(): number {
    return this.#usedAt === undefined ? 0 : performance.now() - this.#usedAt;
  }

  /**
   * Does one request's work when no other one is at it; undefined when the session is over by then. A request that
   * still waits for bytes is ended first: a client that comes again has given the old connection up, whether this side
   * has noticed or not.
   */
  async exclusively<T>(work: () => Promise<T>): Promise<T | undefined> {
    this.#hangUp?.();
    const before = this.#turn;
    let done = () => {};
    this.#turn = new Promise((resolve) => {
      done = resolve;
    });
    await before;
    this.#usedAt = undefined;
    try {
      return this.#over ? undefined : await work();
    } finally {
      this.#usedAt = performance.now();
      done();
    }
  }

  /** Takes the body of a request as the next bytes. */
  async append(call: RegistryCall): Promise<void> {
    const claimed = claimedLength(call) ?? 0;
    if (claimed >= LARGE_BYTES) await assertSpace(dirname(this.file), claimed, 'store an upload');
    const handle = await open(this.file, 'r+').catch((error: unknown) => {
      throw storageError(`write ${this.file}`, error);
    });
    this.#hangUp = call.hangUp;
    try {
      await this.#appendTo(handle, call.body);
    } finally {
      this.#hangUp = undefined;
      await handle.close();
    }
  }

  /** Whether the bytes are those of the digest. */
  async verify(digest: Digest): Promise<boolean> {
    if (algorithmOf(digest) === 'sha256') {
      this.#digest ??= this.#digester.digest();
      return this.#digest === digest;
    }
    // Which algorithm it is, is only said when all bytes are here.
    const digester = new Digester(algorithmOf(digest));
    const content = await openFileContent(this.file);
    for await (const chunk of content.stream()) digester.update(chunk);
    return content.size === this.#size && digester.digest() === digest;
  }

  /** Makes the file last, and nobody's to change, before it gets its name among the blobs. */
  async seal(): Promise<void> {
    const handle = await open(this.file, 'r+');
    try {
      await handle.chmod(BLOB_MODE & ~process.umask());
      await handle.sync();
    } catch (error) {
      throw storageError(`write ${this.file}`, error);
    } finally {
      await handle.close();
    }
  }

  /** Ends the session and removes its file, if it is still there. */
  async discard(): Promise<void> {
    this.#over = true;
    this.#hangUp?.();
    await rm(this.file, { force: true });
  }

  async #appendTo(handle: FileHandle, body: AsyncIterable<Uint8Array>): Promise<void> {
    let gathered: Uint8Array[] = [];
    let bytes = 0;
    const flush = async () => {
      const parts = gathered;
      gathered = [];
      bytes = 0;
      if (parts.length > 0) await this.#write(handle, Buffer.concat(parts));
    };
    try {
      for await (const chunk of body) {
        gathered.push(chunk);
        bytes += chunk.byteLength;
        if (bytes >= WRITE_BYTES) await flush();
      }
    } finally {
      // Also what came before the connection broke.
      await flush();
    }
  }

  async #write(handle: FileHandle, bytes: Uint8Array): Promise<void> {
    try {
      const written = this.#writeAll(handle, bytes);
      this.#digester.update(bytes);
      await written;
      this.#size += bytes.byteLength;
    } catch (error) {
      // The file and the hash may differ now.
      this.#over = true;
      throw storageError(`write ${this.file}`, error);
    }
  }

  async #writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.byteLength; ) {
      const { bytesWritten } = await handle.write(bytes, done, bytes.byteLength - done, this.#size + done);
      done += bytesWritten;
    }
  }
}
