import {
  constants,
  createGunzip,
  createInflate,
  createZstdDecompress,
  gunzipSync,
  inflateSync,
  zstdDecompressSync,
} from 'node:zlib';
import type { Content } from '../../oci/content.ts';
import { MAX_BYTES_READ, MAX_COMPRESSED_MEMBERS, MAX_INFLATED_BYTES } from '../limits.ts';
import type { ByteSource, RangeSourceOptions } from './byte-source.ts';
import { TimeLimit } from './byte-source.ts';
import { decodeBzip2 } from './bzip2.ts';
import { DecoderInput, type Decoding } from './decoder-input.ts';
import { decodeLz4 } from './lz4.ts';
import { decodeLzmaAlone } from './lzma.ts';
import { malformed, ParseStop } from './parse-stop.ts';
import { decodeXz } from './xz.ts';

/** Compressions that model files come in. `zfile` is joblib's of before 0.10. */
export type Compression = 'zlib' | 'gzip' | 'zfile' | 'bz2' | 'xz' | 'lzma' | 'lz4' | 'zstd';
/** Those that Node opens; the others are decoded here. */
type NodeCompression = 'zlib' | 'gzip' | 'zfile' | 'zstd';

const DECODERS: Readonly<Record<Exclude<Compression, NodeCompression>, (input: DecoderInput) => Decoding>> = {
  bz2: decodeBzip2,
  xz: decodeXz,
  lzma: decodeLzmaAlone,
  lz4: decodeLz4,
};

const MAGIC: readonly (readonly [Compression, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b, 0x08]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['lz4', [0x04, 0x22, 0x4d, 0x18]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['zfile', [0x5a, 0x46, 0x30, 0x78]],
];
const BZIP2 = /^BZh[1-9](?:1AY&SY|\x17rE8P\x90)/;
/** `ZF`, the length in hexadecimal, blanks. */
const ZFILE_HEADER_BYTES = 21;

export function compressionOf(head: Uint8Array): Compression | undefined {
  const [first = 0, second = 0] = head;
  // RFC 1950 with the largest window, as every writer has it: the other first bytes are pickle opcodes too.
  if (first === 0x78 && (first * 256 + second) % 31 === 0 && (second & 0x20) === 0) return 'zlib';
  // A block of data, or none: `BZh` alone is the beginning of other things too.
  if (BZIP2.test(Buffer.from(head.subarray(0, 10)).toString('latin1'))) return 'bz2';
  const known = MAGIC.find(([, magic]) => magic.every((byte, index) => head[index] === byte))?.[0];
  return known ?? (isLzmaAlone(head) ? 'lzma' : undefined);
}

/** LZMA before xz has no magic number; liblzma, too, believes only headers that its own writers make. */
function isLzmaAlone(head: Uint8Array): boolean {
  if (head.byteLength < 18 || (head[0] ?? 0) >= 225 || head[13] !== 0) return false;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const dictionary = view.getUint32(1, true);
  const length = view.getBigUint64(5, true);
  const lowest = dictionary & -dictionary;
  const isRound = dictionary === 0xffffffff || dictionary === lowest >>> 0 || dictionary === lowest * 3;
  return dictionary > 0 && isRound && (length === 2n ** 64n - 1n || length < 2n ** 38n);
}

/** Bytes that {@link inflateHead} may give: recognition needs few, and a bomb has many. */
const MAX_HEAD_BYTES = 256 * 1024;

/** What the first bytes of a compressed file inflate to; empty where that cannot be told from so few. */
export function inflateHead(head: Uint8Array): Uint8Array {
  const kind = compressionOf(head);
  const options = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 8 * 1024 * 1024 };
  try {
    if (kind === 'zlib') return inflateSync(head, options);
    if (kind === 'gzip') return gunzipSync(head, options);
    if (kind === 'zfile') return inflateSync(head.subarray(zfileStart(head)), options);
    if (kind === 'zstd') return zstdDecompressSync(head, { ...options, finishFlush: constants.ZSTD_e_flush });
    if (kind !== undefined) return decodeHead(head, DECODERS[kind]);
  } catch {
    // Not compressed after all, or damaged: recognition then has nothing to go by.
  }
  return new Uint8Array();
}

function decodeHead(head: Uint8Array, decode: (input: DecoderInput) => Decoding): Uint8Array {
  const input = new DecoderInput();
  input.add(head);
  input.ended = true;
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    for (const part of decode(input)) {
      if (part === undefined) continue;
      parts.push(part);
      length += part.byteLength;
      if (length > MAX_HEAD_BYTES) break;
    }
  } catch {
    // The head ends where it ends; what came before counts.
  }
  return Buffer.concat(parts);
}

/** A compressed file as it inflates, in order; streamed, so that a bomb costs time and never memory. */
export class InflatedSource implements ByteSource {
  readonly size = undefined;
  readonly #chunks: AsyncGenerator<Uint8Array>;
  readonly #clock: TimeLimit;
  #at = 0;
  #stop: ParseStop | undefined;

  constructor(content: Content, kind: Compression, options: RangeSourceOptions = {}) {
    this.#clock = new TimeLimit(options);
    this.#chunks = isNodes(kind) ? inflate(content, kind, this.#clock) : decode(content, kind, this.#clock);
  }

