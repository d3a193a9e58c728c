import { MAX_NAME_BYTES, MAX_RANK } from '../limits.ts';
import type { ByteCursor } from '../parse/byte-cursor.ts';
import { malformed } from '../parse/parse-stop.ts';
import { type ProtobufField, readIntegers, readText, walkMessage } from '../parse/protobuf-walker.ts';

/** An input or output; a dimension that is free is null. */
export interface CoremlFeature {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly (number | null)[];
}

type FeatureType = Omit<CoremlFeature, 'name'>;

/** ArrayFeatureType.ArrayDataType. */
const ARRAY_TYPES: ReadonlyMap<bigint, string> = new Map([
  [65552n, 'F16'],
  [65568n, 'F32'],
  [65600n, 'F64'],
  [131080n, 'I8'],
  [131104n, 'I32'],
]);
const COLOURS: ReadonlyMap<bigint, string> = new Map([
  [10n, 'GRAYSCALE'],
  [20n, 'RGB'],
  [30n, 'BGR'],
  [40n, 'GRAYSCALE_F16'],
]);
const NO_TYPE: FeatureType = { dtype: 'UNDEFINED', shape: [] };

/** FeatureDescription: 1 name, 3 type. */
export async function readFeature(
  cursor: ByteCursor,
  field: ProtobufField,
  depth: number,
): Promise<CoremlFeature> {
  let name = '';
  let type = NO_TYPE;
  await walkMessage(
    cursor,
    field.end,
    async (part) => {
      if (part.number === 1) name = await readText(cursor, part, MAX_NAME_BYTES);
      else if (part.number === 3) type = await readType(cursor, part, depth + 1);
    },
    depth,
  );
  return { name, ...type };
}

/** FeatureType: 1 integer, 2 double, 3 text, 4 image, 5 array, 6 dictionary, 7 sequence, 8 state. */
async function readType(cursor: ByteCursor, field: ProtobufField, depth: number): Promise<FeatureType> {
  let type = NO_TYPE;
  await walkMessage(
    cursor,
    field.end,
    async (part) => {
      if (part.wire !== 'bytes') return;
      if (part.number === 1) type = { dtype: 'I64', shape: [] };
      else if (part.number === 2) type = { dtype: 'F64', shape: [] };
      else if (part.number === 3) type = { dtype: 'STRING', shape: [] };
      else if (part.number === 4) type = await readImage(cursor, part, depth + 1);
      else if (part.number === 5) type = await readArray(cursor, part, depth + 1);
      else if (part.number === 6)
        type = { dtype: `map(${await keyType(cursor, part, depth + 1)},F64)`, shape: [] };
      else if (part.number === 7)
        type = { dtype: `sequence(${await keyType(cursor, part, depth + 1)})`, shape: [] };
      else if (part.number === 8) type = await readState(cursor, part, depth + 1);
    },
    depth,
  );
  return type;
}

/** ImageFeatureType: 1 width, 2 height, 3 colours, 21 and 31 other sizes. */
async function readImage(cursor: ByteCursor, field: ProtobufField, depth: number): Promise<FeatureType> {
  let [width, height, colours, fixed] = [0n, 0n, 0n, true];
  await walkMessage(
    cursor,
    field.end,
    (part) => {
      if (part.number === 1) width = part.value;
      else if (part.number === 2) height = part.value;
      else if (part.number === 3) colours = part.value;
      else if (part.number === 21 || part.number === 31) fixed = false;
    },
    depth,
  );
  const shape = fixed ? [sizeOf(height), sizeOf(width)] : [null, null];
  return { dtype: `image(${COLOURS.get(colours) ?? colours})`, shape };
}

/** ArrayFeatureType: 1 shape, 2 type, 21 other shapes, 31 ranges of sizes. */
async function readArray(cursor: ByteCursor, field: ProtobufField, depth: number): Promise<FeatureType> {
  const shape: bigint[] = [];
  let dtype = 0n;
  let free: ReadonlySet<number> = new Set();
  await walkMessage(
    cursor,
    field.end,
    async (part) => {
      if (part.number === 1) await readIntegers(cursor, part, shape, MAX_RANK);
      else if (part.number === 2) dtype = part.value;
      else if (part.number === 21) free = new Set(await differing(cursor, part, depth + 1));
      else if (part.number === 31) free = new Set(await ranging(cursor, part, depth + 1, shape));
    },
    depth,
  );
  return {
    dtype: ARRAY_TYPES.get(dtype) ?? `type ${dtype}`,
    shape: shape.map((size, index) => (free.has(index) ? null : sizeOf(size))),
  };
}

/** EnumeratedShapes: the dimensions in which the shapes differ. */
async function differing(cursor: ByteCursor, field: ProtobufField, depth: number): Promise<number[]> {
  let first: bigint[] | undefined;
  const free: number[] = [];
  await walkMessage(
    cursor,
    field.end,
    async (part) => {
      if (part.number !== 1) return;
      const shape: bigint[] = [];
      const onSize = async (inner: ProtobufField) => {
        if (inner.number === 1) await readIntegers(cursor, inner, shape, MAX_RANK);
      };
      await walkMessage(cursor, part.end, onSize, depth + 1);
      first ??= shape;
      for (const [index, size] of shape.entries())
        if (size !== first[index] && free.length < MAX_RANK) free.push(index);
    },
    depth,
  );
  return free;
}

/** ShapeRange: the dimensions whose bounds are not one size; a shape that is not given is made of the lower bounds. */
async function ranging(
  cursor: ByteCursor,
  field: ProtobufField,
  depth: number,
  shape: bigint[],
): Promise<number[]> {
  const free: number[] = [];
  let index = 0;
  await walkMessage(
    cursor,
    field.end,
    async (part) => {
      if (part.number !== 1) return;
      let [lower, upper] = [0n, 0n];
      const onBound = (inner: ProtobufField) => {
        if (inner.number === 1) lower = inner.value;
        else if (inner.number === 2) upper = BigInt.asIntN(64, inner.value);
      };
      await walkMessage(cursor, part.end, onBound, depth + 1);
      if (index >= MAX_RANK) throw malformed(`a shape has more than ${MAX_RANK} dimensions`, cursor.position);
      if (lower !== upper) free.push(index);
      if (shape.length === index) shape.push(lower);
      index += 1;
    },
    depth,
  );
  return free;
}

/** DictionaryFeatureType: 1 integer keys, 2 text keys. SequenceFeatureType: 1 integers, 3 texts. */
async function keyType(cursor: ByteCursor, field: ProtobufField, depth: number): Promise<string> {
  let type = 'UNDEFINED';
  await walkMessage(
    cursor,
    field.end,
    (part) => {
      if (part.number === 1) type = 'I64';
      else if (part.number === 2 || part.number === 3) type = 'STRING';
    },
    depth,
  );
  return type;
}

/** StateFeatureType: 1 array. */
async function readState(cursor: ByteCursor, field: ProtobufField, depth: number): Promise<FeatureType> {
  let type = NO_TYPE;
  await walkMessage(
    cursor,
    field.end,
    async (part) => {
      if (part.number === 1) type = await readArray(cursor, part, depth + 1);
    },
    depth,
  );
  return type;
}

function sizeOf(size: bigint): number | null {
  const number = Number(BigInt.asIntN(64, size));
  return number >= 0 && Number.isSafeInteger(number) ? number : null;
}
