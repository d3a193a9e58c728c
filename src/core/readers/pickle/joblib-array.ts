import { MAX_KEPT_ARRAY_BYTES, MAX_STRING_BYTES } from '../limits.ts';
import type { ByteCursor } from '../parse/byte-cursor.ts';
import { malformed } from '../parse/parse-stop.ts';
import { parseNumpyType } from './numpy-values.ts';
import { dtypeText, shapeOf } from './pickle-calls.ts';
import {
  arrayOf,
  attributesOf,
  isKind,
  type PickleArray,
  type PickleObject,
  type PickleValue,
  wholeNumber,
} from './pickle-values.ts';

/** joblib pads to 16 bytes; its own byte says by how much. */
const MAX_PADDING_BYTES = 16;
const PADDING = 0xff;

/** What reading an array needs of the run it stands in. */
interface ArrayRun {
  /** Runs a pickle that stands in an array's place. */
  runNested(): Promise<{ readonly value: PickleValue; readonly opcodeBytes: number }>;
  /** Whether that many bytes may be kept. */
  keeps(bytes: number): boolean;
  /** Is given the beginning of an array that nothing separates from the opcodes. */
  unaligned(bytes: Uint8Array): Promise<void>;
}

/**
 * joblib leaves a wrapper in the pickle for each array and writes the array's bytes right behind the opcode that fills
 * the wrapper: with padding, or, where the array holds objects, as another pickle. Passes over them, keeping small ones.
 * A size that cannot be told stops the reading: guessing it wrong would make data of the opcodes that follow.
 */
export async function joblibArray(
  wrapper: PickleObject,
  cursor: ByteCursor,
  run: ArrayRun,
): Promise<{ readonly array: PickleArray; readonly opcodeBytes: number }> {
  const state = attributesOf(wrapper);
  const dtype = state.get('dtype');
  const shape = shapeOf(state.get('shape'));
  if (shape === undefined) throw unclear('its shape', cursor);
  if (hasObjects(dtype, 0)) {
    const { value, opcodeBytes } = await run.runNested();
    return { array: objectArray(shape, value), opcodeBytes };
  }
  const length = byteLength(shape, dtype, cursor);
  const alignment = state.get('numpy_array_alignment_bytes');
  if (alignment !== undefined && alignment !== null) await skipPadding(cursor);
  else await lookAhead(cursor, length, run);
  const bytes = await arrayBytes(cursor, length, run);
  return {
    array: { kind: 'array', shape, dtype: dtypeText(dtype) ?? '', bytes, objects: undefined },
    opcodeBytes: 0,
  };
}

/** The bytes of a small array; a larger one is passed over. */
async function arrayBytes(
  cursor: ByteCursor,
  length: number,
  run: ArrayRun,
): Promise<Uint8Array | undefined> {
  if (length > MAX_KEPT_ARRAY_BYTES || !run.keeps(length)) {
    await cursor.skip(length);
    return undefined;
  }
  await cursor.need(length);
  return new Uint8Array(cursor.bytes(length));
}

async function lookAhead(cursor: ByteCursor, length: number, run: ArrayRun): Promise<void> {
  const ahead = Math.min(length, MAX_STRING_BYTES);
  await cursor.fill(ahead);
  await run.unaligned(cursor.rest().slice(0, ahead));
}

function objectArray(shape: readonly number[], inner: PickleValue): PickleArray {
  return arrayOf(inner) ?? { kind: 'array', shape, dtype: '|O', bytes: undefined, objects: undefined };
}

/** The padding is 0xff throughout: opcodes in its place would run under `pickle.load`. */
async function skipPadding(cursor: ByteCursor): Promise<void> {
  await cursor.need(1);
  const length = cursor.u8();
  await cursor.need(length);
  const padding = cursor.bytes(length);
  if (length > MAX_PADDING_BYTES || padding.some((byte) => byte !== PADDING)) {
    throw malformed('the padding before an array holds something else', cursor.position - length);
  }
}

/** Bytes of the array, by numpy's own arithmetic: the product wraps around at 64 bits there too. */
function byteLength(shape: readonly number[], dtype: PickleValue | undefined, cursor: ByteCursor): number {
  const itemBytes = itemSize(dtype);
  if (itemBytes === undefined) throw unclear('its type', cursor);
  const count = BigInt.asIntN(
    64,
    shape.reduce((product, size) => product * BigInt(size), 1n),
  );
  const length = count * BigInt(itemBytes);
  if (count < 0n || length > BigInt(Number.MAX_SAFE_INTEGER)) throw unclear('its size', cursor);
  return Number(length);
}

/** Bytes of one element. A state that gives another size than the name is how a reader could be led astray. */
function itemSize(dtype: PickleValue | undefined): number | undefined {
  const text = dtypeText(dtype);
  const type = text === undefined ? undefined : parseNumpyType(text);
  if (type === undefined || !isKind(dtype, 'object') || dtype.states.length > 1) return undefined;
  const state = dtype.states[0];
  const stated = isKind(state, 'tuple') ? wholeNumber(state.items[5]) : undefined;
  return stated === undefined || stated === -1 || stated === type.itemBytes ? type.itemBytes : undefined;
}

/** Whether a dtype, or one inside it (state: version, order, sub-array, names, fields, …), holds Python objects. */
function hasObjects(dtype: PickleValue | undefined, depth: number): boolean {
  if (!isKind(dtype, 'object') || depth > 8) return false;
  const text = dtypeText(dtype);
  if (text !== undefined && parseNumpyType(text)?.hasObjects) return true;
  const state = dtype.states.at(-1);
  if (!isKind(state, 'tuple')) return false;
  const subArray = state.items[2];
  const fields = state.items[4];
  if (isKind(subArray, 'tuple') && hasObjects(subArray.items[0], depth + 1)) return true;
  if (!isKind(fields, 'dict')) return false;
  return fields.entries.some(([, field]) => isKind(field, 'tuple') && hasObjects(field.items[0], depth + 1));
}

function unclear(what: string, cursor: ByteCursor): Error {
  return malformed(`an array does not tell ${what}; the rest was not looked into`, cursor.position);
}
