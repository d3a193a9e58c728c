import { MAX_HDF5_EXTERNAL_FILES, MAX_RANK } from '../limits.ts';
import { malformed } from '../parse/parse-stop.ts';
import { type Hdf5Type, readType } from './hdf5-datatype.ts';
import type { Hdf5Fields } from './hdf5-fields.ts';
import type { Hdf5File } from './hdf5-file.ts';
import { type Hdf5Message, MESSAGE, readMessages } from './hdf5-header.ts';
import { readGlobalObject, readLocalName } from './hdf5-heaps.ts';

/** A dataset without its values. */
export interface Hdf5Dataset {
  readonly type: Hdf5Type;
  /** No dimensions: one value. */
  readonly shape: readonly number[];
  /** Bytes that the layout says; undefined for chunks, which may be compressed. */
  readonly storedBytes: number | undefined;
  /** Where the values are by the layout; undefined where they are not written, or elsewhere. */
  readonly address: number | undefined;
  /** Other files that hold the values, by the names in this one. */
  readonly otherFiles: readonly string[];
}

/** What a header says of a dataset; undefined where it is of a group or a named type. */
export async function readDataset(
  file: Hdf5File,
  messages: readonly Hdf5Message[],
): Promise<Hdf5Dataset | undefined> {
  const space = messages.find(({ type }) => type === MESSAGE.dataspace);
  const type = messages.find(({ type }) => type === MESSAGE.datatype);
  const layout = messages.find(({ type }) => type === MESSAGE.layout);
  if (space === undefined || type === undefined || layout === undefined) return undefined;
  if (space.shared || layout.shared)
    throw malformed('a message is in the heap of shared ones', space.fields.start);
  const external = messages.find(({ type }) => type === MESSAGE.externalFiles);
  const stored = await readLayout(file, layout.fields);
  return {
    type: await typeOf(file, type),
    shape: readShape(space.fields),
    storedBytes: stored.bytes,
    address: external === undefined ? stored.address : undefined,
    otherFiles: [...stored.otherFiles, ...(await externalFiles(file, external?.fields))],
  };
}

/** A datatype that stands in the message, or in the header of a type with a name. */
export async function typeOf(file: Hdf5File, message: Hdf5Message): Promise<Hdf5Type> {
  if (!message.shared) return readType(message.fields);
  const named = await readMessages(file, sharedAddress(message.fields));
  const inner = named.find(({ type, shared }) => type === MESSAGE.datatype && !shared);
  if (inner === undefined) throw malformed('a type is said to be where none is', message.fields.start);
  return readType(inner.fields);
}

/** A shared message (section IV.A.2, "shared"): where its object header is. */
function sharedAddress(fields: Hdf5Fields): number | undefined {
  const version = fields.version(1, 2, 3);
  const kind = fields.u8();
  if (version === 1) fields.skip(6);
  // Messages in the file's shared heap are not written by the libraries of models.
  if (version === 3 && kind === 1) throw malformed('a shared message is not in an object', fields.start);
  return fields.address();
}

/** Dataspace message (section IV.A.2.b). A dimension of any size counts as it is now. */
export function readShape(fields: Hdf5Fields): number[] {
  const version = fields.version(1, 2);
  const rank = fields.u8();
  if (rank > MAX_RANK) throw malformed(`a shape has more than ${MAX_RANK} dimensions`, fields.position);
  fields.u8();
  const kind = version === 2 ? fields.u8() : 1;
  if (version === 1) fields.skip(5);
  // A null space holds nothing.
  if (kind === 2) return [0];
  return Array.from({ length: rank }, () => fields.length());
}

interface Layout {
  readonly bytes: number | undefined;
  readonly address: number | undefined;
  readonly otherFiles: readonly string[];
}

/** Data layout message (section IV.A.2.i): 0 compact, 1 contiguous, 2 chunked, 3 virtual. */
async function readLayout(file: Hdf5File, fields: Hdf5Fields): Promise<Layout> {
  const version = fields.version(1, 2, 3, 4, 5);
  if (version < 3) return oldLayout(fields);
  const kind = fields.u8();
  if (kind === 0) return { bytes: fields.u16(), address: undefined, otherFiles: [] };
  if (kind === 1) {
    const address = fields.address();
    return { bytes: fields.length(), address, otherFiles: [] };
  }
  if (kind === 3)
    return { bytes: undefined, address: undefined, otherFiles: await virtualFiles(file, fields) };
  return { bytes: undefined, address: undefined, otherFiles: [] };
}

function oldLayout(fields: Hdf5Fields): Layout {
  const rank = fields.u8();
  const kind = fields.u8();
  fields.skip(5);
  if (kind !== 1) return { bytes: undefined, address: undefined, otherFiles: [] };
  const address = fields.address();
  if (rank > MAX_RANK) throw malformed(`a shape has more than ${MAX_RANK} dimensions`, fields.position);
  const sizes = Array.from({ length: rank }, () => fields.u32());
  return { bytes: sizes.reduce((product, size) => product * size, 1), address, otherFiles: [] };
}

/**
 * The first source of a virtual dataset (section VII.B, "global heap block for virtual datasets"): where it is not this
 * file (`.`), or there are several, values come from elsewhere.
 */
async function virtualFiles(file: Hdf5File, fields: Hdf5Fields): Promise<string[]> {
  const address = fields.address();
  const block = await readGlobalObject(file, address, fields.u32());
  block.version(0, 1);
  const entries = block.length();
  const first = block.zeroEnded();
  return entries === 1 && first === '.' ? [] : [first];
}

/** External data files message (section IV.A.2.h): names in a local heap. */
async function externalFiles(file: Hdf5File, fields: Hdf5Fields | undefined): Promise<string[]> {
  if (fields === undefined) return [];
  fields.version(1);
  const used = fields.skip(5).u16();
  const heap = fields.address();
  const names: string[] = [];
  for (let slot = 0; slot < Math.min(used, MAX_HDF5_EXTERNAL_FILES); slot += 1) {
    names.push(await readLocalName(file, heap, fields.length()));
    fields.length();
    fields.unboundedLength();
  }
  return names;
}