  async read(at: number): Promise<Uint8Array> {
    this.#clock.check(at);
    if (at !== this.#at) throw new RangeError('a compressed stream is read in order');
    const next = this.#stop === undefined ? await this.#next() : undefined;
    if (next === undefined || next.done) return new Uint8Array();
    this.#at += next.value.byteLength;
    if (this.#at > MAX_INFLATED_BYTES) {
      throw new ParseStop('too-large-to-show', `it inflates to more than ${MAX_INFLATED_BYTES} bytes`, at);
    }
    return next.value;
  }

  /** Where data is damaged it ends, as it does for a program that reads it bit by bit. */
  async #next(): Promise<IteratorResult<Uint8Array> | undefined> {
    try {
      return await this.#chunks.next();
    } catch (error) {
      if (!(error instanceof ParseStop) || error.code === 'too-large-to-show') throw error;
      this.#stop = error;
      return undefined;
    }
  }

  /** Why the data ended early, if it did. */
  get stop(): ParseStop | undefined {
    return this.#stop;
  }

  /** Frees the decompressor. */
  async close(): Promise<void> {
    await this.#chunks.return(undefined);
  }
}

function isNodes(kind: Compression): kind is NodeCompression {
  return !Object.hasOwn(DECODERS, kind);
}

/** Streams in a row are one file to Python, and what follows the last is passed over by it. */
async function* decode(
  content: Content,
  kind: Exclude<Compression, NodeCompression>,
  clock: TimeLimit,
): AsyncGenerator<Uint8Array> {
  const input = new DecoderInput();
  const chunks = clock.stream(content.slice(0, MAX_BYTES_READ), 0);
  const more = async () => {
    const next = await chunks.next();
    if (!next.done) input.add(next.value);
    else if (content.size > MAX_BYTES_READ) throw tooLarge(input.position);
    else input.ended = true;
  };
  try {
    let next: Compression | undefined = kind;
    for (let member = 0; next !== undefined; member += 1) {
      if (member >= MAX_COMPRESSED_MEMBERS) throw tooMany(input.position);
      if (isNodes(next)) return;
      for (const part of DECODERS[next](input)) {
        clock.check(input.position);
        if (part === undefined) await more();
        else yield part;
      }
      while (!input.ended && input.left < ZFILE_HEADER_BYTES) await more();
      next = compressionOf(input.bytes.subarray(input.at, input.end));
    }
  } finally {
    await chunks.return(undefined);
  }
}

function tooLarge(offset: number): ParseStop {
  return new ParseStop(
    'too-large-to-show',
    `more than ${MAX_BYTES_READ} compressed bytes would have to be read`,
    offset,
  );
}

function tooMany(offset: number): ParseStop {
  return malformed('too many compressed streams in a row', offset);
}

/** Compressed files may be several streams in a row; Python reads them as one. */
async function* inflate(
  content: Content,
  kind: NodeCompression,
  clock: TimeLimit,
): AsyncGenerator<Uint8Array> {
  let offset = kind === 'zfile' ? zfileStart(await firstBytes(content, clock)) : 0;
  for (let member = 0; offset < content.size; member += 1) {
    if (member >= MAX_COMPRESSED_MEMBERS) throw tooMany(offset);
    const used = yield* inflateMember(content.slice(offset), kind, offset, clock);
    // joblib's old files are one stream.
    if (used === 0 || kind === 'zfile') return;
    offset += used;
  }
}

async function firstBytes(content: Content, clock: TimeLimit): Promise<Uint8Array> {
  for await (const chunk of clock.stream(content.slice(0, ZFILE_HEADER_BYTES + 1), 0)) return chunk;
  return new Uint8Array();
}

/** Python 2's joblib wrote one more blank. */
function zfileStart(head: Uint8Array): number {
  return head[ZFILE_HEADER_BYTES] === 0x20 ? ZFILE_HEADER_BYTES + 1 : ZFILE_HEADER_BYTES;
}

function engineOf(kind: NodeCompression) {
  if (kind === 'gzip') return createGunzip();
  return kind === 'zstd' ? createZstdDecompress() : createInflate();
}

/** Bytes that an engine is given at once: what they inflate to waits in memory, a thousand times as much at most. */
const ENGINE_INPUT_BYTES = 16 * 1024;

/**
 * One stream of zlib's engine. It is fed piece by piece, because what it has inflated before it finds damage counts:
 * Python would have unpickled it.
 */
async function* inflateMember(
  content: Content,
  kind: NodeCompression,
  offset: number,
  clock: TimeLimit,
): AsyncGenerator<Uint8Array, number> {
  const engine = engineOf(kind);
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
    for await (const chunk of clock.stream(content.slice(0, MAX_BYTES_READ), offset)) {
      for (let at = 0; at < chunk.byteLength && !state.ended; at += ENGINE_INPUT_BYTES) {
        const piece = chunk.subarray(at, at + ENGINE_INPUT_BYTES);
        await Promise.race([new Promise((resolve) => engine.write(piece, resolve)), stopped]);
        yield* ready.splice(0);
        if (state.failure !== undefined) throw zlibStop(state.failure, offset);
      }
      if (state.ended) break;
    }
    if (content.size > MAX_BYTES_READ && !state.ended) throw tooLarge(offset + MAX_BYTES_READ);
    engine.end();
    await stopped;
    yield* ready;
    if (state.failure !== undefined) throw zlibStop(state.failure, offset);
  } finally {
    engine.destroy();
  }
  return engine.bytesWritten;
}

function zlibStop(error: unknown, offset: number): unknown {
  if (!(error instanceof Error && 'code' in error)) return error;
  if (error.code === 'Z_BUF_ERROR')
    return new ParseStop('truncated', 'the compressed data ends early', offset);
  return malformed(`the compressed data is damaged: ${error.message}`, offset);
}
