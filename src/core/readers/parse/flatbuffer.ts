import { MAX_FLATBUFFER_TABLES, MAX_STRING_BYTES } from '../limits.ts';
import { decodeText } from './byte-cursor.ts';
import type { PagedSource, Place } from './paged-source.ts';
import { malformed, ParseStop } from './parse-stop.ts';

/** Numbers of a flatbuffer vector, by their DataView reader and their size in bytes. */
const NUMBER_BYTES = { i8: 1, u8: 1, i32: 4, u32: 4, f32: 4, f64: 8 } as const;
export type FlatNumber = keyof typeof NUMBER_BYTES;

/** References of a vector that are looked at together. */
const REFERENCES_AHEAD = 128;
/** Bytes of a table and of the short texts and lists that are written behind it. */
const TABLE_BYTES = 512;

/** Elements of a vector in the file; `at` is the position of the first. */
export interface FlatVector {
  readonly at: number;
  readonly count: number;
}

/** The bytes of one flatbuffer, which may be a part of a file. All offsets in it are claims. */
class FlatRegion {
  readonly source: PagedSource;
  readonly end: number;
  /** Behind the last byte that was read, or that belongs to a list which was found. */
  reach = 0;
  #tables = 0;

  constructor(source: PagedSource, end: number) {
    this.source = source;
    this.end = end;
  }

  async read(at: number, length: number): Promise<DataView> {
    // Past the file is `truncated`, which the source says; inside the file but past the buffer is a lie.
    if (at + length > this.end && at + length <= this.source.size) {
      throw malformed('an offset points outside its flatbuffer', at);
    }
    const bytes = await this.source.read(at, length);
    this.reach = Math.max(this.reach, at + length);
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Reads the places that some references point at together; what is wrong with one is told when it is followed. */
  async prefetchTargets(references: readonly number[]): Promise<void> {
    if (!this.source.isRemote) return;
    const places: Place[] = [];
    for (const at of references) {
      const target = at + (await this.read(at, 4)).getUint32(0, true);
      places.push({ at: target, length: TABLE_BYTES });
    }
    await this.source.prefetch(places);
  }

  countTable(at: number): void {
    this.#tables += 1;
    if (this.#tables <= MAX_FLATBUFFER_TABLES) return;
    throw new ParseStop('too-large-to-show', `more than ${MAX_FLATBUFFER_TABLES} tables are in it`, at);
  }
}

/**
 * A table of a flatbuffer: its fields by number, in the order of the schema. References only point forward, so that a
 * walk always ends; one table may be reached many ways, so the tables are counted.
 */
export class FlatTable {
  /** Position in the file. */
  readonly position: number;
  readonly #region: FlatRegion;
  readonly #offsets: DataView;
  readonly #fields: DataView;

  private constructor(region: FlatRegion, position: number, offsets: DataView, fields: DataView) {
    this.#region = region;
    this.position = position;
    this.#offsets = offsets;
    this.#fields = fields;
  }

  /** The root table of a flatbuffer that takes the file's bytes from `start` to `end`. */
  static async root(source: PagedSource, start = 0, end = source.size): Promise<FlatTable> {
    const region = new FlatRegion(source, end);
    return await FlatTable.#at(region, await FlatTable.#follow(region, start));
  }

  /** A vtable is the bytes of itself and of the table's fields (both `u16`), then an offset (`u16`) a field. */
  static async #at(region: FlatRegion, position: number): Promise<FlatTable> {
    region.countTable(position);
    const vtable = position - (await region.read(position, 4)).getInt32(0, true);
    if (vtable < 0) throw malformed('a table has its fields before the file', position);
    const head = await region.read(vtable, 4);
    const offsetBytes = head.getUint16(0, true);
    const fieldBytes = head.getUint16(2, true);
    if (offsetBytes < 4 || offsetBytes % 2 !== 0 || fieldBytes < 4) {
      throw malformed('a table has an impossible size', vtable);
    }
    const offsets = await region.read(vtable, offsetBytes);
    return new FlatTable(region, position, offsets, await region.read(position, fieldBytes));
  }

  static async #follow(region: FlatRegion, at: number): Promise<number> {
    const offset = (await region.read(at, 4)).getUint32(0, true);
    if (offset < 4) throw malformed('a reference points at itself', at);
    return at + offset;
  }

  /** How far into the file the tables reach that were looked at, and the lists in them. */
  get reach(): number {
    return this.#region.reach;
  }

  has(field: number): boolean {
    return this.#slot(field, 1) !== undefined;
  }

  bool(field: number, fallback = false): boolean {
    return this.u8(field, fallback ? 1 : 0) !== 0;
  }

  u8(field: number, fallback = 0): number {
    const slot = this.#slot(field, 1);
    return slot === undefined ? fallback : this.#fields.getUint8(slot);
  }

  i8(field: number, fallback = 0): number {
    const slot = this.#slot(field, 1);
    return slot === undefined ? fallback : this.#fields.getInt8(slot);
  }

  i32(field: number, fallback = 0): number {
    const slot = this.#slot(field, 4);
    return slot === undefined ? fallback : this.#fields.getInt32(slot, true);
  }

  u32(field: number, fallback = 0): number {
    const slot = this.#slot(field, 4);
    return slot === undefined ? fallback : this.#fields.getUint32(slot, true);
  }

