import { OmlmdError } from '../errors.ts';
import { BACKGROUND_BYTES } from '../oci/background-hash.ts';
import { BlockPool } from '../oci/block-pool.ts';
import type { CallOptions, Content } from '../oci/content.ts';
import { algorithmOf, type Digest } from '../oci/digest.ts';
import { type RunningHash, startRunningHash } from '../oci/running-hash.ts';

/** Content on its way to a registry. */
export interface Incoming {
  /** Bytes. */
  readonly size: number;
  /** Undefined when it is found out on the way. */
  readonly digest?: Digest | undefined;
}

/** Bytes of one request, as they were read: not joined, since the socket takes them as they are. */
export interface Chunk {
  /** First byte in the content, and the one after the last. */
  readonly start: number;
  readonly end: number;
  readonly parts: readonly Uint8Array[];
}

/**
 * Reads content in chunks of chosen size, hashing on the way, so that one pass sends and checks. A step back (the
 * registry lost bytes) reads again without hashing again.
 */
export class ChunkReader {
  readonly #expected: Incoming;
  readonly #content: Content;
  readonly #options: CallOptions;
  readonly #pool = new BlockPool();
  #hash: Promise<RunningHash> | undefined;
  #idle: Promise<unknown> = Promise.resolve();
  #position = 0;
  #stream: AsyncIterator<Uint8Array> | undefined;
  /** What the stream gave beyond the last chunk. */
  #rest: Uint8Array | undefined;

  constructor(expected: Incoming, content: Content, options: CallOptions) {
    this.#expected = expected;
    this.#content = content;
    this.#options = options;
  }

  /** The bytes from `start`, at most `length` of them. One after another: a request that broke off may still be reading. */
  read(start: number, length: number): Promise<Chunk> {
    const reading = this.#idle.then(() => this.#read(start, length));
    this.#idle = reading.catch(() => {});
    return reading;
  }

  async #read(start: number, length: number): Promise<Chunk> {
    const hash = await this.#running();
    if (start !== this.#position) await this.#moveTo(start);
    const end = Math.min(start + length, this.#expected.size);
    const parts: Uint8Array[] = [];
    while (this.#position < end) {
      const bytes = await this.#next();
      if (bytes === undefined) throw this.#sizeError(`${this.#position}`);
      const taken = bytes.subarray(0, end - this.#position);
      this.#rest = taken.byteLength < bytes.byteLength ? bytes.subarray(taken.byteLength) : undefined;
      hash.update(taken, this.#position);
      this.#position += taken.byteLength;
      parts.push(taken);
    }
    if (end === this.#expected.size) await this.#assertEnd();
    return { start, end, parts };
  }

  /** A chunk that the registry has: its memory is used for the next ones. */
  release({ parts }: Chunk): void {
    this.#pool.give(parts);
  }

  /**
   * Goes on at `position`, of a file whose first bytes an earlier process has sent. They count for the digest all the
   * same: those of a large file are hashed in the background, others are read here.
   */
  async skipTo(position: number): Promise<void> {
    if (this.#expected.size > BACKGROUND_BYTES) return;
    for (let at = 0; at < position; ) at = (await this.read(at, position - at)).end;
  }

  /** The digest of all that was read, asked for before the registry is told to keep it; throws `digest-mismatch`. */
  async digest(): Promise<Digest> {
    const digest = await (await this.#running()).digest();
    const expected = this.#expected.digest;
    if (expected !== undefined && digest !== expected)
      throw new OmlmdError('digest-mismatch', `expected ${expected}, got ${digest}`);
    return digest;
  }

  async close(): Promise<void> {
    await this.#idle;
    await this.#stopStream();
    await (await this.#hash)?.stop();
  }

  #running(): Promise<RunningHash> {
    const { digest } = this.#expected;
    this.#hash ??= startRunningHash(this.#content, digest === undefined ? 'sha256' : algorithmOf(digest));
    return this.#hash;
  }

  async #stopStream(): Promise<void> {
    const stream = this.#stream;
    this.#stream = undefined;
    this.#rest = undefined;
    await stream?.return?.();
  }

  async #moveTo(start: number): Promise<void> {
    await this.#stopStream();
    this.#position = start;
  }

  async #next(): Promise<Uint8Array | undefined> {
    if (this.#rest !== undefined) return this.#rest;
    // From the start the whole is read, so that the content's own checks at its end run.
    const from = this.#position;
    const source = from === 0 ? this.#content : this.#content.slice(from);
    this.#stream ??= source.stream({ ...this.#options, allocate: this.#pool.take })[Symbol.asyncIterator]();
    for (;;) {
      const { value, done } = await this.#stream.next();
      if (done) return undefined;
      if (value.byteLength > 0) return value;
    }
  }

  /** The end of the content must be the end of its stream, so that the content's own checks have run. */
  async #assertEnd(): Promise<void> {
    if (this.#rest !== undefined || (await this.#next()) !== undefined) throw this.#sizeError('more');
  }

  #sizeError(got: string): OmlmdError {
    const { digest = 'content', size } = this.#expected;
    return new OmlmdError('size-mismatch', `${digest}: expected ${size} bytes, got ${got}`);
  }
}

/** What is left of a chunk that was sent in vain, if the registry goes on inside it. */
export function cutChunk(chunk: Chunk | undefined, from: number, length: number): Chunk | undefined {
  if (chunk === undefined || from < chunk.start || from >= chunk.end) return undefined;
  const end = Math.min(chunk.end, from + length);
  const parts: Uint8Array[] = [];
  let at = chunk.start;
  for (const part of chunk.parts) {
    const wanted = part.subarray(Math.max(0, from - at), Math.max(0, end - at));
    if (wanted.byteLength > 0) parts.push(wanted);
    at += part.byteLength;
  }
  return { start: from, end, parts };
}
