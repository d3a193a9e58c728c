import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { escapeControls, OmlmdError } from '../errors.ts';
import { bytesContent, type Content, clamp, type StreamOptions } from './content.ts';
import { systemWords } from './system-failure.ts';

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
