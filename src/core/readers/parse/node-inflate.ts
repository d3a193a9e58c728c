import { crc32, createInflate, createInflateRaw, createZstdDecompress } from 'node:zlib';
import { MAX_GZIP_HEADER_BYTES } from '../limits.ts';
import type { TimeLimit } from './byte-source.ts';
import type { DecoderInput } from './decoder-input.ts';
import { malformed, ParseStop } from './parse-stop.ts';

/** Compressions that Node opens; the others are decoded here. */
export type NodeCompression = 'zlib' | 'gzip' | 'zfile' | 'zstd';

/** Input that can be waited for. */
interface WaitingInput extends DecoderInput {
  /** Waits for some more bytes, or the end. */
  more(): Promise<void>;
  /** Waits until so many bytes are here, or the end. */
  fill(bytes: number): Promise<void>;
}

/** Bytes that an engine is given at once: what they inflate to waits in memory, a thousand times as much at most. */
const ENGINE_INPUT_BYTES = 16 * 1024;
const GZIP_TRAILER_BYTES = 8;

/**
 * One stream of zlib's engine, which is left behind its last byte. The engine is fed piece by piece, because what it has
 * inflated before it finds damage counts: Python would have unpickled it. Node's own engine for gzip is not used: it
 * calls what follows the end damage.
 */
export async function* inflateStream(
  input: WaitingInput,
  kind: NodeCompression,
  clock: TimeLimit,
): AsyncGenerator<Uint8Array, void> {
  const start = input.position;
  if (kind !== 'gzip') return yield* runEngine(input, engineOf(kind), start, clock);
  await skipGzipHeader(input);
  let checksum = 0;
  for await (const part of runEngine(input, createInflateRaw(), start, clock)) {
    checksum = crc32(part, checksum);
    yield part;
  }
  await input.fill(GZIP_TRAILER_BYTES);
  const stated = input.little(4);
  input.little(4);
  if (stated !== checksum) throw malformed('the compressed data has another checksum than it states', start);
}

function engineOf(kind: NodeCompression) {
  return kind === 'zstd' ? createZstdDecompress() : createInflate();
}

async function* runEngine(
  input: WaitingInput,
  engine: ReturnType<typeof engineOf>,
  start: number,
  clock: TimeLimit,
): AsyncGenerator<Uint8Array, void> {
  const ready: Uint8Array[] = [];
  const state: { failure?: unknown; ended?: true } = {};
  const stopped = new Promise<void>((resolve) => {
    engine.on('data', (chunk: Uint8Array) => ready.push(chunk));
    engine.once('error', (error) => {
      state.failure = error;
      resolve();
    });
    engine.once('end', () => {
      state.ended = true;
      resolve();
    });
  });
  try {
    while (!state.ended) {
      clock.check(input.position);
      await input.fill(1);
      if (input.left === 0) break;
      const piece = input.bytes.slice(input.at, Math.min(input.end, input.at + ENGINE_INPUT_BYTES));
      const before = engine.bytesWritten;
      await Promise.race([new Promise((resolve) => engine.write(piece, resolve)), stopped]);
      input.at += engine.bytesWritten - before;
      yield* ready.splice(0);
      if (state.failure !== undefined) throw engineStop(state.failure, start);
    }
    engine.end();
    await stopped;
    yield* ready;
    if (state.failure !== undefined) throw engineStop(state.failure, start);
  } finally {
    engine.destroy();
  }
}

function engineStop(error: unknown, offset: number): unknown {
  if (!(error instanceof Error && 'code' in error)) return error;
  if (error.code === 'Z_BUF_ERROR')
    return new ParseStop('truncated', 'the compressed data ends early', offset);
  return malformed(`the compressed data is damaged: ${error.message}`, offset);
}

/** RFC 1952: ten bytes, then by their flags an extra field, a name, a comment and a checksum of all that. */
async function skipGzipHeader(input: WaitingInput): Promise<void> {
  const start = input.position;
  await input.fill(10);
  input.little(3);
  const flags = input.u8();
  for (let left = 6; left > 0; left -= 1) input.u8();
  if (flags & 0x04) {
    await input.fill(2);
    const length = input.little(2);
    await input.fill(length);
    if (input.left < length) throw input.truncated();
    input.at += length;
  }
  for (const flag of [0x08, 0x10]) if (flags & flag) await skipText(input, start);
  if (flags & 0x02) {
    await input.fill(2);
    input.little(2);
  }
}

async function skipText(input: WaitingInput, start: number): Promise<void> {
  for (let byte = 1; byte !== 0; ) {
    if (input.position - start > MAX_GZIP_HEADER_BYTES) throw malformed('a gzip header is too long', start);
    if (input.left === 0) await input.fill(1);
    byte = input.u8();
  }
}
