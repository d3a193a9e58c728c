import { JsonNumber } from '../oci/json.ts';

/** Characters up to which V8 copies a part of a text; longer parts keep the whole text in memory. */
const COPIED_CHARACTERS = 12;
/** Bytes of a value, and of a member beside its key, about. */
const VALUE_BYTES = 16;
const MEMBER_BYTES = 32;
const LATIN1 = /^[\0-\xff]*$/;

/** A copy of plain data that keeps no text which it is a part of. */
export function detached<T>(value: T): T;
export function detached(value: unknown): unknown {
  if (typeof value === 'string') return detachedText(value);
  if (Array.isArray(value)) return value.map((item) => detached(item));
  if (value instanceof JsonNumber) return new JsonNumber(detachedText(value.text));
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [detached(key), detached(item)]));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [detachedText(key), detached(item)]));
}

function detachedText(text: string): string {
  if (text.length <= COPIED_CHARACTERS) return text;
  const encoding = LATIN1.test(text) ? 'latin1' : 'utf16le';
  return Buffer.from(text, encoding).toString(encoding);
}

/** Bytes that plain data takes in memory, about. Makes no garbage of its own: what is weighed may fill a file's share. */
export function weigh(value: unknown): number {
  if (typeof value === 'string') return VALUE_BYTES + value.length;
  let sum = VALUE_BYTES;
  if (Array.isArray(value)) {
    for (const item of value) sum += weigh(item);
  } else if (value instanceof Map) {
    for (const [key, item] of value) sum += MEMBER_BYTES + weigh(key) + weigh(item);
  } else if (typeof value === 'object' && value !== null) {
    for (const key in value) sum += MEMBER_BYTES + key.length + weigh(Reflect.get(value, key));
  }
  return sum;
}
