import { MAX_NAME_BYTES, MAX_RANK } from '../limits.ts';
import type { ByteCursor } from '../parse/byte-cursor.ts';
import { malformed } from '../parse/parse-stop.ts';
import { type ProtobufField, readText, walkMessage } from '../parse/protobuf-walker.ts';

/** TensorProto.DataType by number, spelled as reports spell types. */
const DATA_TYPES = [
  'UNDEFINED',
  'F32',
  'U8',
  'I8',
  'U16',
  'I16',
  'I32',
  'I64',
  'STRING',
  'BOOL',
  'F16',
  'F64',
  'U32',
  'U64',
  'C64',
  'C128',
  'BF16',
  'F8_E4M3',
  'F8_E4M3FNUZ',
  'F8_E5M2',
  'F8_E5M2FNUZ',
  'U4',
  'I4',
  'F4_E2M1',
  'F8_E8M0',
  'U2',
  'I2',
  'F6_E2M3',
  'F6_E3M2',
] as const;

export function dataTypeName(number: bigint): string {
  return DATA_TYPES[Number(number)] ?? `type ${number}`;
}

/** One input or output. Dimensions are sizes, names of free ones, or null. */
export interface ValueInfo {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly (number | string | null)[];
}

interface ValueType {
  readonly dtype: string;
  readonly shape: ValueInfo['shape'];
}

const UNKNOWN_TYPE: ValueType = { dtype: 'UNDEFINED', shape: [] };

/** ValueInfoProto: 1 name, 2 type. */
export async function readValueInfo(
  cursor: ByteCursor,
  field: ProtobufField,
  depth: number,
): Promise<ValueInfo> {
  let name = '';
  let type = UNKNOWN_TYPE;
  await walkMessage(
    cursor,
    field.end,
    async (part) => {
      if (part.number === 1) name = await readText(cursor, part, MAX_NAME_BYTES);
      else if (part.number === 2) type = await readType(cursor, part, depth + 1);
    },
    depth,
  );
  return { name, ...type };
}

/** TypeProto: 1 tensor, 4 sequence, 5 map, 7 opaque, 8 sparse tensor, 9 optional. */
async function readType(cursor: ByteCursor, field: ProtobufField, depth: number): Promise<ValueType> {
  let type = UNKNOWN_TYPE;
  await walkMessage(
    cursor,
    field.end,
    async (part) => {
      if (part.number === 1 || part.number === 8) type = await readTensorType(cursor, part, depth + 1);
      else if (part.number === 4) type = wrap('sequence', await readElement(cursor, part, 1, depth + 1));
      else if (part.number === 9) type = wrap('optional', await readElement(cursor, part, 1, depth + 1));
      else if (part.number === 5) type = await readMap(cursor, part, depth + 1);
      else if (part.number === 7) type = { dtype: 'opaque', shape: [] };
    },
    depth,
  );
  return type;
}

function wrap(kind: string, element: ValueType): ValueType {
  return { dtype: `${kind}(${element.dtype})`, shape: [] };
}

async function readElement(
  cursor: ByteCursor,
  field: ProtobufField,
  number: number,
  depth: number,
): Promise<ValueType> {
  let type = UNKNOWN_TYPE;
  await walkMessage(
    cursor,
    field.end,
    async (part) => {
      if (part.number === number) type = await readType(cursor, part, depth + 1);
    },
    depth,
  );
  return type;
}

/** TypeProto.Map: 1 key type, 2 value type. */
async function readMap(cursor: ByteCursor, field: ProtobufField, depth: number): Promise<ValueType> {
  let key = 'UNDEFINED';
  let value = UNKNOWN_TYPE;
  await walkMessage(
    cursor,
    field.end,
    async (part) => {
      if (part.number === 1) key = dataTypeName(part.value);
      else if (part.number === 2) value = await readType(cursor, part, depth + 1);
    },
    depth,
  );
  return { dtype: `map(${key},${value.dtype})`, shape: [] };
}

/** TypeProto.Tensor: 1 element type, 2 shape (TensorShapeProto: 1 dim). */
async function readTensorType(cursor: ByteCursor, field: ProtobufField, depth: number): Promise<ValueType> {
  let dtype = 'UNDEFINED';
  const shape: (number | string | null)[] = [];
  const onDimension = async (part: ProtobufField) => {
    if (part.number !== 1) return;
    if (shape.length >= MAX_RANK)
      throw malformed(`a shape has more than ${MAX_RANK} dimensions`, cursor.position);
    shape.push(await readDimension(cursor, part, depth + 2));
  };
  await walkMessage(
    cursor,
    field.end,
    async (part) => {
      if (part.number === 1) dtype = dataTypeName(part.value);
      else if (part.number === 2) await walkMessage(cursor, part.end, onDimension, depth + 1);
    },
    depth,
  );
  return { dtype, shape };
}

/** Dimension: 1 size, 2 name. A size below zero is how some writers say "any". */
async function readDimension(
  cursor: ByteCursor,
  field: ProtobufField,
  depth: number,
): Promise<number | string | null> {
  let dimension: number | string | null = null;
  await walkMessage(
    cursor,
    field.end,
    async (part) => {
      if (part.number === 1) {
        const size = Number(BigInt.asIntN(64, part.value));
        dimension = size >= 0 && Number.isSafeInteger(size) ? size : null;
      } else if (part.number === 2) {
        const name = await readText(cursor, part, MAX_NAME_BYTES);
        dimension = name === '' ? null : name;
      }
    },
    depth,
  );
  return dimension;
}
