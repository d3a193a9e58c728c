import {
  DECODED_PART_BYTES,
  type DecoderInput,
  type Decoding,
  needInput,
  wantInput,
} from './decoder-input.ts';
import { malformed } from './parse-stop.ts';

const BLOCK_MAGIC = 0x314159;
const END_MAGIC = 0x177245;
/** Symbols that share a Huffman table, and the longest code of one in bits. */
const GROUP_SYMBOLS = 50;
const MAX_CODE_BITS = 20;
/** Bytes that a group of symbols takes at most, rounded up: input is asked for once a group. */
const GROUP_BYTES = 160;

/** One bzip2 stream. Checksums are passed over: what is damaged is no pickle any more. Memory: 4 bytes a byte of block. */
export function* decodeBzip2(input: DecoderInput): Decoding {
  yield* needInput(input, 4);
  const level = (input.bytes[input.at + 3] ?? 0) - 0x30;
  if (level < 1 || level > 9) throw malformed('a bzip2 header is damaged', input.position);
  input.at += 4;
  const bits = new BitReader(input);
  const block = new Bzip2Block(level * 100_000);
  for (;;) {
    yield* wantInput(input, GROUP_BYTES);
    const magic = bits.read(24);
    bits.read(24);
    // The checksum of the block, or of all.
    bits.read(16);
    bits.read(16);
    if (magic === END_MAGIC) return;
    if (magic !== BLOCK_MAGIC) throw malformed('a bzip2 block is damaged', input.position);
    yield* readBlock(bits, block);
    yield* block.output();
  }
}

/** Bits from the highest down. */
class BitReader {
  readonly input: DecoderInput;
  #bits = 0;
  #count = 0;

  constructor(input: DecoderInput) {
    this.input = input;
  }

  /** At most 24 bits. */
  read(count: number): number {
    while (this.#count < count) {
      this.#bits = (this.#bits << 8) | this.input.u8();
      this.#count += 8;
    }
    this.#count -= count;
    return (this.#bits >>> this.#count) & ((1 << count) - 1);
  }
}

function* readBlock(bits: BitReader, block: Bzip2Block): Generator<undefined, void, void> {
  if (bits.read(1) === 1) throw malformed('a bzip2 block is of a kind that is not written since 1997');
  const origin = bits.read(24);
  const symbols = usedBytes(bits);
  const tableCount = bits.read(3);
  const selectorCount = bits.read(15);
  if (tableCount < 2 || tableCount > 6 || selectorCount === 0 || symbols.length === 0)
    throw malformed('a bzip2 block is damaged', bits.input.position);
  const selectors = yield* readSelectors(bits, tableCount, selectorCount);
  const tables: HuffmanTable[] = [];
  for (let index = 0; index < tableCount; index += 1)
    tables.push(new HuffmanTable(yield* readCodeLengths(bits, symbols.length + 2)));
  yield* readSymbols(bits, block, symbols, selectors, tables);
  block.sort(origin);
}

function usedBytes(bits: BitReader): number[] {
  const groups = bits.read(16);
  const used: number[] = [];
  for (let group = 0; group < 16; group += 1) {
    if ((groups & (0x8000 >> group)) === 0) continue;
    const members = bits.read(16);
    for (let index = 0; index < 16; index += 1)
      if (members & (0x8000 >> index)) used.push(group * 16 + index);
  }
  return used;
}

function* readSelectors(
  bits: BitReader,
  tables: number,
  count: number,
): Generator<undefined, Uint8Array, void> {
  const order = Array.from({ length: tables }, (_, index) => index);
  const selectors = new Uint8Array(count);
  for (let index = 0; index < count; index += 1) {
    yield* topUp(bits);
    let place = 0;
    while (bits.read(1) === 1) {
      place += 1;
      if (place >= tables) throw malformed('a bzip2 block is damaged', bits.input.position);
    }
    const [table = 0] = order.splice(place, 1);
    order.unshift(table);
    selectors[index] = table;
  }
  return selectors;
}

function* readCodeLengths(bits: BitReader, count: number): Generator<undefined, Uint8Array, void> {
  const lengths = new Uint8Array(count);
  let length = bits.read(5);
  for (let index = 0; index < count; index += 1) {
    for (;;) {
      yield* topUp(bits);
      if (length < 1 || length > MAX_CODE_BITS)
        throw malformed('a bzip2 block is damaged', bits.input.position);
      if (bits.read(1) === 0) break;
      length += bits.read(1) === 0 ? 1 : -1;
    }
    lengths[index] = length;
  }
  return lengths;
}

function* topUp({ input }: BitReader): Generator<undefined, void, void> {
  if (input.left < GROUP_BYTES && !input.ended) yield* wantInput(input, GROUP_BYTES);
}

/** A canonical code: for each length, the highest code of it and where its symbols begin. */
class HuffmanTable {
  readonly #limits = new Int32Array(MAX_CODE_BITS + 1).fill(-1);
  readonly #offsets = new Int32Array(MAX_CODE_BITS + 1);
  readonly #symbols: Uint16Array;

