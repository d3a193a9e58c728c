import { MAX_NPY_HEADER_BYTES, MAX_RANK } from '../limits.ts';
import type { ByteCursor } from '../parse/byte-cursor.ts';
import { malformed, ParseStop } from '../parse/parse-stop.ts';
import { elementsOf } from '../tensor-tally.ts';
import { type NpyType, npyType } from './npy-type.ts';
import { type PythonLiteral, parsePythonLiteral } from './python-literal.ts';

const MAGIC = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59);

/** What stands before the data of one array (numpy.lib.format). */
export interface NpyHeader {
  /** `1.0`, `2.0` or `3.0`. */
  readonly version: string;
  readonly type: NpyType;
  readonly fortranOrder: boolean;
  readonly shape: readonly number[];
  /** Exact. */
  readonly elements: bigint;
}

export function isNpy(head: Uint8Array): boolean {
  return MAGIC.every((byte, index) => head[index] === byte);
}

/**
 * Reads the header; the data, or for object arrays a pickle, begins where the cursor then stands, also where the header
 * was not understood.
 */
export async function readNpyHeader(cursor: ByteCursor): Promise<NpyHeader> {
  const at = cursor.position;
  await cursor.need(MAGIC.byteLength + 4);
  if (!isNpy(cursor.bytes(MAGIC.byteLength))) throw malformed('this is not an array of numpy', at);
  const [major, minor] = [cursor.u8(), cursor.u8()];
  if (major < 1 || major > 3) throw malformed(`the npy version ${major}.${minor} does not exist`, at);
  if (major > 1) await cursor.need(4);
  const length = major === 1 ? cursor.u16() : cursor.u32();
  if (length > MAX_NPY_HEADER_BYTES) {
    await passHeader(cursor, length);
    throw new ParseStop('too-large-to-show', `a header states ${length} bytes`, at);
  }
  await cursor.need(length);
  // Versions 1 and 2 are latin-1, 3 is UTF-8.
  const text = Buffer.from(cursor.bytes(length)).toString(major === 3 ? 'utf8' : 'latin1');
  const header = parsePythonLiteral(text);
  if (!(header instanceof Map)) throw malformed('the header of an array is no dictionary', at);
  const shape = shapeOf(header.get('shape'), at);
  return {
    version: `${major}.${minor}`,
    type: npyType(header.get('descr') ?? null),
    fortranOrder: header.get('fortran_order') === true,
    shape,
    elements: elementsOf(shape, at),
  };
}

/** How far a compressed array goes is only known at its end. */
async function passHeader(cursor: ByteCursor, length: number): Promise<void> {
  try {
    await cursor.skip(length);
  } catch (error) {
    if (!(error instanceof ParseStop)) throw error;
  }
}

function shapeOf(value: PythonLiteral | undefined, at: number): number[] {
  if (!Array.isArray(value) || value.length > MAX_RANK) throw malformed('an array has no shape', at);
  return value.map((size) => {
    if (typeof size !== 'number') throw malformed('an array has no shape', at);
    return size;
  });
}
