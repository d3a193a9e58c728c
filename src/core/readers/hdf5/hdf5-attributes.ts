import {
  MAX_HDF5_ATTRIBUTE_BYTES,
  MAX_HDF5_ATTRIBUTE_VALUES,
  MAX_HDF5_ATTRIBUTES,
  MAX_HDF5_BLOCK_BYTES,
} from '../limits.ts';
import { decodeText } from '../parse/byte-cursor.ts';
import { malformed, ParseStop } from '../parse/parse-stop.ts';
import { elementsOf } from '../tensor-tally.ts';
import { readShape, typeOf } from './hdf5-dataset.ts';
import type { Hdf5Type } from './hdf5-datatype.ts';
import { type Hdf5Fields, untilZero } from './hdf5-fields.ts';
import type { Hdf5File } from './hdf5-file.ts';
import { openFractalHeap } from './hdf5-fractal-heap.ts';
import { type Hdf5Message, MESSAGE } from './hdf5-header.ts';
import { readGlobalObject } from './hdf5-heaps.ts';
import { treeRecords } from './hdf5-tree-v2.ts';

/** An attribute; its values are decoded when they are asked for. */
export interface Hdf5Attribute {
  readonly name: string;
  readonly type: Hdf5Type;
  readonly shape: readonly number[];
  readonly data: Hdf5Fields;
}

/** A value of an attribute as plain data. */
export type Hdf5Value = string | number | bigint | boolean;

/** The attributes of an object, those in its header and those in its heap. */
export async function* attributesOf(
  file: Hdf5File,
  messages: readonly Hdf5Message[],
): AsyncGenerator<Hdf5Attribute> {
  const budget = new AttributeBudget();
  for (const { type, shared, fields } of messages) {
    if (type !== MESSAGE.attribute) continue;
    if (shared) throw malformed('an attribute is in the heap of shared messages', fields.start);
    yield await readAttribute(file, budget.count(fields));
  }
  const info = messages.find(({ type }) => type === MESSAGE.attributeInfo);
  if (info === undefined) return;
  const { heap, tree } = denseStore(info.fields);
  if (heap === undefined) return;
  const opened = await openFractalHeap(file, heap);
  // Records of type 8: heap id of eight bytes, flags, creation order, hash of the name.
  for await (const record of treeRecords(file, tree, 8)) {
    yield await readAttribute(file, budget.count(await opened.object(record.take(8))));
  }
}

/** What the attributes of one object may take: they are kept, and those in a heap may share bytes in the file. */
class AttributeBudget {
  #count = 0;
  #bytes = 0;

  count(fields: Hdf5Fields): Hdf5Fields {
    this.#count += 1;
    this.#bytes += fields.bytes.byteLength;
    if (this.#count > MAX_HDF5_ATTRIBUTES || this.#bytes > MAX_HDF5_BLOCK_BYTES) {
      const message = `more than ${MAX_HDF5_ATTRIBUTES} attributes, or ${MAX_HDF5_BLOCK_BYTES} bytes of them`;
      throw new ParseStop('too-large-to-show', message, fields.start);
    }
    return fields;
  }
}

/** Attribute info message (section IV.A.2.v): flag 0 adds the largest creation index. */
function denseStore(fields: Hdf5Fields): { heap: number | undefined; tree: number | undefined } {
  fields.version(0);
  if ((fields.u8() & 1) !== 0) fields.skip(2);
  return { heap: fields.address(), tree: fields.address() };
}

/** Attribute message (section IV.A.2.m). Version 1 pads its parts to eight bytes; flags 0 and 1 mark shared parts. */
async function readAttribute(file: Hdf5File, fields: Hdf5Fields): Promise<Hdf5Attribute> {
  const version = fields.version(1, 2, 3);
  const flags = fields.u8();
  const [nameBytes, typeBytes, spaceBytes] = [fields.u16(), fields.u16(), fields.u16()];
  if (version === 3) fields.skip(1);
  const part = (bytes: number) => {
    const taken = fields.take(bytes);
    if (version === 1) fields.skip((8 - (bytes % 8)) % 8);
    return taken;
  };
  const name = untilZero(part(nameBytes).bytes);
  const typeFields = part(typeBytes);
  const shared = version > 1 && (flags & 1) !== 0;
  const type = await typeOf(file, { type: MESSAGE.datatype, shared, fields: typeFields });
  return { name, type, shape: readShape(part(spaceBytes)), data: fields.take(fields.left) };
}

/**
 * The values of an attribute in one list; undefined for types that have no plain form.
 * @param mostBytes of each text
 */
export async function valuesOf(
  file: Hdf5File,
  { type, shape, data }: Hdf5Attribute,
  mostBytes = MAX_HDF5_ATTRIBUTE_BYTES,
): Promise<Hdf5Value[] | undefined> {
  if (type.kind === 'other' && type.dtype !== 'BOOL') return undefined;
  const count = Number(elementsOf(shape, data.start));
  if (count > MAX_HDF5_ATTRIBUTE_VALUES) return undefined;
  const values: Hdf5Value[] = [];
  const rest = data.again();
  for (let index = 0; index < count; index += 1) {
    const value = await readValue(file, type, rest.take(type.size), mostBytes);
    if (value === undefined) return undefined;
    values.push(value);
  }
  return values;
}

/** The one text of an attribute. Throws {@link ParseStop} where it is longer than `mostBytes`. */
export async function textOf(
  file: Hdf5File,
  attribute: Hdf5Attribute,
  mostBytes = MAX_HDF5_ATTRIBUTE_BYTES,
): Promise<string | undefined> {
  const [value, ...more] = (await valuesOf(file, attribute, mostBytes)) ?? [];
  return typeof value === 'string' && more.length === 0 ? value : undefined;
}

async function readValue(
  file: Hdf5File,
  type: Hdf5Type,
  data: Hdf5Fields,
  mostBytes: number,
): Promise<Hdf5Value | undefined> {
  switch (type.kind) {
    case 'text':
      return untilZero(data.bytes);
    case 'variable-text':
      return await readVariableText(file, data, mostBytes);
    case 'integer':
      return integer(data.bytes, type);
    case 'float':
      return float(data.bytes, type);
    default:
      return type.dtype === 'BOOL' ? data.u8() !== 0 : undefined;
  }
}

/** Length, then address and number of an object in a global heap. */
async function readVariableText(file: Hdf5File, data: Hdf5Fields, mostBytes: number): Promise<string> {
  const bytes = data.u32();
  const address = data.address();
  if (bytes === 0) return '';
  if (bytes > mostBytes) {
    throw new ParseStop('too-large-to-show', `a text has ${bytes} bytes, ${mostBytes} are read`, data.start);
  }
  const object = await readGlobalObject(file, address, data.u32(), bytes);
  return decodeText(object.bytes).replace(/\u0000+$/, '');
}

function integer(bytes: Uint8Array, type: Hdf5Type): number | bigint | undefined {
  if (bytes.byteLength > 8) return undefined;
  const ordered = type.littleEndian ? [...bytes].reverse() : [...bytes];
  const value = ordered.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  const exact = type.signed ? BigInt.asIntN(8 * bytes.byteLength, value) : value;
  return Number.isSafeInteger(Number(exact)) ? Number(exact) : exact;
}

function float(bytes: Uint8Array, type: Hdf5Type): number | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (type.dtype === 'F32') return view.getFloat32(0, type.littleEndian);
  return type.dtype === 'F64' ? view.getFloat64(0, type.littleEndian) : undefined;
}