  constructor(lengths: Uint8Array) {
    this.#symbols = new Uint16Array(lengths.length);
    let code = 0;
    let place = 0;
    for (let length = 1; length <= MAX_CODE_BITS; length += 1) {
      this.#offsets[length] = place - code;
      for (let symbol = 0; symbol < lengths.length; symbol += 1) {
        if (lengths[symbol] !== length) continue;
        this.#symbols[place] = symbol;
        place += 1;
        code += 1;
      }
      this.#limits[length] = code - 1;
      code *= 2;
    }
  }

  next(bits: BitReader): number {
    let code = 0;
    for (let length = 1; length <= MAX_CODE_BITS; length += 1) {
      code = code * 2 + bits.read(1);
      if (code > (this.#limits[length] ?? -1)) continue;
      const symbol = this.#symbols[code + (this.#offsets[length] ?? 0)];
      if (symbol !== undefined) return symbol;
    }
    throw malformed('a bzip2 block is damaged', bits.input.position);
  }
}

/** Run lengths of the front symbol (0 and 1), then places in the move-to-front list, then the end. */
function* readSymbols(
  bits: BitReader,
  block: Bzip2Block,
  symbols: number[],
  selectors: Uint8Array,
  tables: readonly HuffmanTable[],
): Generator<undefined, void, void> {
  const front = [...symbols];
  const end = symbols.length + 1;
  let run = 0;
  let weight = 1;
  block.begin();
  for (const selector of selectors) {
    const table = tables[selector];
    yield* topUp(bits);
    for (let index = 0; index < GROUP_SYMBOLS && table !== undefined; index += 1) {
      const symbol = table.next(bits);
      if (symbol <= 1) {
        run += weight << symbol;
        weight *= 2;
        // No block is that long; the sum would overflow.
        if (weight > 2 ** 21) throw malformed('a bzip2 block is too long', bits.input.position);
        continue;
      }
      block.add(front[0] ?? 0, run);
      run = 0;
      weight = 1;
      if (symbol === end) return;
      const [byte = 0] = front.splice(symbol - 1, 1);
      front.unshift(byte);
      block.add(byte, 1);
    }
  }
  throw malformed('a bzip2 block does not end', bits.input.position);
}

/** The bytes of a block as they were sorted, and the way back. */
class Bzip2Block {
  /** The byte in the low 8 bits, the place of the next one above. */
  readonly #table: Uint32Array;
  #length = 0;
  #next = 0;

  constructor(bytes: number) {
    this.#table = new Uint32Array(bytes);
  }

  begin(): void {
    this.#length = 0;
  }

  add(byte: number, count: number): void {
    if (this.#length + count > this.#table.length) throw malformed('a bzip2 block is too long');
    this.#table.fill(byte, this.#length, this.#length + count);
    this.#length += count;
  }

  sort(origin: number): void {
    const table = this.#table;
    if (origin >= this.#length) throw malformed('a bzip2 block is damaged');
    const places = new Uint32Array(256);
    for (let index = 0; index < this.#length; index += 1) {
      const byte = (table[index] ?? 0) & 255;
      places[byte] = (places[byte] ?? 0) + 1;
    }
    let sum = 0;
    for (let byte = 0; byte < 256; byte += 1) {
      const count = places[byte] ?? 0;
      places[byte] = sum;
      sum += count;
    }
    for (let index = 0; index < this.#length; index += 1) {
      const byte = (table[index] ?? 0) & 255;
      const place = places[byte] ?? 0;
      places[byte] = place + 1;
      table[place] = (table[place] ?? 0) | (index << 8);
    }
    this.#next = (table[origin] ?? 0) >>> 8;
  }

  /** The block's bytes; after four equal ones comes a count of more. */
  *output(): Generator<Uint8Array, void, void> {
    const table = this.#table;
    let part = new Uint8Array(DECODED_PART_BYTES);
    let at = 0;
    let equal = 0;
    let last = -1;
    for (let index = 0; index < this.#length; index += 1) {
      const entry = table[this.#next] ?? 0;
      const byte = entry & 255;
      this.#next = entry >>> 8;
      // Room for the longest run.
      if (at + 256 > part.length) {
        yield part.subarray(0, at);
        part = new Uint8Array(DECODED_PART_BYTES);
        at = 0;
      }
      if (equal === 4) {
        part.fill(last, at, at + byte);
        at += byte;
        equal = 0;
        last = -1;
        continue;
      }
      equal = byte === last ? equal + 1 : 1;
      last = byte;
      part[at] = byte;
      at += 1;
    }
    if (at > 0) yield part.subarray(0, at);
  }
}
