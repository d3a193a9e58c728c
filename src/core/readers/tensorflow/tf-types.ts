import { MAX_RANK } from '../limits.ts';
import type { ByteCursor } from '../parse/byte-cursor.ts';
import { malformed } from '../parse/parse-stop.ts';
import { type ProtobufField, walkMessage } from '../parse/protobuf-walker.ts';

/** Element types by number (DataType), spelled as reports spell types; references are 100 above. */
const TYPES = (
  'INVALID F32 F64 I32 U8 I16 I8 STRING C64 I64 BOOL QI8 QU8 QI32 BF16 QI16 QU16 U16 C128 F16 RESOURCE VARIANT U32 ' +
  'U64 F8_E5M2 F8_E4M3 F8_E4M3FNUZ F8_E4M3B11FNUZ F8_E5M2FNUZ I4 U4 I2 U2 F4_E2M1'
).split(' ');

export function tfType(number: bigint): string {
  return TYPES[Number(number) % 100] ?? `type ${number}`;
}

/** Sizes, null for those that are free; null in all where not even their number is known. */
export type TfShape = readonly (number | null)[] | null;

/** TensorShapeProto: 2 dimension (1 size, -1 for any), 3 unknown rank. */
export async function readTfShape(cursor: ByteCursor, field: ProtobufField, depth: number): Promise<TfShape> {
  const shape: (number | null)[] = [];
  let isUnknown = false;
  await walkMessage(
    cursor,
    field.end,
    async (part) => {
      if (part.number === 3) isUnknown = part.value !== 0n;
      if (part.number !== 2) return;
      if (shape.length >= MAX_RANK)
        throw malformed(`a shape has more than ${MAX_RANK} dimensions`, cursor.position);
      shape.push(await readSize(cursor, part, depth + 1));
    },
    depth,
  );
  return isUnknown ? null : shape;
}

async function readSize(cursor: ByteCursor, field: ProtobufField, depth: number): Promise<number | null> {
  let size = 0n;
  await walkMessage(
    cursor,
    field.end,
    (part) => {
      if (part.number === 1) size = BigInt.asIntN(64, part.value);
    },
    depth,
  );
  return size < 0n || size > BigInt(Number.MAX_SAFE_INTEGER) ? null : Number(size);
}
