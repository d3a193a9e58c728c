import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
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
  /** As it was when the content was made. */
  readonly state: FileState;
  /** The beginning, where it was read at once: slices of it ask nobody. All of the bytes, for a small file. */
  readonly head: Uint8Array;
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

/** Identity and state of a regular file at one moment, to notice a change under a reader's hands. */
export interface FileState {
  readonly dev: bigint;
  readonly ino: bigint;
  /** Bytes. */
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  /** When it was looked at, ms since 1970. */
  readonly seenMs: number;
}

/** Opening a named pipe waits for its other end, for ever, unless it is told not to. */
const READ_AT_ONCE = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

function stateOf(path: string, stat: BigIntStats): FileState {
  if (!stat.isFile())
    throw new OmlmdError('file-unreadable', `read ${escapeControls(path)}: not a regular file`);
  const { dev, ino, size, mtimeNs, ctimeNs } = stat;
  return { dev, ino, size, mtimeNs, ctimeNs, seenMs: Date.now() };
}

/** How a file is now. */
export async function lookAtFile(path: string): Promise<FileState> {
  try {
    return stateOf(path, await stat(path, { bigint: true }));
  } catch (error) {
    throw fileError(path, error);
  }
}

/** What a file is read by. */
interface FileSource extends Pick<FileContent, 'path' | 'state' | 'head'> {
  readonly ofBlob: boolean;
}

/** A file as content, as it was when it was looked at. */
export function fileContent(
  path: string,
  state: FileState,
  { head = new Uint8Array(), ofBlob = false }: Partial<FileSource> = {},
): FileContent {
  return { path, state, head, ...fileRange({ path, state, head, ofBlob }, 0, Number(state.size)) };
}

export interface OpenFileOptions {
  /** Bytes of the beginning that are read at once: a small file is opened once. */
  readonly ahead?: number | undefined;
  /** The file is never written again, and its time only says when somebody last wanted it. */
  readonly ofBlob?: boolean | undefined;
}

/**
 * A file as content, read by position. A file whose size, time or identity differs before and after a read is
 * `file-changed`: half of one model and half of another must not become an artifact.
 */
export async function openFileContent(
  path: string,
  { ahead = 0, ofBlob = false }: OpenFileOptions = {},
): Promise<FileContent> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, READ_AT_ONCE);
    const state = stateOf(path, await file.stat({ bigint: true }));
    const length = Math.min(ahead, Number(state.size));
    const source = { path, state, head: new Uint8Array(), ofBlob };
    return fileContent(
      path,
      state,
      length > 0 ? { ...source, head: await readBeginning(file, source, length) } : source,
    );
  } catch (error) {
    throw fileError(path, error);
  } finally {
    await file?.close();
  }
}

async function readBeginning(file: FileHandle, source: FileSource, length: number): Promise<Uint8Array> {
  const buffer = Buffer.allocUnsafeSlow(length);
  for (let at = 0; at < length; ) {
    const { bytesRead } = await file.read(buffer, at, length - at, at);
    if (bytesRead === 0) throw changed(source);
    at += bytesRead;
  }
  await assertSame(file, source);
  return buffer;
}

function fileError(path: string, error: unknown): unknown {
  if (error instanceof OmlmdError || !(error instanceof Error && 'code' in error)) return error;
  if (error.code === 'ENOENT')
    return new OmlmdError('not-found', `read ${escapeControls(path)}: no such file`, { cause: error });
  const message = `read ${escapeControls(path)}: ${systemWords(error)}`;
  return new OmlmdError('file-unreadable', message, { cause: error });
}

function fileRange(file: FileSource, from: number, to: number): Content {
  return {
    size: to - from,
    slice: (start = 0, end = to - from) => {
      const first = from + clamp(start, to - from);
      return fileRange(file, first, Math.max(first, from + clamp(end, to - from)));
    },
    stream: (options) =>
      to <= file.head.byteLength
        ? bytesContent(file.head.subarray(from, to)).stream(options)
        : readRange(file, from, to, options),
  };
}

async function* readRange(
  source: FileSource,
  from: number,
  to: number,
  { signal, allocate }: StreamOptions = {},
): AsyncGenerator<Uint8Array> {
  const file = await open(source.path, READ_AT_ONCE).catch((error: unknown) =>
    Promise.reject(fileError(source.path, error)),
  );
  try {
    await assertSame(file, source);
    for (let at = from; at < to; ) {
      signal?.throwIfAborted();
      const length = Math.min(allocate ? REUSED_READ_BYTES : READ_BYTES, to - at);
      const buffer = allocate?.(length) ?? Buffer.allocUnsafeSlow(length);
      const { bytesRead } = await file.read(buffer, 0, length, at);
      if (bytesRead === 0) throw changed(source);
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
    await assertSame(file, source);
  } finally {
    await file.close();
  }
}

async function assertSame(file: FileHandle, source: FileSource): Promise<void> {
  const { state, ofBlob } = source;
  const { size, mtimeNs, ino } = await file.stat({ bigint: true });
  if (size !== state.size || (mtimeNs !== state.mtimeNs && !ofBlob) || ino !== state.ino)
    throw changed(source);
}

function changed({ path }: FileSource): OmlmdError {
  return new OmlmdError(
    'file-changed',
    `read ${escapeControls(path)}: the file changed while it was being read`,
  );
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
