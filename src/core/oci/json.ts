import { OmlmdError } from '../errors.ts';

/**
 * JSON read strictly and without loss. Registries and model files are hostile, and upstream's byte-exact text needs
 * integers and floats kept apart, so `JSON.parse` serves for neither: this parser refuses duplicate keys (S9), bounds
 * depth (S12, S31), keeps key order (`__proto__` and integer-like keys included) and keeps the source text of numbers.
 */
export type JsonValue = null | boolean | string | JsonNumber | JsonValue[] | JsonObject;
export type JsonObject = Map<string, JsonValue>;

/** A number as it was written: `1.0` and `1` differ, 2^63 is exact. */
export class JsonNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** Whether the text is that of an integer: no point and no exponent. */
  get isInteger(): boolean {
    return !/[.eE]/.test(this.text);
  }

  toNumber(): number {
    return Number(this.text);
  }
}

/** Deepest nesting that is followed; a few KB of `[` would otherwise end in a stack overflow (S12). */
export const MAX_JSON_DEPTH = 64;

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const PLAIN_STRING = /[^"\\\u0000-\u001f]*/y;
const WHITESPACE = /[ \t\r\n]*/y;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

export interface ParseJsonOptions {
  /** Defaults to {@link MAX_JSON_DEPTH}. */
  readonly maxDepth?: number;
  /** `refuse` (default) or `last`, as most parsers take it; a person's file may repeat a key, a manifest may not. */
  readonly duplicateKeys?: 'refuse' | 'last';
}

/** Parses one JSON document; throws `SyntaxError` with the offset, or `limit-exceeded` for nesting. */
export function parseJson(text: string, options: ParseJsonOptions = {}): JsonValue {
  return new Parser(text, options).document();
}

class Parser {
  readonly #text: string;
  readonly #maxDepth: number;
  readonly #refuseDuplicates: boolean;
  #at = 0;

  constructor(text: string, options: ParseJsonOptions) {
    this.#text = text;
    this.#maxDepth = options.maxDepth ?? MAX_JSON_DEPTH;
    this.#refuseDuplicates = (options.duplicateKeys ?? 'refuse') === 'refuse';
  }

  document(): JsonValue {
    const value = this.#value(0);
    this.#match(WHITESPACE);
    if (this.#at < this.#text.length) throw this.#error('text after the document');
    return value;
  }

  #error(what: string): SyntaxError {
    return new SyntaxError(`JSON at offset ${this.#at}: ${what}`);
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }

  #take(character: string): boolean {
    this.#match(WHITESPACE);
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #value(depth: number): JsonValue {
    if (depth > this.#maxDepth) {
      throw new OmlmdError('limit-exceeded', `JSON is nested deeper than ${this.#maxDepth} levels`);
    }
    this.#match(WHITESPACE);
    switch (this.#text[this.#at]) {
      case '{':
        return this.#object(depth);
      case '[':
        return this.#array(depth);
      case '"':
        return this.#string();
      case 't':
        return this.#word('true', true);
      case 'f':
        return this.#word('false', false);
      case 'n':
        return this.#word('null', null);
      default:
        return this.#number();
    }
  }

  #word<T extends boolean | null>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) throw this.#error('expected a value');
    this.#at += word.length;
    return value;
  }

  #number(): JsonNumber {
    const text = this.#match(NUMBER);
    if (text === '') throw this.#error('expected a value');
    return new JsonNumber(text);
  }

  #object(depth: number): JsonObject {
    this.#at += 1;
    const object: JsonObject = new Map();
    if (this.#take('}')) return object;
    do {
      this.#match(WHITESPACE);
      if (this.#text[this.#at] !== '"') throw this.#error('expected a key');
      const key = this.#string();
      if (this.#refuseDuplicates && object.has(key)) throw this.#error('a key stands twice in one object');
      if (!this.#take(':')) throw this.#error('expected ":"');
      object.set(key, this.#value(depth + 1));
    } while (this.#take(','));
    if (!this.#take('}')) throw this.#error('expected "," or "}"');
    return object;
  }

  #array(depth: number): JsonValue[] {
    this.#at += 1;
    const array: JsonValue[] = [];
    if (this.#take(']')) return array;
    do {
      array.push(this.#value(depth + 1));
    } while (this.#take(','));
    if (!this.#take(']')) throw this.#error('expected "," or "]"');
    return array;
  }

  #string(): string {
    this.#at += 1;
    let result = this.#match(PLAIN_STRING);
    for (;;) {
      const character = this.#text[this.#at];
      this.#at += 1;
      if (character === '"') return result;
      if (character !== '\\') throw this.#error('a string is not closed, or has a control character');
      result += this.#escape() + this.#match(PLAIN_STRING);
    }
  }

  #escape(): string {
    const character = this.#text[this.#at] ?? '';
    this.#at += 1;
    if (character === 'u') {
      const hex = this.#text.slice(this.#at, this.#at + 4);
      if (!/^[0-9a-fA-F]{4}$/.test(hex)) throw this.#error('expected four hex digits');
      this.#at += 4;
      return String.fromCharCode(Number.parseInt(hex, 16));
    }
    const plain = ESCAPES[character];
    if (plain === undefined) throw this.#error('unknown escape');
    return plain;
  }
}

/** Plain data as `JSON.parse` would give it, for schemas: null-prototype objects, numbers as doubles. */
export function toPlain(value: JsonValue): unknown {
  if (value instanceof JsonNumber) return value.toNumber();
  if (Array.isArray(value)) return value.map(toPlain);
  if (value instanceof Map) {
    const object: Record<string, unknown> = Object.create(null);
    for (const [key, member] of value) object[key] = toPlain(member);
    return object;
  }
  return value;
}

/** The lossless form of plain data. Numbers are written as JavaScript writes them: an integral double is an integer. */
export function fromPlain(value: unknown): JsonValue {
  if (value === null || value === undefined) return null;
  if (typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'number')
    return Number.isFinite(value) ? new JsonNumber(String(value)) : String(value);
  if (typeof value === 'bigint') return new JsonNumber(value.toString());
  if (value instanceof JsonNumber) return value;
  if (Array.isArray(value)) return value.map(fromPlain);
  if (value instanceof Map) return new Map([...value].map(([k, v]) => [String(k), fromPlain(v)]));
  if (typeof value === 'object') return new Map(Object.entries(value).map(([k, v]) => [k, fromPlain(v)]));
  throw new TypeError(`a ${typeof value} has no JSON form`);
}
