import { JsonNumber } from '../../oci/json.ts';

/**
 * What a pickle would build, as inert data. Nothing is imported or called: a global is its name, a call is the name and
 * the arguments.
 */
export type PickleValue = null | boolean | string | JsonNumber | PickleNode;
type PickleNode =
  | PickleBytes
  | PickleList
  | PickleTuple
  | PickleSet
  | PickleDict
  | PickleGlobal
  | PickleObject
  | PickleArray
  | PicklePersistent
  | PickleOpaque;

/** A byte string; `bytes` is undefined where it was too long to keep, and then it stands `at` that offset. */
export interface PickleBytes {
  readonly kind: 'bytes';
  readonly length: number;
  readonly bytes: Uint8Array | undefined;
  readonly at?: number;
}

export interface PickleList {
  readonly kind: 'list';
  readonly items: PickleValue[];
}

export interface PickleTuple {
  readonly kind: 'tuple';
  readonly items: readonly PickleValue[];
}

/** A set or frozenset. */
export interface PickleSet {
  readonly kind: 'set';
  readonly items: PickleValue[];
}

export interface PickleDict {
  readonly kind: 'dict';
  readonly entries: [key: PickleValue, value: PickleValue][];
}

/** A name that unpickling would import, after Python 2's names were made Python 3's. */
export interface PickleGlobal {
  readonly kind: 'global';
  readonly module: string;
  readonly name: string;
}

/** The result of a call or `__new__`, and the states given to it afterwards. */
export interface PickleObject {
  readonly kind: 'object';
  readonly callable: PickleValue;
  readonly args: readonly PickleValue[];
  readonly states: PickleValue[];
  readonly items: PickleValue[];
  readonly entries: [key: PickleValue, value: PickleValue][];
  /** Set once the object is known to be an array; the memo may hold the object already. */
  array: PickleArray | undefined;
}

/** A numpy array: shape and dtype, and the raw bytes or the objects of a small one. */
export interface PickleArray {
  readonly kind: 'array';
  readonly shape: readonly number[];
  /** As numpy writes it, byte order first: `<i8`, `|O`, `<U10`. */
  readonly dtype: string;
  readonly bytes: Uint8Array | undefined;
  readonly objects: readonly PickleValue[] | undefined;
}

/** Something that is kept outside of the pickle, by the name it has there: torch's storages. */
export interface PicklePersistent {
  readonly kind: 'persistent';
  readonly id: PickleValue;
}

/** A value that is not followed, and why. */
export interface PickleOpaque {
  readonly kind: 'opaque';
  /** `limit`: there were too many; `foreign`: out-of-band buffers, the extension registry. */
  readonly reason: 'limit' | 'foreign';
  /** Of a text that was too long to keep: its offset, and its bytes. */
  readonly at?: number;
  readonly length?: number;
}

export const BEYOND_LIMIT: PickleOpaque = { kind: 'opaque', reason: 'limit' };
export const FOREIGN: PickleOpaque = { kind: 'opaque', reason: 'foreign' };

export function isKind<K extends PickleNode['kind']>(
  value: PickleValue | undefined,
  kind: K,
): value is Extract<PickleNode, { readonly kind: K }> {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind;
}

/** A numpy array, however it was written. */
export function arrayOf(value: PickleValue | undefined): PickleArray | undefined {
  if (isKind(value, 'array')) return value;
  return isKind(value, 'object') ? value.array : undefined;
}

/** A list or tuple. */
export function isSequence(value: PickleValue | undefined): value is PickleList | PickleTuple {
  return isKind(value, 'list') || isKind(value, 'tuple');
}

export function isGlobal(value: PickleValue | undefined, ...names: readonly string[]): value is PickleGlobal {
  return isKind(value, 'global') && names.includes(`${value.module}.${value.name}`);
}

export function integer(value: number | bigint): JsonNumber {
  return new JsonNumber(value.toString());
}

/** A float as text that is not mistaken for an integer; those without a JSON form are text. */
export function float(value: number): JsonNumber | string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
  if (Object.is(value, -0)) return new JsonNumber('-0.0');
  const text = String(value);
  return new JsonNumber(/[.e]/.test(text) ? text : `${text}.0`);
}

/** A whole number that a value holds exactly. */
export function wholeNumber(value: PickleValue | undefined): number | undefined {
  if (!(value instanceof JsonNumber) || !value.isInteger) return undefined;
  const number = value.toNumber();
  return Number.isSafeInteger(number) ? number : undefined;
}

/** The attributes a value was given: by `__setstate__` or `__dict__`, slots included, later ones first. */
export function attributesOf(value: PickleValue | undefined): ReadonlyMap<string, PickleValue> {
  const attributes = new Map<string, PickleValue>();
  if (!isKind(value, 'object')) return attributes;
  for (const state of value.states) {
    for (const part of isKind(state, 'tuple') ? state.items : [state]) {
      if (!isKind(part, 'dict')) continue;
      for (const [key, item] of part.entries) if (typeof key === 'string') attributes.set(key, item);
    }
  }
  return attributes;
}

/** The class of an object where the pickle names it: `copyreg._reconstructor` and its like are looked through. */
export function classOf(value: PickleValue | undefined): PickleGlobal | undefined {
  if (!isKind(value, 'object')) return undefined;
  const { callable, args } = value;
  if (isGlobal(callable, 'copyreg._reconstructor', 'copyreg.__newobj__', 'copyreg.__newobj_ex__')) {
    return isKind(args[0], 'global') ? args[0] : undefined;
  }
  if (
    isKind(callable, 'global') &&
    callable.name.startsWith('__pyx_unpickle_') &&
    isKind(args[0], 'global')
  ) {
    return args[0];
  }
  return isKind(callable, 'global') ? callable : undefined;
}
