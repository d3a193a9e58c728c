import { MAX_LIST_ENTRIES } from '../limits.ts';

/** A dtype in parts: byte order, kind and size, as in `<f8` or `<U10`. */
export interface NumpyType {
  readonly littleEndian: boolean;
  readonly kind: string;
  /** Bytes of one element. */
  readonly itemBytes: number;
  readonly hasObjects: boolean;
}

/** Longest element in bytes that is believed. Stops a size that no array has. */
const MAX_ITEM_BYTES = 2 ** 31;

/** Parses numpy's short text of a dtype; undefined for one that is not understood, such as a record's. */
export function parseNumpyType(text: string): NumpyType | undefined {
  const match = /^([<>=|]?)([?biufcmMOSUVa])([0-9]{0,10})$/.exec(text);
  if (match === null) return undefined;
  const [, order = '', kind = '', digits = ''] = match;
  const count = digits === '' ? (kind === '?' ? 1 : 0) : Number(digits);
  const itemBytes = kind === 'U' ? count * 4 : count;
  if (itemBytes > MAX_ITEM_BYTES || (digits === '' && !'?OSUVa'.includes(kind))) return undefined;
  return { littleEndian: order !== '>', kind, itemBytes, hasObjects: kind === 'O' };
}

export type NumpyScalar = number | bigint | string | boolean;

/** One element; undefined where the type is not a number, a text or a boolean. */
export function decodeScalar(type: string, bytes: Uint8Array): NumpyScalar | undefined {
  return decodeArray(type, bytes, 1)?.[0];
}

/** The first elements of an array, at most {@link MAX_LIST_ENTRIES}. */
export function decodeArray(type: string, bytes: Uint8Array, count: number): NumpyScalar[] | undefined {
  const parsed = parseNumpyType(type);
  if (parsed === undefined || parsed.itemBytes === 0) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values: NumpyScalar[] = [];
  const wanted = Math.min(count, MAX_LIST_ENTRIES, Math.floor(bytes.byteLength / parsed.itemBytes));
  for (let index = 0; index < wanted; index += 1) {
    const value = element(view, index * parsed.itemBytes, parsed);
    if (value === undefined) return undefined;
    values.push(value);
  }
  return values;
}

function element(view: DataView, at: number, type: NumpyType): NumpyScalar | undefined {
  const little = type.littleEndian;
  switch (`${type.kind}${type.itemBytes}`) {
    case '?1':
    case 'b1':
      return view.getUint8(at) !== 0;
    case 'i1':
      return view.getInt8(at);
    case 'i2':
      return view.getInt16(at, little);
    case 'i4':
      return view.getInt32(at, little);
    case 'i8':
      return view.getBigInt64(at, little);
    case 'u1':
      return view.getUint8(at);
    case 'u2':
      return view.getUint16(at, little);
    case 'u4':
      return view.getUint32(at, little);
    case 'u8':
      return view.getBigUint64(at, little);
    case 'f4':
      return view.getFloat32(at, little);
    case 'f8':
      return view.getFloat64(at, little);
  }
  if (type.kind === 'U') return wideText(view, at, type);
  if (type.kind === 'S' || type.kind === 'a') {
    return Buffer.from(view.buffer, view.byteOffset + at, type.itemBytes)
      .toString('latin1')
      .replace(/\0+$/, '');
  }
  return undefined;
}

/** UTF-32, padded with zeros. */
function wideText(view: DataView, at: number, type: NumpyType): string | undefined {
  let text = '';
  for (let offset = 0; offset < type.itemBytes; offset += 4) {
    const code = view.getUint32(at + offset, type.littleEndian);
    if (code > 0x10ffff) return undefined;
    text += String.fromCodePoint(code);
  }
  return text.replace(/\0+$/, '');
}
