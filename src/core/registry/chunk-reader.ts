import { OmlmdError } from '../errors.ts';
import type { CallOptions, Content } from '../oci/content.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { algorithmOf, Digester } from '../oci/digest.ts';

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
  readonly #expected: Descriptor;
  readonly #content: Content;
  readonly #options: CallOptions;
  readonly #digester: Digester;
  #hashed = 0;
  #position = 0;
  #finished = false;
  #stream: AsyncIterator<Uint8Array> | undefined;
  /** What the stream gave beyond the last chunk. */
  #rest: Uint8Array | undefined;

  constructor(expected: Descriptor, content: Content, options: CallOptions) {
    this.#expected = expected;
    this.#content = content;
    this.#options = options;
    this.#digester = new Digester(algorithmOf(expected.digest));
  }

  /** The bytes from `start`, at most `length` of them; the last chunk comes only if the digest is right. */
  async read(start: number, length: number): Promise<Chunk> {
    if (start !== this.#position) await this.#moveTo(start);
    const end = Math.min(start + length, this.#expected.size);
    const parts: Uint8Array[] = [];
    while (this.#position < end) {
      const bytes = await this.#next();
      if (bytes === undefined) throw this.#sizeError(`${this.#position}`);
      const taken = bytes.subarray(0, end - this.#position);
      this.#rest = taken.byteLength < bytes.byteLength ? bytes.subarray(taken.byteLength) : undefined;
      this.#hash(taken);
      this.#position += taken.byteLength;
      parts.push(taken);
    }
    if (end === this.#expected.size) await this.#finish();
    return { start, end, parts };
  }

  async close(): Promise<void> {
    const stream = this.#stream;
    this.#stream = undefined;
    this.#rest = undefined;
    await stream?.return?.();
  }

  async #moveTo(start: number): Promise<void> {
    await this.close();
    this.#position = start;
  }

  async #next(): Promise<Uint8Array | undefined> {
    if (this.#rest !== undefined) return this.#rest;
    // From the start the whole is read, so that the content's own checks at its end run.
    const from = this.#position;
    const source = from === 0 ? this.#content : this.#content.slice(from);
    this.#stream ??= source.stream(this.#options)[Symbol.asyncIterator]();
    for (;;) {
      const { value, done } = await this.#stream.next();
      if (done) return undefined;
      if (value.byteLength > 0) return value;
    }
  }

  #hash(bytes: Uint8Array): void {
    const fresh = bytes.subarray(Math.max(0, this.#hashed - this.#position));
    if (fresh.byteLength === 0) return;
    this.#digester.update(fresh);
    this.#hashed += fresh.byteLength;
  }

  /** The end of the content must be the end of its stream, and the digest the promised one, before a registry sees it. */
  async #finish(): Promise<void> {
    if (this.#rest !== undefined || (await this.#next()) !== undefined) throw this.#sizeError('more');
    if (this.#finished) return;
    this.#finished = true;
    const digest = this.#digester.digest();
    if (digest !== this.#expected.digest)
      throw new OmlmdError('digest-mismatch', `expected ${this.#expected.digest}, got ${digest}`);
  }

  #sizeError(got: string): OmlmdError {
    const { digest, size } = this.#expected;
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
