import {
  DECODED_PART_BYTES,
  type DecoderInput,
  type Decoding,
  needInput,
  wantInput,
} from './decoder-input.ts';
import { malformed } from './parse-stop.ts';

/** How far back a match may reach, by the format. */
const HISTORY_BYTES = 64 * 1024;
/** Block sizes by their code (4 to 7): at most 4 MiB, so memory is bounded by the format. */
const BLOCK_BYTES: ReadonlyMap<number, number> = new Map([
  [4, 64 * 1024],
  [5, 256 * 1024],
  [6, 1024 * 1024],
  [7, 4 * 1024 * 1024],
]);
const UNCOMPRESSED = 0x80000000;

/** One LZ4 frame (LZ4 Frame Format 1.6). Checksums are passed over: what is damaged is no pickle any more. */
export function* decodeLz4(input: DecoderInput): Decoding {
  yield* needInput(input, 7);
  if (input.little(4) !== 0x184d2204) throw malformed('no LZ4 frame begins here', input.position - 4);
  const flags = input.u8();
  const blockBytes = BLOCK_BYTES.get((input.u8() >> 4) & 7);
  if (flags >> 6 !== 1 || blockBytes === undefined)
    throw malformed('an LZ4 header is damaged', input.position);
  const skipped = (flags & 0x08 ? 8 : 0) + (flags & 0x01 ? 4 : 0) + 1;
  yield* needInput(input, skipped);
  input.at += skipped;
  const output = new Lz4Output(blockBytes);
  for (;;) {
    yield* needInput(input, 4);
    const size = input.little(4);
    if (size === 0) break;
    yield* block(input, size, output);
    if (flags & 0x10) {
      yield* needInput(input, 4);
      input.at += 4;
    }
  }
  if (flags & 0x04) {
    yield* needInput(input, 4);
    input.at += 4;
  }
}

function* block(input: DecoderInput, stated: number, output: Lz4Output): Decoding {
  const size = stated % UNCOMPRESSED;
  if (size > output.blockBytes)
    throw malformed('an LZ4 block is larger than its frame allows', input.position);
  const whole = yield* wantInput(input, size);
  const part = input.bytes.subarray(input.at, Math.min(input.end, input.at + size));
  output.begin();
  if (stated >= UNCOMPRESSED) output.literals(part, 0, part.byteLength);
  else output.decode(part, whole, input.position);
  yield* output.parts();
  if (!whole) throw input.truncated();
  input.at += size;
}

/** A block as it is decoded, behind the 64 KiB that came before it. */
class Lz4Output {
  readonly blockBytes: number;
  readonly #bytes: Uint8Array;
  #start = 0;
  #at = 0;

  constructor(blockBytes: number) {
    this.blockBytes = blockBytes;
    this.#bytes = new Uint8Array(HISTORY_BYTES + blockBytes);
  }

  /** Keeps the history and makes room. */
  begin(): void {
    const kept = Math.min(this.#at, HISTORY_BYTES);
    this.#bytes.copyWithin(0, this.#at - kept, this.#at);
    this.#start = kept;
    this.#at = kept;
  }

  *parts(): Generator<Uint8Array, void, void> {
    for (let from = this.#start; from < this.#at; from += DECODED_PART_BYTES)
      yield this.#bytes.slice(from, Math.min(this.#at, from + DECODED_PART_BYTES));
  }

  literals(from: Uint8Array, start: number, end: number): void {
    if (this.#at + end - start > this.#start + this.blockBytes) throw tooLong();
    this.#bytes.set(from.subarray(start, end), this.#at);
    this.#at += end - start;
  }

  /** The sequences of a block; of one that is cut off, those that are there. */
  decode(from: Uint8Array, whole: boolean, position: number): void {
    let at = 0;
    const length = (nibble: number): number => {
      if (nibble < 15) return nibble;
      let sum = nibble;
      for (let byte = 255; byte === 255 && at < from.byteLength; at += 1) {
        byte = from[at] ?? 0;
        sum += byte;
      }
      return sum;
    };
    while (at < from.byteLength) {
      const token = from[at] ?? 0;
      at += 1;
      const literals = length(token >> 4);
      this.literals(from, at, Math.min(at + literals, from.byteLength));
      at += literals;
      // The last sequence has no match.
      if (at >= from.byteLength) break;
      const distance = (from[at] ?? 0) + (from[at + 1] ?? 0) * 256;
      at += 2;
      if (at > from.byteLength) break;
      this.#match(distance, length(token & 15) + 4);
    }
    if (whole && at !== from.byteLength) throw malformed('an LZ4 block is damaged', position);
  }

  #match(distance: number, length: number): void {
    if (distance === 0 || distance > this.#at) throw malformed('an LZ4 match reaches before the beginning');
    if (this.#at + length > this.#start + this.blockBytes) throw tooLong();
    const bytes = this.#bytes;
    // Byte by byte: a match may overlap what it makes.
    for (let end = this.#at + length; this.#at < end; this.#at += 1)
      bytes[this.#at] = bytes[this.#at - distance] ?? 0;
  }
}

function tooLong(): Error {
  return malformed('an LZ4 block holds more than its frame allows');
}
