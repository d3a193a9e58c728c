import { MAX_NAME_BYTES, MAX_PROTOBUF_DEPTH, MAX_STRING_BYTES } from '../limits.ts';
import type { ByteCursor } from './byte-cursor.ts';
import { malformed } from './parse-stop.ts';

/** Longest tag and length in bytes: two varints. */
const LONGEST_PREFIX_BYTES = 20;

/** One field of a message, the cursor standing at its value. Wire types as in protobuf's encoding page. */
export interface ProtobufField {
  readonly number: number;
  readonly wire: 'varint' | 'fixed64' | 'bytes' | 'fixed32';
  /** The value of a varint; 0 for others. */
  readonly value: bigint;
  /** Position behind the value. */
  readonly end: number;
}

/** Told of each field; what it leaves unread of the value is passed over, without being read. */
export type OnField = (field: ProtobufField) => Promise<void> | void;

/**
 * Walks the fields of a message that ends at `end`. Weights are fields like any other, so passing over a field is a
 * jump, and a model of gigabytes costs the kilobytes around its weights.
 */
export async function walkMessage(
  cursor: ByteCursor,
  end: number,
  onField: OnField,
  depth = 0,
): Promise<void> {
  if (depth > MAX_PROTOBUF_DEPTH)
    throw malformed(`nested deeper than ${MAX_PROTOBUF_DEPTH} messages`, cursor.position);
  while (cursor.position < end) {
    if (cursor.buffered < LONGEST_PREFIX_BYTES)
      await cursor.fill(Math.min(LONGEST_PREFIX_BYTES, end - cursor.position));
    // The outermost message ends where the file does: a field that is longer was cut off, not malformed.
    const field = readField(cursor, depth === 0 ? Number.POSITIVE_INFINITY : end);
    const handled = onField(field);
    if (handled !== undefined) await handled;
    const rest = field.end - cursor.position;
    if (rest < 0) throw malformed('a field runs over its end', field.end);
    if (!cursor.skipBuffered(rest)) await cursor.skip(rest);
  }
}

function readField(cursor: ByteCursor, end: number): ProtobufField {
  const at = cursor.position;
  const tag = Number(readVarint(cursor));
  const number = Math.floor(tag / 8);
  if (number < 1 || tag > 0xffff_ffff) throw malformed('a field has no number', at);
  switch (tag % 8) {
    case 0: {
      const value = readVarint(cursor);
      return within({ number, wire: 'varint', value, end: cursor.position }, end);
    }
    case 1:
      return within({ number, wire: 'fixed64', value: 0n, end: cursor.position + 8 }, end);
    case 2: {
      const length = Number(readVarint(cursor));
      return within({ number, wire: 'bytes', value: 0n, end: cursor.position + length }, end);
    }
    case 5:
      return within({ number, wire: 'fixed32', value: 0n, end: cursor.position + 4 }, end);
    default:
      throw malformed(`the wire type ${tag % 8} is not in use`, at);
  }
}

function within(field: ProtobufField, end: number): ProtobufField {
  if (field.end > end) throw malformed('a field is longer than its message', end);
  return field;
}

/** A varint of at most ten bytes; the bytes must be buffered or the file ends in it. */
export function readVarint(cursor: ByteCursor): bigint {
  let low = 0;
  // Nearly all are below 2^28, where plain numbers do.
  for (let shift = 0; shift < 28; shift += 7) {
    const byte = cursor.u8();
    low |= (byte & 0x7f) << shift;
    if (byte < 0x80) return BigInt(low);
  }
  let value = BigInt(low);
  for (let shift = 28n; shift < 70n; shift += 7n) {
    const byte = cursor.u8();
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return BigInt.asUintN(64, value);
  }
  throw malformed('a number is longer than ten bytes', cursor.position);
}

/** The text of a field, at most {@link MAX_STRING_BYTES} of it. */
export async function readText(
  cursor: ByteCursor,
  field: ProtobufField,
  most = MAX_STRING_BYTES,
): Promise<string> {
  if (field.wire !== 'bytes') return '';
  const length = Math.min(field.end - cursor.position, most);
  if (cursor.buffered < length) await cursor.need(length);
  return cursor.text(length);
}

/** Signed integers of a repeated field, packed or not, appended to `into`; more than `most` are malformed. */
export async function readIntegers(
  cursor: ByteCursor,
  field: ProtobufField,
  into: bigint[],
  most: number,
): Promise<void> {
  if (field.wire === 'varint') into.push(BigInt.asIntN(64, field.value));
  else if (field.wire === 'bytes') {
    // Ten bytes a number at most, so what is needed is bounded before it is read.
    if (field.end - cursor.position > most * 10)
      throw malformed(`a list has more than ${most} numbers`, cursor.position);
    await cursor.need(field.end - cursor.position);
    while (cursor.position < field.end) into.push(BigInt.asIntN(64, readVarint(cursor)));
  }
  if (into.length > most) throw malformed(`a list has more than ${most} numbers`, cursor.position);
}

/** A pair of texts: 1 key, 2 value, as every map of texts has them. */
export async function readPair(
  cursor: ByteCursor,
  field: ProtobufField,
  depth: number,
): Promise<[string, string]> {
  let key = '';
  let value = '';
  await walkMessage(
    cursor,
    field.end,
    async (part) => {
      if (part.number === 1) key = await readText(cursor, part, MAX_NAME_BYTES);
      else if (part.number === 2) value = await readText(cursor, part);
    },
    depth,
  );
  return [key, value];
}
