import { OmlmdError } from '../errors.ts';
import { algorithmOf, type Digest, Digester } from './digest.ts';

/** What every call that waits accepts. */
export interface CallOptions {
  /** Aborts the call; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of {@link Content.stream}. */
export interface StreamOptions extends CallOptions {
  /**
   * Gives the memory of at least so many bytes that a chunk is read into; whoever passes this decides when it is used
   * again. Files ask for it; other content may have memory of its own.
   */
  readonly allocate?: ((bytes: number) => Uint8Array) | undefined;
}

/**
 * Bytes of known size that can be read again, and in part. A stream could not be retried or resumed, a buffer could
 * not hold a model. Chunks of {@link stream} are 64 KiB to 1 MiB and are the reader's to keep.
 *
 * What is read through a slice is unverified: a digest covers the whole.
 */
export interface Content {
  /** Bytes. */
  readonly size: number;
  /** The bytes from `start` (default 0) to before `end` (default `size`); both are clamped to the content. */
  slice(start?: number, end?: number): Content;
  stream(options?: StreamOptions): AsyncIterable<Uint8Array>;
  /** Every range of it is a request that takes its time to be answered: few large ones are better than many small ones. */
  readonly isRemote?: boolean | undefined;
  /** The stream of the whole rejects unless its bytes have this digest, so whoever stores them need not hash again. */
  readonly verifies?: Digest | undefined;
}

/** A piece of content, and where in the content it begins. */
export interface Piece {
  readonly position: number;
  readonly bytes: Uint8Array;
}

/** Content that comes faster over several connections, in pieces of any order. Every byte comes once; unverified. */
export interface PiecewiseContent extends Content {
  /** @param from bytes before it are there already */
  pieces(from: number, options?: StreamOptions): AsyncIterable<Piece>;
}

export function isPiecewise(content: Content): content is PiecewiseContent {
  return 'pieces' in content && typeof content.pieces === 'function';
}

/** Largest chunk of a stream, bytes. */
const MAX_CHUNK_BYTES = 1024 * 1024;

/** A position within content of `size` bytes. */
export function clamp(value: number, size: number): number {
  return Math.min(Math.max(value, 0), size);
}

/** Content that is here already. */
export interface BytesContent extends Content {
  readonly bytes: Uint8Array;
}

export function isBytesContent(content: Content): content is BytesContent {
  return 'bytes' in content;
}

/** @param verifies the digest, where whoever made the bytes has checked it */
export function bytesContent(bytes: Uint8Array, verifies?: Digest): BytesContent {
  return {
    bytes,
    verifies,
    size: bytes.byteLength,
    slice: (start = 0, end = bytes.byteLength) => {
      const first = clamp(start, bytes.byteLength);
      return bytesContent(bytes.subarray(first, Math.max(first, end)));
    },
    async *stream(options) {
      for (let at = 0; at < bytes.byteLength; at += MAX_CHUNK_BYTES) {
        options?.signal?.throwIfAborted();
        yield bytes.subarray(at, at + MAX_CHUNK_BYTES);
      }
      options?.signal?.throwIfAborted();
    },
  };
}

export function textContent(text: string): Content {
  return bytesContent(new TextEncoder().encode(text));
}

/** Reads small content whole; more than `limit` bytes is `limit-exceeded`, counted, not believed. */
export async function readAll(content: Content, limit: number, options?: CallOptions): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  for await (const chunk of content.stream(options)) {
    total += chunk.byteLength;
    if (total > limit) throw new OmlmdError('limit-exceeded', `content is larger than ${limit} bytes`);
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, total);
}

/** The chunks of `content`, ending in `size-mismatch` if they are not as many bytes; never more of them (S11). */
export async function* sizedStream(
  content: Pick<Content, 'stream'>,
  expected: { readonly digest?: Digest; readonly size: number },
  options?: StreamOptions,
): AsyncGenerator<Uint8Array> {
  let total = 0;
  for await (const chunk of content.stream(options)) {
    total += chunk.byteLength;
    if (total > expected.size) break;
    yield chunk;
  }
  if (total === expected.size) return;
  const got = total > expected.size ? 'more' : `${total}`;
  const what = expected.digest ?? 'content';
  throw new OmlmdError('size-mismatch', `${what}: expected ${expected.size} bytes, got ${got}`);
}

/** The chunks of `content`, ending in `size-mismatch` or `digest-mismatch` if they are not what was promised. */
export async function* verifiedStream(
  content: Pick<Content, 'stream' | 'verifies'>,
  expected: { readonly digest: Digest; readonly size: number },
  options?: CallOptions,
): AsyncGenerator<Uint8Array> {
  const chunks = sizedStream(content, expected, options);
  if (content.verifies === expected.digest) return yield* chunks;
  const digester = new Digester(algorithmOf(expected.digest));
  for await (const chunk of chunks) {
    digester.update(chunk);
    yield chunk;
  }
  const digest = digester.digest();
  if (digest !== expected.digest) {
    throw new OmlmdError('digest-mismatch', `expected ${expected.digest}, got ${digest}`);
  }
}

/** Reads and verifies small content; the bytes are only returned when size and digest are right. */
export async function readVerified(
  content: Pick<Content, 'stream' | 'verifies'>,
  expected: { readonly digest: Digest; readonly size: number },
  limit: number,
  options?: CallOptions,
): Promise<Uint8Array> {
  if (expected.size > limit) {
    throw new OmlmdError(
      'limit-exceeded',
      `${expected.digest}: ${expected.size} bytes, the limit is ${limit}`,
    );
  }
  const stream = () => verifiedStream(content, expected, options);
  return readAll(
    { size: expected.size, slice: () => bytesContent(new Uint8Array()), stream },
    limit,
    options,
  );
}
