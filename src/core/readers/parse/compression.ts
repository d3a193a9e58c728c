import { Readable } from 'node:stream';
import { constants, createGunzip, createInflate, gunzipSync, inflateSync } from 'node:zlib';
import type { Content } from '../../oci/content.ts';
import { MAX_BYTES_READ, MAX_COMPRESSED_MEMBERS, MAX_INFLATED_BYTES } from '../limits.ts';
import type { ByteSource, RangeSourceOptions } from './byte-source.ts';
import { TimeLimit } from './byte-source.ts';
import { malformed, ParseStop } from './parse-stop.ts';

/** Compressions that model files come in. Node opens `zlib` and `gzip`; the others are only recognised. */
export type Compression = 'zlib' | 'gzip' | 'bz2' | 'xz' | 'lzma' | 'lz4' | 'zstd';

const MAGIC: readonly (readonly [Compression, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b, 0x08]],
  ['bz2', [0x42, 0x5a, 0x68]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['lzma', [0x5d, 0x00, 0x00]],
  ['lz4', [0x04, 0x22, 0x4d, 0x18]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
];

export function compressionOf(head: Uint8Array): Compression | undefined {
  const [first = 0, second = 0] = head;
  // RFC 1950 with the largest window, as every writer has it: the other first bytes are pickle opcodes too.
  if (first === 0x78 && (first * 256 + second) % 31 === 0 && (second & 0x20) === 0) return 'zlib';
  return MAGIC.find(([, magic]) => magic.every((byte, index) => head[index] === byte))?.[0];
}

/** Bytes that {@link inflateHead} may give: recognition needs few, and a bomb has many. */
const MAX_HEAD_BYTES = 8 * 1024 * 1024;

/** What the first bytes of a compressed file inflate to; empty where that cannot be told. */
export function inflateHead(head: Uint8Array): Uint8Array {
  const kind = compressionOf(head);
  const options = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: MAX_HEAD_BYTES };
  try {
    if (kind === 'zlib') return inflateSync(head, options);
    if (kind === 'gzip') return gunzipSync(head, options);
  } catch {
    // Not compressed after all, or damaged: recognition then has nothing to go by.
  }
  return new Uint8Array();
}

/** A zlib or gzip file as it inflates, in order; streamed, so that a bomb costs time and never memory. */
export class InflatedSource implements ByteSource {
  readonly size = undefined;
  readonly #chunks: AsyncGenerator<Uint8Array>;
  readonly #clock: TimeLimit;
  #at = 0;

  constructor(content: Content, kind: 'zlib' | 'gzip', options: RangeSourceOptions = {}) {
    this.#clock = new TimeLimit(options);
    this.#chunks = inflate(content, kind, this.#clock);
  }

  async read(at: number): Promise<Uint8Array> {
    this.#clock.check(at);
    if (at !== this.#at) throw new RangeError('a compressed stream is read in order');
    const next = await this.#chunks.next();
    if (next.done) return new Uint8Array();
    this.#at += next.value.byteLength;
    if (this.#at > MAX_INFLATED_BYTES) {
      throw new ParseStop('too-large-to-show', `it inflates to more than ${MAX_INFLATED_BYTES} bytes`, at);
    }
    return next.value;
  }

  /** Frees the decompressor. */
  async close(): Promise<void> {
    await this.#chunks.return(undefined);
  }
}

/** Compressed files may be several streams in a row; Python reads them as one. */
async function* inflate(
  content: Content,
  kind: 'zlib' | 'gzip',
  clock: TimeLimit,
): AsyncGenerator<Uint8Array> {
  let offset = 0;
  for (let member = 0; offset < content.size; member += 1) {
    if (member >= MAX_COMPRESSED_MEMBERS) throw malformed('too many compressed streams in a row', offset);
    const used = yield* inflateMember(content.slice(offset), kind, offset, clock);
    if (used === 0) return;
    offset += used;
  }
}

async function* inflateMember(
  content: Content,
  kind: 'zlib' | 'gzip',
  offset: number,
  clock: TimeLimit,
): AsyncGenerator<Uint8Array, number> {
  const engine = kind === 'zlib' ? createInflate() : createGunzip();
  const bounded = content.slice(0, MAX_BYTES_READ);
  let failure: unknown;
  const source = Readable.from(clock.stream(bounded, offset));
  source.once('error', (error) => {
    failure = error;
    engine.destroy(error);
  });
  source.pipe(engine);
  try {
    for await (const chunk of engine) yield chunk;
  } catch (error) {
    if (failure !== undefined) throw failure;
    throw zlibStop(error, offset);
  } finally {
    source.destroy();
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
