import { type DecoderInput, type Decoding, needInput, wantInput } from './decoder-input.ts';
import { LzmaDecoder } from './lzma.ts';
import { malformed } from './parse-stop.ts';

const HEADER_BYTES = 12;
/** Bytes of a block's check by its type (xz file format 2.1.1.2). */
const CHECK_BYTES = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64];
const LZMA2 = 0x21;
const DELTA = 0x03;
const MAX_FILTERS = 4;
/** Bytes of a variable-length integer. */
const MAX_INTEGER_BYTES = 9;

/** One xz stream. Checksums are passed over: what is damaged is no pickle any more. */
export function* decodeXz(input: DecoderInput): Decoding {
  yield* needInput(input, HEADER_BYTES);
  const check = CHECK_BYTES[(input.bytes[input.at + 7] ?? 0) & 0x0f] ?? 0;
  input.at += HEADER_BYTES;
  for (;;) {
    yield* needInput(input, 1);
    const size = input.u8();
    if (size === 0) break;
    const start = input.position;
    const filters = yield* blockHeader(input, size);
    yield* filtered(input, filters);
    yield* skip(input, padding(input.position - start + 1) + check);
  }
  yield* index(input);
  yield* skip(input, HEADER_BYTES);
  // Streams in a row may have zeros in between.
  while ((yield* wantInput(input, 4)) && input.bytes.subarray(input.at, input.at + 4).every((b) => b === 0))
    input.at += 4;
}

function padding(length: number): number {
  return (4 - (length % 4)) % 4;
}

function* skip(input: DecoderInput, bytes: number): Generator<undefined, void, void> {
  yield* needInput(input, bytes);
  input.at += bytes;
}

function* integer(input: DecoderInput): Generator<undefined, number, void> {
  let value = 0;
  for (let index = 0; index < MAX_INTEGER_BYTES; index += 1) {
    yield* needInput(input, 1);
    const byte = input.u8();
    value += (byte & 0x7f) * 128 ** index;
    if (byte < 0x80) return value;
  }
  throw malformed('an xz number is too long', input.position);
}

/** The sizes of all blocks once more. */
function* index(input: DecoderInput): Generator<undefined, void, void> {
  const start = input.position - 1;
  const count = yield* integer(input);
  for (let record = 0; record < count; record += 1) {
    yield* integer(input);
    yield* integer(input);
  }
  yield* skip(input, padding(input.position - start) + 4);
}

interface Filters {
  readonly dictionary: number;
  /** Distances of delta filters, in the order in which they were applied. */
  readonly deltas: readonly number[];
}

function* blockHeader(input: DecoderInput, size: number): Generator<undefined, Filters, void> {
  const length = (size + 1) * 4 - 1;
  yield* needInput(input, length);
  const end = input.at + length;
  const flags = input.u8();
  if (flags & 0x40) yield* integer(input);
  if (flags & 0x80) yield* integer(input);
  const count = (flags & 3) + 1;
  const deltas: number[] = [];
  let dictionary: number | undefined;
  for (let filter = 0; filter < Math.min(count, MAX_FILTERS); filter += 1) {
    const id = yield* integer(input);
    const properties = yield* integer(input);
    if (properties !== 1 || input.at >= end || dictionary !== undefined) throw unknownFilter(input);
    const property = input.u8();
    if (id === LZMA2) dictionary = dictionaryBytes(property);
    else if (id === DELTA) deltas.push(property + 1);
    else throw unknownFilter(input);
  }
  if (dictionary === undefined) throw unknownFilter(input);
  if (input.at > end - 4) throw malformed('an xz block header is damaged', input.position);
  input.at = end;
  return { dictionary, deltas };
}

function unknownFilter(input: DecoderInput): Error {
  return malformed('the data is compressed in a way that is not looked into', input.position);
}

function dictionaryBytes(property: number): number {
  return property >= 40 ? 2 ** 32 - 1 : (2 + (property & 1)) * 2 ** ((property >> 1) + 11);
}

function* filtered(input: DecoderInput, { dictionary, deltas }: Filters): Decoding {
  const undo = deltas.toReversed().map(undoDelta);
  for (const part of decodeLzma2(input, dictionary)) {
    if (part !== undefined) for (const each of undo) each(part);
    yield part;
  }
}

/** Adds to each byte the one `distance` before it. */
function undoDelta(distance: number): (part: Uint8Array) => void {
  const history = new Uint8Array(256);
  let at = 0;
  return (part) => {
    for (let index = 0; index < part.byteLength; index += 1) {
      const byte = ((part[index] ?? 0) + (history[(at - distance) & 0xff] ?? 0)) & 0xff;
      part[index] = byte;
      history[at & 0xff] = byte;
      at += 1;
    }
  };
}

/** Chunks of at most 64 KiB of input, stored or compressed, up to the end mark. */
function* decodeLzma2(input: DecoderInput, dictionary: number): Decoding {
  const decoder = new LzmaDecoder(input, dictionary);
  let hasProperties = false;
  for (;;) {
    yield* needInput(input, 1);
    const control = input.u8();
    if (control === 0) return;
    if (control === 1 || control >= 0xe0) decoder.resetDictionary();
    if (control <= 2) {
      yield* stored(input, decoder);
      continue;
    }
    if (control < 0x80) throw malformed('an LZMA2 chunk is damaged', input.position);
    yield* needInput(input, 5);
    const length = (control & 0x1f) * 65_536 + big16(input) + 1;
    const size = big16(input) + 1;
    if (control >= 0xc0) {
      decoder.setProperties(input.u8());
      hasProperties = true;
    } else if (control >= 0xa0) decoder.resetState();
    if (!hasProperties) throw malformed('an LZMA2 chunk is damaged', input.position);
    yield* compressed(input, decoder, size, length);
  }
}

function big16(input: DecoderInput): number {
  const high = input.u8();
  return high * 256 + input.u8();
}

function* stored(input: DecoderInput, decoder: LzmaDecoder): Decoding {
  yield* needInput(input, 2);
  for (let left = big16(input) + 1; left > 0; ) {
    yield* needInput(input, 1);
    const taken = decoder.store(input.bytes.subarray(input.at, Math.min(input.end, input.at + left)));
    input.at += taken;
    left -= taken;
    yield* decoder.parts();
  }
}

function* compressed(input: DecoderInput, decoder: LzmaDecoder, size: number, length: number): Decoding {
  // What is there of a chunk that is cut off is decoded too.
  yield* wantInput(input, size);
  const end = input.position + size;
  yield* needInput(input, 5);
  decoder.begin();
  for (let left = length; left > 0; ) {
    left -= decoder.run(left, true);
    yield* decoder.parts();
    if (decoder.ended || input.position > end) throw malformed('an LZMA2 chunk is damaged', input.position);
  }
  yield* needInput(input, end - input.position);
  input.at += end - input.position;
}
