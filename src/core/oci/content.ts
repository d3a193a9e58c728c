import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { escapeControls, OmlmdError } from '../errors.ts';
import { algorithmOf, type Digest, Digester } from './digest.ts';
import { systemWords } from './system-failure.ts';

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

/** Content that is a whole file on this machine, so that it can be cloned or linked instead of copied. */
export interface FileContent extends Content {
  readonly path: string;
}

export function isFileContent(content: Content): content is FileContent {
  return 'path' in content && typeof content.path === 'string';
}

/** Bytes a file is read by: large enough to be few calls, small enough to keep memory flat. */
const READ_BYTES = 256 * 1024;
/** The same where the memory is used again. */
const REUSED_READ_BYTES = 1024 * 1024;
/** Largest chunk of a stream, bytes. */
const MAX_CHUNK_BYTES = 1024 * 1024;

function clamp(value: number, size: number): number {
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

/** Identity and state of a file when its content was made, to notice a change under a reader's hands. */
interface FileState {
  readonly isFile: boolean;
  readonly size: bigint;
  /** Undefined: any. */
  readonly mtimeNs: bigint | undefined;
  readonly ino: bigint;
}

/** Opening a named pipe waits for its other end, for ever, unless it is told not to. */
const READ_AT_ONCE = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

async function stateOf(file: FileHandle): Promise<FileState> {
  const stat = await file.stat({ bigint: true });
  return { size: stat.size, mtimeNs: stat.mtimeNs, ino: stat.ino, isFile: stat.isFile() };
}

/**
 * A file as content, read by position. A file whose size, time or identity differs before and after a read is
 * `file-changed`: half of one model and half of another must not become an artifact.
 *
 * @param ofBlob the file is never written again, and its time only says when somebody last wanted it
 */
export async function openFileContent(
  path: string,
  { ofBlob = false }: { readonly ofBlob?: boolean } = {},
): Promise<FileContent> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, READ_AT_ONCE);
    const state = await stateOf(file);
    if (!state.isFile)
      throw new OmlmdError('file-unreadable', `read ${escapeControls(path)}: not a regular file`);
    const wanted = ofBlob ? { ...state, mtimeNs: undefined } : state;
    return { path, ...fileRange(path, wanted, 0, Number(state.size)) };
  } catch (error) {
    throw fileError(path, error);
  } finally {
    await file?.close();
  }
}

function fileError(path: string, error: unknown): unknown {
  if (error instanceof OmlmdError || !(error instanceof Error && 'code' in error)) return error;
  if (error.code === 'ENOENT')
    return new OmlmdError('not-found', `read ${escapeControls(path)}: no such file`, { cause: error });
  const message = `read ${escapeControls(path)}: ${systemWords(error)}`;
  return new OmlmdError('file-unreadable', message, { cause: error });
}

function fileRange(path: string, state: FileState, from: number, to: number): Content {
  return {
    size: to - from,
    slice: (start = 0, end = to - from) => {
      const first = from + clamp(start, to - from);
      return fileRange(path, state, first, Math.max(first, from + clamp(end, to - from)));
    },
    stream: (options) => readRange(path, state, from, to, options),
  };
}

async function* readRange(
  path: string,
  state: FileState,
  from: number,
  to: number,
  { signal, allocate }: StreamOptions = {},
): AsyncGenerator<Uint8Array> {
  const changed = () =>
    new OmlmdError('file-changed', `read ${path}: the file changed while it was being read`);
  const file = await open(path, 'r').catch((error: unknown) => Promise.reject(fileError(path, error)));
  try {
    if (!sameState(await stateOf(file), state)) throw changed();
    for (let at = from; at < to; ) {
      signal?.throwIfAborted();
      const length = Math.min(allocate ? REUSED_READ_BYTES : READ_BYTES, to - at);
      const buffer = allocate?.(length) ?? Buffer.allocUnsafeSlow(length);
      const { bytesRead } = await file.read(buffer, 0, length, at);
      if (bytesRead === 0) throw changed();
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
    if (!sameState(await stateOf(file), state)) throw changed();
  } finally {
    await file.close();
  }
}

function sameState(now: FileState, before: FileState): boolean {
  const sameTime = before.mtimeNs === undefined || now.mtimeNs === before.mtimeNs;
  return now.size === before.size && sameTime && now.ino === before.ino;
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
