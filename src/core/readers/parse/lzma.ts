import { MAX_LZMA_DICTIONARY_BYTES } from '../limits.ts';
import {
  DECODED_PART_BYTES,
  type DecoderInput,
  type Decoding,
  needInput,
  wantInput,
} from './decoder-input.ts';
import { RangeCoder } from './lzma-range-coder.ts';
import { malformed, ParseStop } from './parse-stop.ts';

/** Bytes of input that one symbol takes at most, rounded up. */
const SYMBOL_INPUT_BYTES = 24;
const STATES = 12;
/** States below this one are after a literal. */
const LITERAL_STATES = 7;
/** Distances of slots below this one have all their bits; from here on the low 4 are in a table of their own. */
const FIRST_ALIGNED_SLOT = 14;
const END_DISTANCE = 0xffffffff;
const SMALLEST_DICTIONARY_BYTES = 4096;
/** Most streams are short: a window is not larger before it has to be. */
const FIRST_WINDOW_BYTES = 256 * 1024;

/** A file of the kind before xz: properties, dictionary size, length or -1, one stream. */
export function* decodeLzmaAlone(input: DecoderInput): Decoding {
  yield* needInput(input, 13);
  const properties = input.u8();
  const dictionary = input.little(4);
  const low = input.little(4);
  const high = input.little(4);
  const isOpen = low === 0xffffffff && high === 0xffffffff;
  const length = isOpen ? Number.POSITIVE_INFINITY : high * 2 ** 32 + low;
  const decoder = new LzmaDecoder(input, dictionary);
  decoder.setProperties(properties);
  yield* needInput(input, 5);
  decoder.begin();
  for (let left = length; left > 0 && !decoder.ended; ) {
    yield* wantInput(input, SYMBOL_INPUT_BYTES);
    left -= decoder.run(left, input.ended);
    yield* decoder.parts();
  }
  yield* wantInput(input, 1);
  decoder.finish();
}

/** The bit models of one of the two kinds of match lengths. */
class LengthModels {
  readonly choice = new Uint16Array(2);
  readonly low = new Uint16Array(16 << 3);
  readonly middle = new Uint16Array(16 << 3);
  readonly high = new Uint16Array(256);
}

/**
 * LZMA: literals and matches behind a range coder (the LZMA specification of 7-Zip). Runs as far as its input and the
 * room in its window go, so that a bomb comes out in parts. Memory: the dictionary, bounded, and touched only as it fills.
 */
export class LzmaDecoder {
  /** Whether the end mark came. */
  ended = false;
  readonly #input: DecoderInput;
  readonly #coder: RangeCoder;
  #window: Uint8Array;
  readonly #windowBytes: number;
  /** Whether the window is smaller than what the file asks for. */
  readonly #isCut: boolean;
  #at = 0;
  #flushed = 0;
  /** Bytes that a match may reach back. */
  #filled = 0;
  /** Bytes since the dictionary began. */
  #position = 0;
  #failure: unknown;

  #state = 0;
  readonly #distances = new Float64Array(4);
  /** Bytes of a match that found no room yet. */
  #pending = 0;

  #literalContext = 0;
  #literalMask = 0;
  #positionMask = 0;
  #literals = new Uint16Array();
  readonly #isMatch = new Uint16Array(STATES << 4);
  readonly #isRepeat = new Uint16Array(STATES);
  readonly #isRepeat0 = new Uint16Array(STATES);
  readonly #isRepeat1 = new Uint16Array(STATES);
  readonly #isRepeat2 = new Uint16Array(STATES);
  readonly #isRepeat0Long = new Uint16Array(STATES << 4);
  readonly #slots = new Uint16Array(4 << 6);
  readonly #special = new Uint16Array(128);
  readonly #aligned = new Uint16Array(16);
  readonly #matchLengths = new LengthModels();
  readonly #repeatLengths = new LengthModels();

