import { quote } from '../../errors.ts';
import { MAX_GGUF_KEYS, MAX_LIST_ENTRIES, MAX_NAME_BYTES, MAX_STRING_BYTES } from '../limits.ts';
import type { ByteCursor } from '../parse/byte-cursor.ts';
import { malformed } from '../parse/parse-stop.ts';
import { GGUF_VALUE_TYPES, type GgufValueType } from './gguf-types.ts';

/** An array is known by type and length; short ones keep their values. */
export interface GgufArray {
  readonly type: string;
  readonly length: number;
  readonly values: readonly GgufScalar[];
}
export type GgufScalar = string | number | bigint | boolean;
export type GgufKeys = Map<string, GgufScalar | GgufArray>;

/** How lengths are written: 64-bit in GGUF 2 and 3, 32-bit in GGUF 1. */
export interface GgufLengths {
  readonly bytes: number;
  take(cursor: ByteCursor): number;
}

export async function readLength(cursor: ByteCursor, lengths: GgufLengths): Promise<number> {
  if (cursor.buffered < lengths.bytes) await cursor.need(lengths.bytes);
  return lengths.take(cursor);
}

/** Smallest key on file: an empty name, a type and one byte. */
const SMALLEST_KEY_BYTES = 9;

/** Reads `count` keys into `keys`, so that a broken file still shows those that stood before. */
export async function readKeys(
  cursor: ByteCursor,
  count: number,
  lengths: GgufLengths,
  keys: GgufKeys,
): Promise<void> {
  if (count > MAX_GGUF_KEYS || count * SMALLEST_KEY_BYTES > cursor.left) {
    throw malformed(`${count} keys are stated`, cursor.position);
  }
  for (let index = 0; index < count; index += 1) {
    const name = await readString(cursor, lengths, MAX_NAME_BYTES);
    await cursor.need(4);
    keys.set(name, await readValue(cursor, name, lengths));
  }
}

/** Text of at most `most` bytes; the rest is passed over. */
export async function readString(cursor: ByteCursor, lengths: GgufLengths, most: number): Promise<string> {
  const length = await readLength(cursor, lengths);
  if (length > cursor.left) throw malformed(`a text of ${length} bytes is stated`, cursor.position);
  const kept = Math.min(length, most);
  await cursor.need(kept);
  const text = cursor.text(kept);
  if (length > kept) await cursor.skip(length - kept);
  return text;
}

function valueType(cursor: ByteCursor, name: string): GgufValueType {
  const number = cursor.u32();
  const type = GGUF_VALUE_TYPES[number];
  if (type === undefined)
    throw malformed(`the key ${quote(name)} has the unknown type ${number}`, cursor.position);
  return type;
}

async function readValue(
  cursor: ByteCursor,
  name: string,
  lengths: GgufLengths,
): Promise<GgufScalar | GgufArray> {
  const type = valueType(cursor, name);
  if (type.name !== 'ARRAY') return await readScalar(cursor, type, lengths);
  await cursor.need(4);
  const item = valueType(cursor, name);
  // S30: an array in an array has no use, and lets a small file nest without end.
  if (item.name === 'ARRAY') throw malformed(`the key ${quote(name)} nests arrays`, cursor.position);
  return await readArray(cursor, item, await readLength(cursor, lengths), lengths);
}

async function readArray(
  cursor: ByteCursor,
  item: GgufValueType,
  length: number,
  lengths: GgufLengths,
): Promise<GgufArray> {
  if (length * Math.max(item.bytes, 1) > cursor.left) {
    throw malformed(`an array of ${length} values is stated`, cursor.position);
  }
  const values: GgufScalar[] = [];
  const kept = length <= MAX_LIST_ENTRIES ? length : 0;
  for (let index = 0; index < kept; index += 1) values.push(await readScalar(cursor, item, lengths));
  if (item.name === 'STRING') await skipStrings(cursor, length - kept, lengths);
  else await cursor.skip((length - kept) * item.bytes);
  return { type: item.name, length, values };
}

/** Vocabularies have hundreds of thousands of texts: only what is not buffered is waited for. */
async function skipStrings(cursor: ByteCursor, count: number, lengths: GgufLengths): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    if (cursor.buffered < lengths.bytes) await cursor.need(lengths.bytes);
    const length = lengths.take(cursor);
    if (!cursor.skipBuffered(length)) await cursor.skip(length);
  }
}

async function readScalar(
  cursor: ByteCursor,
  type: GgufValueType,
  lengths: GgufLengths,
): Promise<GgufScalar> {
  if (type.name === 'STRING') return await readString(cursor, lengths, MAX_STRING_BYTES);
  await cursor.need(type.bytes);
  switch (type.name) {
    case 'U8':
      return cursor.u8();
    case 'I8':
      return (cursor.u8() << 24) >> 24;
    case 'U16':
      return cursor.u16();
    case 'I16':
      return (cursor.u16() << 16) >> 16;
    case 'U32':
      return cursor.u32();
    case 'I32':
      return cursor.i32();
    case 'F32':
      return cursor.f32();
    case 'BOOL':
      return cursor.u8() !== 0;
    case 'U64':
      return cursor.u64();
    case 'I64':
      return BigInt.asIntN(64, cursor.u64());
    default:
      return cursor.f64();
  }
}
