import { MAX_HDF5_BLOCK_BYTES, MAX_HDF5_HEAP_OBJECTS, MAX_NAME_BYTES } from '../limits.ts';
import { malformed } from '../parse/parse-stop.ts';
import type { Hdf5Fields } from './hdf5-fields.ts';
import { untilZero } from './hdf5-fields.ts';
import type { Hdf5File } from './hdf5-file.ts';

/** Most names end within these; what lies across the pages of a source has to be copied. */
const USUAL_NAME_BYTES = 64;

/** Where the names of a group are (section III.D, local heap). */
interface LocalHeap {
  readonly address: number;
  readonly bytes: number;
}

export async function openLocalHeap(file: Hdf5File, at: number | undefined): Promise<LocalHeap> {
  const fields = await file.read(at, 8 + 2 * file.sizes.length + file.sizes.offset);
  fields.signature('HEAP').version(0);
  const bytes = fields.skip(3).length();
  fields.unboundedLength();
  const address = fields.address();
  if (address === undefined) throw malformed('the names of a group are nowhere', fields.start);
  return { address, bytes };
}

/** The text at `offset` of a local heap. */
export async function nameIn(file: Hdf5File, heap: LocalHeap, offset: number): Promise<string> {
  if (offset >= heap.bytes) throw malformed('a name is outside its heap', heap.address);
  const most = Math.min(heap.bytes - offset, MAX_NAME_BYTES);
  const { bytes } = await file.read(heap.address + offset, Math.min(most, USUAL_NAME_BYTES));
  if (bytes.includes(0) || most <= USUAL_NAME_BYTES) return untilZero(bytes);
  return untilZero((await file.read(heap.address + offset, most)).bytes);
}

export async function readLocalName(
  file: Hdf5File,
  heap: number | undefined,
  offset: number,
): Promise<string> {
  return await nameIn(file, await openLocalHeap(file, heap), offset);
}

/** One object of a global heap (section III.E), which holds texts of any length. */
export async function readGlobalObject(
  file: Hdf5File,
  address: number | undefined,
  index: number,
  most = MAX_HDF5_BLOCK_BYTES,
): Promise<Hdf5Fields> {
  const head = await file.read(address, 8 + file.sizes.length);
  head.signature('GCOL').version(1);
  const end = head.start + head.skip(3).length();
  const prefix = 8 + file.sizes.length;
  let at = head.start + prefix;
  for (let count = 0; count < MAX_HDF5_HEAP_OBJECTS && at + prefix <= end; count += 1) {
    const object = await file.read(at, prefix);
    const number = object.u16();
    const bytes = object.skip(6).length();
    if (at + prefix + bytes > end) throw malformed('an object is longer than its heap', at);
    if (number === index) return await file.read(at + prefix, Math.min(bytes, most));
    // Object 0 is the free space at the end.
    if (number === 0) break;
    at += prefix + Math.ceil(bytes / 8) * 8;
  }
  throw malformed(`a heap has no object ${index}`, head.start);
}
