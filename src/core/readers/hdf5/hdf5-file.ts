import { MAX_HDF5_BLOCK_BYTES } from '../limits.ts';
import type { PagedSource, Place } from '../parse/paged-source.ts';
import { malformed, ParseStop } from '../parse/parse-stop.ts';
import { Hdf5Fields, type Hdf5Sizes } from './hdf5-fields.ts';

const MAGIC = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];
/** Bytes of the smallest user block: what stands before the superblock has that many, or twice as many, and so on. */
const USER_BLOCK_BYTES = 512;
/** Bytes of the largest superblock. */
const SUPERBLOCK_BYTES = 96;

/** Whether HDF5 data begins in the head of a file. */
export function startsHdf5(head: Uint8Array): boolean {
  return places(head.byteLength).some((at) => isSignature(head.subarray(at)));
}

/** Where HDF5's library finds the superblock; undefined where there is none. */
export async function findSuperblock(source: PagedSource): Promise<number | undefined> {
  for (const at of places(source.size)) {
    if (isSignature(await source.read(at, MAGIC.length))) return at;
  }
  return undefined;
}

/** Where a superblock may be in so many bytes. */
function places(bytes: number): number[] {
  const found = [0];
  for (let at = USER_BLOCK_BYTES; at + MAGIC.length <= bytes; at *= 2) found.push(at);
  return bytes < MAGIC.length ? [] : found;
}

function isSignature(bytes: Uint8Array): boolean {
  return MAGIC.every((byte, index) => bytes[index] === byte);
}

/** An HDF5 file: the superblock, and reading by address. Section numbers are those of HDF5's file format, version 3. */
export class Hdf5File {
  readonly sizes: Hdf5Sizes;
  /** Bytes before the superblock, which HDF5 does not look at. */
  readonly userBlock: number;
  /** Where the data ends, by the superblock. */
  readonly end: number;
  /** Object header of the root group. */
  readonly root: number;
  readonly #source: PagedSource;
  readonly #base: number;

  private constructor(source: PagedSource, userBlock: number, superblock: Superblock) {
    this.#source = source;
    this.userBlock = userBlock;
    this.sizes = superblock.sizes;
    this.#base = superblock.base;
    this.end = superblock.end;
    this.root = superblock.root;
  }

  static async open(source: PagedSource): Promise<Hdf5File> {
    const start = await findSuperblock(source);
    if (start === undefined) throw malformed('this is not HDF5', 0);
    const superblock = await source.read(start, Math.min(source.size - start, SUPERBLOCK_BYTES));
    return new Hdf5File(source, start, readSuperblock(superblock, start));
  }

  /** Bytes of the file from the superblock's base on. */
  get size(): number {
    return this.#source.size - this.#base;
  }

  /** Reads what will be needed at once, where that is faster; none of it need be there. */
  async prefetch(places: readonly Place[]): Promise<void> {
    await this.#source.prefetch(places.map(({ at, length }) => ({ at: this.#base + at, length })));
  }

  /** One record. Throws {@link ParseStop} past the end or where the record is larger than any honest one. */
  async read(address: number | undefined, bytes: number): Promise<Hdf5Fields> {
    if (address === undefined) throw malformed('a record that is needed has no address');
    if (bytes > MAX_HDF5_BLOCK_BYTES) {
      throw new ParseStop(
        'too-large-to-show',
        `a record has ${bytes} bytes, ${MAX_HDF5_BLOCK_BYTES} are read`,
        address,
      );
    }
    return new Hdf5Fields(await this.#source.read(this.#base + address, bytes), this.sizes, address);
  }
}

interface Superblock {
  readonly sizes: Hdf5Sizes;
  readonly base: number;
  readonly end: number;
  readonly root: number;
}

/** Section II.A. */
function readSuperblock(bytes: Uint8Array, start: number): Superblock {
  const fields = new Hdf5Fields(bytes, { offset: 8, length: 8 }, start).skip(MAGIC.length);
  return fields.version(0, 1, 2, 3) < 2 ? readOldSuperblock(bytes, start) : readNewSuperblock(bytes, start);
}

function readOldSuperblock(bytes: Uint8Array, start: number): Superblock {
  const version = bytes[MAGIC.length];
  const sizes = { offset: bytes[13] ?? 0, length: bytes[14] ?? 0 };
  const fields = withSizes(bytes, sizes, start).skip(version === 1 ? 28 : 24);
  const base = fields.address();
  fields.address();
  const end = fields.address();
  fields.address();
  // The root's symbol table entry: offset of its name, then its header.
  fields.address();
  return complete(sizes, base, end, fields.address(), start);
}

function readNewSuperblock(bytes: Uint8Array, start: number): Superblock {
  const sizes = { offset: bytes[9] ?? 0, length: bytes[10] ?? 0 };
  const fields = withSizes(bytes, sizes, start).skip(12);
  const base = fields.address();
  fields.address();
  const end = fields.address();
  return complete(sizes, base, end, fields.address(), start);
}

function withSizes(bytes: Uint8Array, sizes: Hdf5Sizes, start: number): Hdf5Fields {
  for (const size of [sizes.offset, sizes.length]) {
    if (![2, 4, 8].includes(size)) throw malformed(`addresses of ${size} bytes are not known`, start);
  }
  return new Hdf5Fields(bytes, sizes, start);
}

function complete(
  sizes: Hdf5Sizes,
  base: number | undefined,
  end: number | undefined,
  root: number | undefined,
  start: number,
): Superblock {
  if (base === undefined || end === undefined || root === undefined) {
    throw malformed('the superblock has no root', start);
  }
  // The library writes the end as it is in the file, not from the base on.
  return { sizes, base, end: end - base, root };
}
