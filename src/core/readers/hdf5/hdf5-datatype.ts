import { MAX_HDF5_TYPE_DEPTH, MAX_RANK } from '../limits.ts';
import { malformed } from '../parse/parse-stop.ts';
import type { Hdf5Fields } from './hdf5-fields.ts';

/** A type of elements. */
export interface Hdf5Type {
  /** As reports spell it. */
  readonly dtype: string;
  readonly kind: 'integer' | 'float' | 'text' | 'variable-text' | 'other';
  /** Bytes of an element. */
  readonly size: number;
  readonly littleEndian: boolean;
  readonly signed: boolean;
  /** Elements that are one element of the file: those of an array type; else 1. */
  readonly repeat: number;
}

/** Datatype message (section IV.A.2.d): class and version, 24 bits of flags, size, then what the class needs. */
export function readType(fields: Hdf5Fields, depth = 0): Hdf5Type {
  if (depth > MAX_HDF5_TYPE_DEPTH) throw malformed('a type is nested too deep', fields.position);
  const head = fields.u8();
  const flags = fields.uint(3);
  const size = fields.u32();
  const type = (dtype: string, kind: Hdf5Type['kind'], repeat = 1): Hdf5Type => ({
    dtype,
    kind,
    size,
    littleEndian: (flags & 1) === 0,
    signed: (flags & 8) !== 0,
    repeat,
  });
  switch (head & 15) {
    case 0:
      return type(`${(flags & 8) === 0 ? 'U' : 'I'}${size * 8}`, 'integer');
    case 1:
      return type(floatName(fields, size), 'float');
    case 3:
      return type('STRING', 'text');
    case 5:
      return type('OPAQUE', 'other');
    case 6:
      return type(compoundName(fields, flags & 0xffff, size), 'other');
    case 8:
      return type(enumName(fields, flags & 0xffff, head >> 4, depth), 'other');
    case 9:
      return (flags & 15) === 1 ? type('STRING', 'variable-text') : type('VARIABLE', 'other');
    case 10:
      return { ...arrayType(fields, head >> 4, depth), size };
    default:
      return type(['', '', 'TIME', '', 'BITFIELD', '', '', 'REFERENCE'][head & 15] || 'OTHER', 'other');
  }
}

/** By the size of the exponent, sixteen bits are a half or a bfloat. */
function floatName(fields: Hdf5Fields, size: number): string {
  const exponentBits = fields.skip(5).u8();
  return size === 2 && exponentBits === 8 ? 'BF16' : `F${size * 8}`;
}

/** h5py writes complex numbers as a pair of `r` and `i`. */
function compoundName(fields: Hdf5Fields, members: number, size: number): string {
  if (members === 2 && fields.left > 0 && (size === 8 || size === 16) && fields.zeroEnded() === 'r') {
    return `C${size * 8}`;
  }
  return 'COMPOUND';
}

/** h5py writes booleans as an enumeration of FALSE and TRUE over one byte. */
function enumName(fields: Hdf5Fields, members: number, version: number, depth: number): string {
  const base = readType(fields, depth + 1);
  if (members !== 2 || base.size !== 1) return base.dtype;
  const skipped = base.kind === 'integer' ? fields.skip(4) : fields;
  const first = skipped.zeroEnded();
  if (version < 3) skipped.skip((8 - ((first.length + 1) % 8)) % 8);
  return first === 'FALSE' && skipped.zeroEnded() === 'TRUE' ? 'BOOL' : base.dtype;
}

/** Versions 1 and 2 have three reserved bytes and permutations beside the sizes. */
function arrayType(fields: Hdf5Fields, version: number, depth: number): Hdf5Type {
  const rank = fields.u8();
  if (rank > MAX_RANK) throw malformed(`a type has more than ${MAX_RANK} dimensions`, fields.position);
  if (version < 3) fields.skip(3);
  let repeat = 1;
  for (let index = 0; index < rank; index += 1) repeat *= fields.u32();
  if (version < 3) fields.skip(4 * rank);
  const element = readType(fields, depth + 1);
  const all = repeat * element.repeat;
  if (!Number.isSafeInteger(all)) throw malformed('a type is larger than any file', fields.position);
  return { ...element, kind: 'other', repeat: all };
}
