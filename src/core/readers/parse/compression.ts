import { constants, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';
import type { Content } from '../../oci/content.ts';
import {
  MAX_BYTES_READ,
  MAX_COMPRESSED_MEMBERS,
  MAX_INFLATED_BYTES,
  MAX_INFLATED_HEAD_BYTES,
} from '../limits.ts';
import type { ByteSource, RangeSourceOptions } from './byte-source.ts';
import { TimeLimit } from './byte-source.ts';
import { decodeBzip2 } from './bzip2.ts';
import { DecoderInput, type Decoding } from './decoder-input.ts';
import { decodeLz4 } from './lz4.ts';
import { decodeLzmaAlone } from './lzma.ts';
import { inflateStream, type NodeCompression } from './node-inflate.ts';
import { malformed, ParseStop } from './parse-stop.ts';
import { decodeXz } from './xz.ts';

/** Compressions that model files come in. `zfile` is joblib's of before 0.10. */
export type Compression = NodeCompression | 'bz2' | 'xz' | 'lzma' | 'lz4';

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
      if (length > MAX_INFLATED_HEAD_BYTES) break;
    }
  } catch {
    // The head ends where it ends; what came before counts.
  }
  return Buffer.concat(parts);
}

/** A compressed file as it inflates, in order; streamed, so that a bomb costs time and never memory. */
export class InflatedSource implements ByteSource {
  readonly size = undefined;
  readonly #chunks: AsyncGenerator<Uint8Array, number>;
  readonly #clock: TimeLimit;
  #at = 0;
  #stop: ParseStop | undefined;
  #end: number | undefined;

  constructor(content: Content, kind: Compression, options: RangeSourceOptions = {}) {
    this.#clock = new TimeLimit(options);
    this.#chunks = decompress(content, kind, this.#clock);
  }

  async read(at: number): Promise<Uint8Array> {
    this.#clock.check(at);
    if (at !== this.#at) throw new RangeError('a compressed stream is read in order');
    const next = this.#stop === undefined ? await this.#next() : undefined;
    if (next?.done) this.#end ??= next.value;
    if (next === undefined || next.done) return new Uint8Array();
    this.#at += next.value.byteLength;
    if (this.#at > MAX_INFLATED_BYTES) {
      throw new ParseStop('too-large-to-show', `it inflates to more than ${MAX_INFLATED_BYTES} bytes`, at);
    }
    return next.value;
  }

  /** Where data is damaged it ends, as it does for a program that reads it bit by bit. */
  async #next(): Promise<IteratorResult<Uint8Array, number> | undefined> {
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

  /** Where in the file the compressed data ends; undefined before it was read to its end, and where it is damaged. */
  get end(): number | undefined {
    return this.#end;
  }

  /** Frees the decompressor. */
  async close(): Promise<void> {
    await this.#chunks.return(0);
  }
}

function isNodes(kind: Compression): kind is NodeCompression {
  return !Object.hasOwn(DECODERS, kind);
}

/** Bytes that are decoded before more are taken over from what has arrived. */
const INPUT_PIECE_BYTES = 64 * 1024;

/** Compressed bytes as they arrive. */
class CompressedInput extends DecoderInput {
  readonly #chunks: AsyncGenerator<Uint8Array>;
  readonly #isWhole: boolean;
  #arrived: Uint8Array = new Uint8Array();

  constructor(content: Content, clock: TimeLimit) {
    super();
    this.#chunks = clock.stream(content.slice(0, MAX_BYTES_READ), 0);
    this.#isWhole = content.size <= MAX_BYTES_READ;
  }

  /** Waits for some more bytes, or the end. */
  async more(): Promise<void> {
    if (this.#arrived.byteLength === 0) {
      const next = await this.#chunks.next();
      if (next.done && !this.#isWhole) throw tooLarge(this.position);
      if (next.done) this.ended = true;
      else this.#arrived = next.value;
    }
    this.add(this.#arrived.subarray(0, INPUT_PIECE_BYTES));
    this.#arrived = this.#arrived.subarray(INPUT_PIECE_BYTES);
  }

  async fill(bytes: number): Promise<void> {
    while (this.left < bytes && !this.ended) await this.more();
  }

  async close(): Promise<void> {
    await this.#chunks.return(undefined);
  }
}

/** Streams of one kind in a row are one file to Python. Gives the place behind the last; Python passes over the rest. */
async function* decompress(
  content: Content,
  kind: Compression,
  clock: TimeLimit,
): AsyncGenerator<Uint8Array, number> {
  const input = new CompressedInput(content, clock);
  try {
    if (kind === 'zfile') {
      await input.fill(ZFILE_HEADER_BYTES + 1);
      input.at += Math.min(input.left, zfileStart(input.bytes.subarray(input.at, input.end)));
    }
    for (let member = 0; ; member += 1) {
      if (member >= MAX_COMPRESSED_MEMBERS) throw tooMany(input.position);
      yield* isNodes(kind) ? inflateStream(input, kind, clock) : decodeStream(input, kind, clock);
      // joblib's old files are one stream.
      if (kind === 'zfile') return input.position;
      if (kind === 'gzip') await skipZeros(input, clock);
      await input.fill(ZFILE_HEADER_BYTES);
      if (compressionOf(input.bytes.subarray(input.at, input.end)) !== kind) return input.position;
    }
  } finally {
    await input.close();
  }
}

async function* decodeStream(
  input: CompressedInput,
  kind: Exclude<Compression, NodeCompression>,
  clock: TimeLimit,
): AsyncGenerator<Uint8Array, void> {
  for (const part of DECODERS[kind](input)) {
    clock.check(input.position);
    if (part === undefined) await input.more();
    else yield part;
  }
}

/** Members of gzip may have zeros between them and behind the last (tapes; Python passes them over). */
async function skipZeros(input: CompressedInput, clock: TimeLimit): Promise<void> {
  for (await input.fill(1); input.left > 0; await input.fill(1)) {
    clock.check(input.position);
    while (input.left > 0 && input.bytes[input.at] === 0) input.at += 1;
    if (input.left > 0) return;
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

/** Python 2's joblib wrote one more blank. */
function zfileStart(head: Uint8Array): number {
  return head[ZFILE_HEADER_BYTES] === 0x20 ? ZFILE_HEADER_BYTES + 1 : ZFILE_HEADER_BYTES;
}
