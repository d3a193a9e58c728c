import type { DecoderInput } from './decoder-input.ts';
import { malformed } from './parse-stop.ts';

const HALF = 1024;
const MODEL_BITS = 11;
const SHIFT = 5;
/** Below this the range takes another byte. */
const SMALLEST_RANGE = 0x1000000;

/** The adaptive binary range coder of LZMA. Numbers stay below 2^32. */
export class RangeCoder {
  readonly #input: DecoderInput;
  #range = 0;
  #code = 0;

  constructor(input: DecoderInput) {
    this.#input = input;
  }

  reset(models: Uint16Array): void {
    models.fill(HALF);
  }

  begin(): void {
    if (this.#input.u8() !== 0) throw malformed('an LZMA stream is damaged', this.#input.position);
    this.#range = 0xffffffff;
    this.#code = 0;
    for (let index = 0; index < 4; index += 1) this.#code = this.#code * 256 + this.#input.u8();
  }

  normalize(): void {
    if (this.#range >= SMALLEST_RANGE) return;
    this.#range *= 256;
    // A damaged stream can have a code above its range: it must not outgrow 32 bits.
    this.#code = ((this.#code << 8) | this.#input.u8()) >>> 0;
  }

  /** One bit by its model. */
  bit(models: Uint16Array, index: number): 0 | 1 {
    this.normalize();
    const model = models[index] ?? HALF;
    const bound = (this.#range >>> MODEL_BITS) * model;
    if (this.#code < bound) {
      this.#range = bound;
      models[index] = model + ((2 * HALF - model) >> SHIFT);
      return 0;
    }
    this.#range -= bound;
    this.#code -= bound;
    models[index] = model - (model >> SHIFT);
    return 1;
  }

  /** Bits from the highest, each with its own model. */
  tree(models: Uint16Array, base: number, bits: number): number {
    let node = 1;
    for (let index = 0; index < bits; index += 1) node = node * 2 + this.bit(models, base + node);
    return node - (1 << bits);
  }

  /** Bits from the lowest. */
  reverseTree(models: Uint16Array, base: number, bits: number): number {
    let node = 1;
    let value = 0;
    for (let index = 0; index < bits; index += 1) {
      const bit = this.bit(models, base + node);
      node = node * 2 + bit;
      value += bit << index;
    }
    return value;
  }

  /** Bits of even chance, from the highest. */
  direct(bits: number): number {
    let value = 0;
    for (let index = 0; index < bits; index += 1) {
      this.normalize();
      this.#range = Math.floor(this.#range / 2);
      const isOne = this.#code >= this.#range;
      if (isOne) this.#code -= this.#range;
      value = value * 2 + (isOne ? 1 : 0);
    }
    return value;
  }
}
