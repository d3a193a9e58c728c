import { MAX_LIST_ENTRIES, MAX_NAME_BYTES } from '../limits.ts';
import { malformed } from '../parse/parse-stop.ts';
import { parseNumpyType } from '../pickle/numpy-values.ts';
import type { PythonLiteral } from './python-literal.ts';

/** The type of an array's elements. */
export interface NpyType {
  /** As reports spell it: `F32`, `STRING`, `OBJECT`, `STRUCT`; numpy's own text where there is no such name. */
  readonly name: string;
  /** numpy's text, or undefined for a structured type. */
  readonly descr: string | undefined;
  /** Bytes of one element. */
  readonly itemBytes: number;
  readonly hasObjects: boolean;
  /** Of a structured type, at most {@link MAX_LIST_ENTRIES}. */
  readonly fields: readonly {
    readonly name: string;
    readonly dtype: string;
    readonly shape: readonly number[];
  }[];
}

const NAMES: Readonly<Record<string, string>> = {
  b1: 'BOOL',
  '?1': 'BOOL',
  i1: 'I8',
  i2: 'I16',
  i4: 'I32',
  i8: 'I64',
  u1: 'U8',
  u2: 'U16',
  u4: 'U32',
  u8: 'U64',
  f2: 'F16',
  f4: 'F32',
  f8: 'F64',
  c8: 'C64',
  c16: 'C128',
};
const KINDS: Readonly<Record<string, string>> = { U: 'STRING', S: 'BYTES', a: 'BYTES', O: 'OBJECT' };

/** Bytes of one element that are believed. */
const MAX_ITEM_BYTES = 2 ** 31;

/** The type that a header's `descr` states; throws for one that numpy would not write. */
export function npyType(descr: PythonLiteral): NpyType {
  if (typeof descr === 'string') return plainType(descr);
  if (!Array.isArray(descr)) throw malformed('an array has no type');
  return structType(descr);
}

function plainType(text: string): NpyType {
  const descr = text.slice(0, MAX_NAME_BYTES);
  // Times have their unit behind the size: `<M8[ns]`.
  const type = parseNumpyType(descr.replace(/\[[\w/]{1,16}\]$/, ''));
  if (type === undefined) throw malformed('an array has a type that numpy does not have');
  const name = NAMES[`${type.kind}${type.itemBytes}`] ?? KINDS[type.kind] ?? descr;
  return {
    name,
    descr,
    itemBytes: type.hasObjects ? 0 : type.itemBytes,
    hasObjects: type.hasObjects,
    fields: [],
  };
}

/** A list of fields: (name or (title, name), type) and, for a sub-array, its shape. */
function structType(descr: readonly PythonLiteral[]): NpyType {
  const fields: { name: string; dtype: string; shape: number[] }[] = [];
  let itemBytes = 0;
  let hasObjects = false;
  for (const field of descr) {
    if (!Array.isArray(field)) throw malformed('a field of a type is not one');
    const [label, inner = null, repeat = []] = field;
    const type = npyType(inner);
    const shape = (Array.isArray(repeat) ? repeat : [repeat]).filter((size) => typeof size === 'number');
    const name = Array.isArray(label) ? label.at(-1) : label;
    itemBytes += shape.reduce((product, size) => product * size, type.itemBytes);
    if (!(itemBytes >= 0 && itemBytes <= MAX_ITEM_BYTES))
      throw malformed('a type has elements of an impossible size');
    hasObjects ||= type.hasObjects;
    // Fields without a name are padding.
    if (typeof name === 'string' && name !== '' && fields.length < MAX_LIST_ENTRIES)
      fields.push({ name: name.slice(0, MAX_NAME_BYTES), dtype: type.name, shape });
  }
  return { name: 'STRUCT', descr: undefined, itemBytes, hasObjects, fields };
}
