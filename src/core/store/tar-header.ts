import { OmlmdError } from '../errors.ts';

/** Everything in a tar file begins at a multiple of this, bytes (POSIX.1-2017, pax §ustar Interchange Format). */
export const TAR_BLOCK_BYTES = 512;

/** One header block, its fields not yet overridden by a pax or GNU record before it. */
export interface TarHeader {
  /** The path's bytes: a longer name that comes before may leave them cut inside a character. */
  readonly name: Uint8Array;
  /** The type flag, one character. */
  readonly type: string;
  /** Bytes of data after the header. */
  readonly size: number;
  readonly mode: number;
}

/** `unsupported`: the archive cannot be unpacked; whoever knows its name puts it before the reason. */
export function tarError(reason: string): OmlmdError {
  return new OmlmdError('unsupported', reason);
}

export function isZeroBlock(block: Uint8Array): boolean {
  return block.every((byte) => byte === 0);
}

/** Reads a header block, ustar, GNU or older; throws where its checksum or a number in it is wrong. */
export function parseTarHeader(block: Uint8Array): TarHeader {
  if (!hasChecksum(block)) throw tarError('a header of the tar archive is damaged or missing');
  return {
    name: nameOf(block),
    type: String.fromCharCode(block[156] ?? 0),
    size: numberOf(block.subarray(124, 136)),
    mode: numberOf(block.subarray(100, 108)),
  };
}

/** The sum of all bytes, those of the checksum taken as spaces; some old programs took bytes as signed. */
function hasChecksum(block: Uint8Array): boolean {
  let unsigned = 0;
  let signed = 0;
  for (const [i, stored] of block.entries()) {
    const byte = i >= 148 && i < 156 ? 0x20 : stored;
    unsigned += byte;
    signed += byte > 127 ? byte - 256 : byte;
  }
  const sum = octalOf(block.subarray(148, 156));
  return sum === unsigned || sum === signed;
}

/** GNU keeps times where ustar keeps the first part of a long path. */
function nameOf(block: Uint8Array): Uint8Array {
  const name = upToNul(block.subarray(0, 100));
  const isUstar = Buffer.from(block.subarray(257, 263)).toString('latin1') === 'ustar\0';
  const prefix = isUstar ? upToNul(block.subarray(345, 500)) : new Uint8Array();
  return prefix.byteLength === 0 ? name : Buffer.concat([prefix, Buffer.from('/'), name]);
}

/** A field's bytes before its first NUL. */
export function upToNul(field: Uint8Array): Uint8Array {
  const end = field.indexOf(0);
  return end < 0 ? field : field.subarray(0, end);
}

/** A number in octal, or in GNU's base 256 when its first bit is set. A negative one begins with ones, so it is too large. */
function numberOf(field: Uint8Array): number {
  const [first = 0, ...rest] = field;
  const value = first & 0x80 ? rest.reduce((sum, byte) => sum * 256 + byte, first & 0x7f) : octalOf(field);
  if (value === undefined || !Number.isSafeInteger(value))
    throw tarError('a header of the tar archive has a number that no file can have');
  return value;
}

function octalOf(field: Uint8Array): number | undefined {
  const text = Buffer.from(field)
    .toString('latin1')
    .replace(/^[ \0]+|[ \0]+$/g, '');
  if (text === '') return 0;
  return /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : undefined;
}
