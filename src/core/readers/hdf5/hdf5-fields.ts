import { decodeText } from '../parse/byte-cursor.ts';
import { malformed, ParseStop } from '../parse/parse-stop.ts';

/** Bytes of addresses ("offsets") and of lengths in one file; its superblock says them. */
export interface Hdf5Sizes {
  readonly offset: number;
  readonly length: number;
}

/** The fields of one record, in order. All numbers are little-endian; what is read past the record is `malformed`. */
export class Hdf5Fields {
  readonly bytes: Uint8Array;
  readonly sizes: Hdf5Sizes;
  /** Position of the first byte in the HDF5 data; inside a decoded heap object it is that of the object. */
  readonly start: number;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array, sizes: Hdf5Sizes, start: number) {
    this.bytes = bytes;
    this.sizes = sizes;
    this.start = start;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get position(): number {
    return this.start + this.#at;
  }

  get left(): number {
    return this.bytes.byteLength - this.#at;
  }

  u8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#advance(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  /** An unsigned number of 1 to 8 bytes; one that no file can hold is `malformed`. */
  uint(bytes: number): number {
    const start = this.#advance(bytes);
    let value = 0;
    for (let index = bytes - 1; index >= 0; index -= 1) {
      value = value * 256 + this.#view.getUint8(start + index);
    }
    if (!Number.isSafeInteger(value)) throw malformed('a number is larger than any file', this.start + start);
    return value;
  }

  length(): number {
    return this.uint(this.sizes.length);
  }

  /** A size of which all ones mean "without bound". */
  unboundedLength(): number | undefined {
    return this.#onesOr(this.sizes.length);
  }

  /** An address; all ones mean that there is none. */
  address(): number | undefined {
    return this.#onesOr(this.sizes.offset);
  }

  /** {@link address} where it is only a hint: one that no file can hold is none. */
  addressOrLess(): number | undefined {
    const bytes = this.take(this.sizes.offset).bytes;
    const value = bytes.reduceRight((sum, byte) => sum * 256 + byte, 0);
    return Number.isSafeInteger(value) ? value : undefined;
  }

  #onesOr(bytes: number): number | undefined {
    const here = this.bytes.subarray(this.#at, this.#at + bytes);
    if (here.byteLength === bytes && here.every((byte) => byte === 0xff)) {
      this.#at += bytes;
      return undefined;
    }
    return this.uint(bytes);
  }

  skip(bytes: number): this {
    this.#advance(bytes);
    return this;
  }

  take(bytes: number): Hdf5Fields {
    const start = this.#advance(bytes);
    return new Hdf5Fields(this.bytes.subarray(start, start + bytes), this.sizes, this.start + start);
  }

  /** The same record from its first field. */
  again(): Hdf5Fields {
    return new Hdf5Fields(this.bytes, this.sizes, this.start);
  }

  /** Text of a field of fixed size, to its first zero byte. */
  text(bytes: number): string {
    return untilZero(this.take(bytes).bytes);
  }

  /** Text that ends with a zero byte, which is passed too. */
  zeroEnded(): string {
    const end = this.bytes.indexOf(0, this.#at);
    if (end < 0) throw malformed('a text does not end', this.position);
    return this.text(end + 1 - this.#at);
  }

  /** Throws unless the record begins with these four letters. */
  signature(expected: string): this {
    if (this.text(4) !== expected) throw malformed(`no ${expected} is where one is stated`, this.start);
    return this;
  }

  /** Throws unless the next byte is a version that is known here. */
  version(...known: readonly number[]): number {
    const version = this.u8();
    if (known.includes(version)) return version;
    throw malformed(`the version ${version} of a record is not known`, this.position - 1);
  }

  #advance(bytes: number): number {
    const start = this.#at;
    if (bytes < 0 || start + bytes > this.bytes.byteLength) {
      throw new ParseStop('malformed', 'a record is shorter than its fields', this.start + start);
    }
    this.#at += bytes;
    return start;
  }
}

export function untilZero(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return decodeText(end < 0 ? bytes : bytes.subarray(0, end));
}

/** Bytes that a number up to `most` takes in records whose fields are as small as can be. */
export function bytesFor(most: number): number {
  return Math.floor(Math.log2(Math.max(1, most)) / 8) + 1;
}
