import { MAX_HDF5_BLOCK_BYTES, MAX_HDF5_HEAP_DEPTH } from '../limits.ts';
import { malformed, ParseStop } from '../parse/parse-stop.ts';
import { bytesFor, type Hdf5Fields } from './hdf5-fields.ts';
import type { Hdf5File } from './hdf5-file.ts';
import { treeRecords } from './hdf5-tree-v2.ts';

/** The doubling table: two rows of blocks of the first size, then each row twice the one before. */
interface Table {
  readonly width: number;
  readonly startBytes: number;
  readonly maxDirectBytes: number;
  /** Bytes of an offset in the heap. */
  readonly offsetBytes: number;
}

/** Objects by their ids (section III.G). Heaps behind filters are not read: no library of models writes one. */
export interface FractalHeap {
  object(id: Hdf5Fields): Promise<Hdf5Fields>;
}

export async function openFractalHeap(file: Hdf5File, address: number | undefined): Promise<FractalHeap> {
  const { offset, length } = file.sizes;
  const fields = await file.read(address, 26 + 3 * offset + 12 * length);
  fields.signature('FRHP').version(0);
  fields.u16();
  if (fields.u16() !== 0) throw new ParseStop('too-large-to-show', 'a heap is compressed', fields.start);
  fields.skip(1);
  const maxObject = fields.u32();
  fields.length();
  const hugeTree = fields.address();
  fields.skip(length + offset + 8 * length);
  const width = fields.u16();
  const startBytes = fields.length();
  const maxDirectBytes = fields.length();
  const offsetBytes = Math.ceil(fields.u16() / 8);
  fields.skip(2);
  const root = fields.address();
  const rows = fields.u16();
  if (!isPower(startBytes) || !isPower(maxDirectBytes) || !isPower(width) || offsetBytes > 8) {
    throw malformed('a heap has an impossible table', fields.start);
  }
  const table = { width, startBytes, maxDirectBytes, offsetBytes };
  const lengthBytes = Math.min(bytesFor(maxDirectBytes), bytesFor(maxObject));
  return {
    async object(id) {
      const kind = (id.u8() >> 4) & 3;
      // Tiny objects stand in the id, which is as long as they are.
      if (kind === 2) return id.take(Math.min(id.left, ((id.bytes[0] ?? 0) % 16) + 1));
      if (kind === 1) return await hugeObject(file, hugeTree, id);
      if (kind !== 0) throw malformed('an object of a heap is of no kind', id.start);
      const at = id.uint(offsetBytes);
      const bytes = id.uint(lengthBytes);
      return await file.read(await find(file, table, { root, rows }, at), bytes);
    },
  };
}

/** Objects too large for a block have places of their own, in the id if it is long enough, else in a tree (type 1). */
async function hugeObject(file: Hdf5File, tree: number | undefined, id: Hdf5Fields): Promise<Hdf5Fields> {
  const { offset, length } = file.sizes;
  if (id.left >= offset + length) return await file.read(id.address(), id.length());
  const key = id.uint(Math.min(id.left, length));
  for await (const record of treeRecords(file, tree, 1)) {
    const at = record.address();
    const bytes = record.length();
    if (record.length() === key) return await file.read(at, bytes);
  }
  throw malformed('an object of a heap is nowhere', id.start);
}

function isPower(value: number): boolean {
  return value > 0 && value <= MAX_HDF5_BLOCK_BYTES && Number.isInteger(Math.log2(value));
}

/** The address of heap offset `at`: through indirect blocks to the direct block that holds it. */
async function find(
  file: Hdf5File,
  table: Table,
  { root, rows }: { root: number | undefined; rows: number },
  at: number,
): Promise<number> {
  let address = root;
  let blockRows = rows;
  let start = 0;
  for (let depth = 0; depth <= MAX_HDF5_HEAP_DEPTH; depth += 1) {
    if (address === undefined) throw malformed('an object is where its heap has no block');
    if (blockRows === 0) return address + (at - start);
    const { row, column, rowStart } = place(table, at - start, blockRows, address);
    const rowBytes = blockBytes(table, row);
    const slot = row * table.width + column;
    const before = 5 + file.sizes.offset + table.offsetBytes;
    const fields = await file.read(address + before + slot * file.sizes.offset, file.sizes.offset);
    address = fields.address();
    start += rowStart + column * rowBytes;
    blockRows = rowBytes <= table.maxDirectBytes ? 0 : rowsOf(table, rowBytes);
  }
  throw malformed('the blocks of a heap are nested too deep', address);
}

function blockBytes({ startBytes }: Table, row: number): number {
  return startBytes * 2 ** Math.max(0, row - 1);
}

function rowsOf({ startBytes, width }: Table, bytes: number): number {
  return Math.log2(bytes) - Math.log2(startBytes * width) + 1;
}

function place(
  table: Table,
  offset: number,
  rows: number,
  address: number,
): { row: number; column: number; rowStart: number } {
  let rowStart = 0;
  for (let row = 0; row < Math.min(rows, 64); row += 1) {
    const rowBytes = blockBytes(table, row);
    const end = rowStart + rowBytes * table.width;
    if (offset < end) return { row, column: Math.floor((offset - rowStart) / rowBytes), rowStart };
    rowStart = end;
  }
  throw malformed('an object is outside its heap', address);
}