  /** One that no file can hold is `malformed`. */
  u64(field: number, fallback = 0): number {
    const slot = this.#slot(field, 8);
    const value = slot === undefined ? fallback : Number(this.#fields.getBigUint64(slot, true));
    if (!Number.isSafeInteger(value)) throw malformed('a number is larger than any file', this.position);
    return value;
  }

  f32(field: number, fallback = 0): number {
    const slot = this.#slot(field, 4);
    return slot === undefined ? fallback : this.#fields.getFloat32(slot, true);
  }

  f64(field: number, fallback = 0): number {
    const slot = this.#slot(field, 8);
    return slot === undefined ? fallback : this.#fields.getFloat64(slot, true);
  }

  async table(field: number): Promise<FlatTable | undefined> {
    const at = await this.#target(field);
    return at === undefined ? undefined : await FlatTable.#at(this.#region, at);
  }

  /** A text, at most `most` bytes of it. */
  async text(field: number, most = MAX_STRING_BYTES): Promise<string | undefined> {
    const at = await this.#target(field);
    return at === undefined ? undefined : await this.#textAt(at, most);
  }

  /** Where the elements of a vector are, `elementBytes` each; all of them lie in the flatbuffer. */
  async vector(field: number, elementBytes: number): Promise<FlatVector | undefined> {
    const at = await this.#target(field);
    return at === undefined ? undefined : await this.#vectorAt(at, elementBytes);
  }

  /** At most `most` numbers of a vector. */
  async numbers(field: number, kind: FlatNumber, most: number): Promise<number[]> {
    const bytes = NUMBER_BYTES[kind];
    const vector = await this.vector(field, bytes);
    if (vector === undefined) return [];
    const view = await this.#region.read(vector.at, Math.min(vector.count, most) * bytes);
    return Array.from({ length: view.byteLength / bytes }, (_, index) => numberAt(view, kind, index * bytes));
  }

  /** At most `most` tables of a vector, each read when it is asked for. */
  async *tables(field: number, most: number): AsyncGenerator<FlatTable> {
    for await (const at of this.#references(field, most)) yield await FlatTable.#at(this.#region, at);
  }

  /** One table of a vector; undefined past its end. */
  async element(field: number, index: number): Promise<FlatTable | undefined> {
    const vector = await this.vector(field, 4);
    if (vector === undefined || index >= vector.count) return undefined;
    return await FlatTable.#at(this.#region, await FlatTable.#follow(this.#region, vector.at + index * 4));
  }

  /** Reads what these tables of a vector need at once, where that is faster. */
  async prefetchElements(field: number, indices: readonly number[]): Promise<void> {
    const vector = await this.vector(field, 4);
    if (vector === undefined) return;
    const known = indices.filter((index) => index < vector.count);
    await this.#region.prefetchTargets(known.map((index) => vector.at + index * 4));
  }

  /** At most `most` texts of a vector, at most `mostBytes` of each. */
  async *texts(field: number, most: number, mostBytes = MAX_STRING_BYTES): AsyncGenerator<string> {
    for await (const at of this.#references(field, most)) yield await this.#textAt(at, mostBytes);
  }

  async *#references(field: number, most: number): AsyncGenerator<number> {
    const vector = await this.vector(field, 4);
    if (vector === undefined) return;
    for (let index = 0; index < Math.min(vector.count, most); index += 1) {
      if (index % REFERENCES_AHEAD === 0) {
        const ahead = Math.min(vector.count, most, index + REFERENCES_AHEAD);
        await this.#region.prefetchTargets(
          Array.from({ length: ahead - index }, (_, n) => vector.at + (index + n) * 4),
        );
      }
      yield await FlatTable.#follow(this.#region, vector.at + index * 4);
    }
  }

  async #textAt(at: number, most: number): Promise<string> {
    const vector = await this.#vectorAt(at, 1);
    const view = await this.#region.read(vector.at, Math.min(vector.count, most));
    return decodeText(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
  }

  async #vectorAt(at: number, elementBytes: number): Promise<FlatVector> {
    const count = (await this.#region.read(at, 4)).getUint32(0, true);
    const bytes = count * elementBytes;
    if (at + 4 + bytes > this.#region.source.size) {
      throw new ParseStop('truncated', `a list of ${bytes} bytes is stated where the file has ended`, at);
    }
    if (at + 4 + bytes > this.#region.end) throw malformed('a list is longer than its flatbuffer', at);
    this.#region.reach = Math.max(this.#region.reach, at + 4 + bytes);
    return { at: at + 4, count };
  }

  async #target(field: number): Promise<number | undefined> {
    const slot = this.#slot(field, 4);
    return slot === undefined ? undefined : await FlatTable.#follow(this.#region, this.position + slot);
  }

  /** Where in the table a field of `bytes` bytes is; undefined where it is left out. */
  #slot(field: number, bytes: number): number | undefined {
    const entry = 4 + field * 2;
    if (entry + 2 > this.#offsets.byteLength) return undefined;
    const slot = this.#offsets.getUint16(entry, true);
    if (slot === 0) return undefined;
    if (slot < 4 || slot + bytes > this.#fields.byteLength) {
      throw malformed(`the field ${field} is outside its table`, this.position);
    }
    return slot;
  }
}

function numberAt(view: DataView, kind: FlatNumber, at: number): number {
  switch (kind) {
    case 'i8':
      return view.getInt8(at);
    case 'u8':
      return view.getUint8(at);
    case 'i32':
      return view.getInt32(at, true);
    case 'u32':
      return view.getUint32(at, true);
    case 'f32':
      return view.getFloat32(at, true);
    case 'f64':
      return view.getFloat64(at, true);
  }
}