  constructor(input: DecoderInput, dictionary: number) {
    this.#input = input;
    this.#coder = new RangeCoder(input);
    this.#isCut = dictionary > MAX_LZMA_DICTIONARY_BYTES;
    this.#windowBytes = Math.min(Math.max(SMALLEST_DICTIONARY_BYTES, dictionary), MAX_LZMA_DICTIONARY_BYTES);
    this.#window = new Uint8Array(Math.min(this.#windowBytes, FIRST_WINDOW_BYTES));
  }

  /** Literal context bits, literal position bits and position bits in one byte; what was learnt is forgotten. */
  setProperties(properties: number): void {
    if (properties >= 225) throw malformed('the LZMA properties are none', this.#input.position);
    const rest = Math.floor(properties / 9);
    this.#literalContext = properties % 9;
    this.#literalMask = (1 << (rest % 5)) - 1;
    this.#positionMask = (1 << Math.floor(rest / 5)) - 1;
    this.#literals = new Uint16Array(0x300 << (this.#literalContext + (rest % 5)));
    this.resetState();
  }

  resetState(): void {
    this.#state = 0;
    this.#pending = 0;
    this.#distances.fill(0);
    const { choice, low, middle, high } = this.#matchLengths;
    const repeat = this.#repeatLengths;
    for (const models of [
      ...[this.#literals, this.#isMatch, this.#isRepeat, this.#isRepeat0, this.#isRepeat1, this.#isRepeat2],
      ...[this.#isRepeat0Long, this.#slots, this.#special, this.#aligned, choice, low, middle, high],
      ...[repeat.choice, repeat.low, repeat.middle, repeat.high],
    ]) {
      this.#coder.reset(models);
    }
  }

  resetDictionary(): void {
    this.#filled = 0;
    this.#position = 0;
  }

  /** Starts the range coder: 5 bytes, which must be there. */
  begin(): void {
    this.#coder.begin();
  }

  /** Takes the last byte that belongs to the range coder. */
  finish(): void {
    this.#coder.normalize();
  }

  /** Decodes at most `limit` bytes, for {@link parts}; stops where input runs low, unless that is all there is. */
  run(limit: number, isWhole: boolean): number {
    if (this.#failure !== undefined) throw this.#failure;
    const input = this.#input;
    const start = this.#at;
    const end = Math.min(this.#window.length, start + Math.min(limit, DECODED_PART_BYTES));
    if (this.#pending > 0) this.#copy(this.#pending, end);
    try {
      while (this.#at < end && !this.ended && (isWhole || input.left >= SYMBOL_INPUT_BYTES))
        this.#symbol(end);
    } catch (error) {
      // What was decoded before still counts: loading would have seen it.
      this.#failure = error;
      if (this.#at === start) throw error;
    }
    return this.#at - start;
  }

  /** Takes bytes that are stored as they are, as far as there is room; how many. */
  store(bytes: Uint8Array): number {
    const taken = Math.min(bytes.byteLength, this.#window.length - this.#at, DECODED_PART_BYTES);
    for (let index = 0; index < taken; index += 1) this.#put(bytes[index] ?? 0);
    return taken;
  }

  /** What came since the last call. */
  *parts(): Generator<Uint8Array, void, void> {
    if (this.#at > this.#flushed) yield this.#window.slice(this.#flushed, this.#at);
    if (this.#at === this.#window.length) this.#turn();
    this.#flushed = this.#at;
  }

  /** At the end of the window: it takes its whole size the first time, and begins anew from then on. */
  #turn(): void {
    if (this.#window.length === this.#windowBytes) {
      this.#at = 0;
      return;
    }
    const whole = new Uint8Array(this.#windowBytes);
    whole.set(this.#window);
    this.#window = whole;
  }

  #put(byte: number): void {
    this.#window[this.#at] = byte;
    this.#at += 1;
    this.#position += 1;
    if (this.#filled < this.#window.length) this.#filled += 1;
  }

  /** The byte that stands `distance + 1` back. */
  #back(distance: number): number {
    const at = this.#at - distance - 1;
    return this.#window[at < 0 ? at + this.#window.length : at] ?? 0;
  }

  #symbol(end: number): void {
    const coder = this.#coder;
    const state = this.#state;
    const position = this.#position & this.#positionMask;
    if (coder.bit(this.#isMatch, (state << 4) + position) === 0) {
      this.#literal();
      return;
    }
    const distances = this.#distances;
    if (coder.bit(this.#isRepeat, state) === 1) {
      this.#repeat(position, end);
      return;
    }
    distances.copyWithin(1, 0, 3);
    const length = this.#length(this.#matchLengths, position);
    this.#state = state < LITERAL_STATES ? 7 : 10;
    const distance = this.#distance(Math.min(length, 3));
    distances[0] = distance;
    if (distance === END_DISTANCE) this.ended = true;
    else this.#copy(length + 2, end);
  }

  #literal(): void {
    const coder = this.#coder;
    const before = this.#filled > 0 ? this.#back(0) : 0;
    const place =
      ((this.#position & this.#literalMask) << this.#literalContext) + (before >> (8 - this.#literalContext));
    const base = place * 0x300;
    let symbol = 1;
    if (this.#state >= LITERAL_STATES) {
      // After a match the byte at its distance foretells this one, up to the first bit that differs.
      let expected = this.#back(this.#distances[0] ?? 0);
      while (symbol < 0x100) {
        const foretold = (expected >> 7) & 1;
        expected <<= 1;
        const bit = coder.bit(this.#literals, base + ((1 + foretold) << 8) + symbol);
        symbol = symbol * 2 + bit;
        if (bit !== foretold) break;
      }
    }
    while (symbol < 0x100) symbol = symbol * 2 + coder.bit(this.#literals, base + symbol);
    this.#put(symbol & 0xff);
    this.#state = this.#state < 4 ? 0 : this.#state < 10 ? this.#state - 3 : this.#state - 6;
  }

  /** A match at one of the last four distances, or one byte of it. */
  #repeat(position: number, end: number): void {
    const coder = this.#coder;
    const state = this.#state;
    const distances = this.#distances;
    if (coder.bit(this.#isRepeat0, state) === 0) {
      if (coder.bit(this.#isRepeat0Long, (state << 4) + position) === 0) {
        this.#state = state < LITERAL_STATES ? 9 : 11;
        this.#copy(1, end);
        return;
      }
    } else {
      let place = 1;
      if (coder.bit(this.#isRepeat1, state) === 1) place = 2 + coder.bit(this.#isRepeat2, state);
      const distance = distances[place] ?? 0;
      distances.copyWithin(1, 0, place);
      distances[0] = distance;
    }
    const length = this.#length(this.#repeatLengths, position);
    this.#state = state < LITERAL_STATES ? 8 : 11;
    this.#copy(length + 2, end);
  }

  #length(models: LengthModels, position: number): number {
    const coder = this.#coder;
    if (coder.bit(models.choice, 0) === 0) return coder.tree(models.low, position << 3, 3);
    if (coder.bit(models.choice, 1) === 0) return 8 + coder.tree(models.middle, position << 3, 3);
    return 16 + coder.tree(models.high, 0, 8);
  }

  #distance(length: number): number {
    const coder = this.#coder;
    const slot = coder.tree(this.#slots, length << 6, 6);
    if (slot < 4) return slot;
    const bits = (slot >> 1) - 1;
    const base = (2 + (slot & 1)) * 2 ** bits;
    if (slot < FIRST_ALIGNED_SLOT) return base + coder.reverseTree(this.#special, base - slot, bits);
    return base + coder.direct(bits - 4) * 16 + coder.reverseTree(this.#aligned, 0, 4);
  }

  /** Copies from the last distance, as far as `end`; the rest waits. */
  #copy(length: number, end: number): void {
    const distance = this.#distances[0] ?? 0;
    if (distance >= this.#filled) throw this.#tooFar();
    let left = length;
    for (; left > 0 && this.#at < end; left -= 1) this.#put(this.#back(distance));
    this.#pending = left;
  }

  #tooFar(): ParseStop {
    const { position } = this.#input;
    return this.#isCut && this.#filled === this.#windowBytes
      ? new ParseStop(
          'too-large-to-show',
          `it needs a dictionary of more than ${MAX_LZMA_DICTIONARY_BYTES} bytes`,
          position,
        )
      : malformed('an LZMA match reaches before the beginning', position);
  }
}
