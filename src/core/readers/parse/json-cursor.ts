import { MAX_HEADER_JSON_DEPTH } from '../limits.ts';
import type { MemoryGuard } from './memory-guard.ts';
import { malformed } from './parse-stop.ts';

const WHITESPACE = /[ \t\r\n]*/y;
const STRING = /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"/y;
const SCALAR = /true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
/** Members of objects between two looks at the clock of memory. */
const MEMBERS_A_LOOK = 256;

/**
 * JSON taken apart in place. A header of eight megabytes may state millions of values; a tree of them would take a
 * hundred times the file, so the reader keeps what it wants of each and drops it.
 */
export class JsonCursor {
  readonly #text: string;
  readonly #memory: MemoryGuard | undefined;
  #at = 0;
  #members = 0;

  constructor(text: string, memory?: MemoryGuard) {
    this.#text = text;
    this.#memory = memory;
  }

  /** Calls `member` before each value of an object; it must take the value. */
  object(member: (key: string) => void): void {
    this.#expect('{');
    if (this.#take('}')) return;
    do {
      this.#members += 1;
      if (this.#members % MEMBERS_A_LOOK === 0) this.#memory?.check();
      const key = this.string();
      this.#expect(':');
      member(key);
    } while (this.#take(','));
    this.#expect('}');
  }

  /** Calls `item` before each value of an array; it must take the value. */
  array(item: () => void): void {
    this.#expect('[');
    if (this.#take(']')) return;
    do {
      item();
    } while (this.#take(','));
    this.#expect(']');
  }

  string(): string {
    const source = this.#match(STRING, 'a string');
    // The pattern lets only complete JSON strings through.
    return source.includes('\\') ? String(JSON.parse(source)) : source.slice(1, -1);
  }

  /** A whole number that JavaScript can hold exactly. */
  integer(): number {
    const source = this.#match(SCALAR, 'a number');
    const value = Number(source);
    if (!/^-?[0-9]+$/.test(source) || !Number.isSafeInteger(value))
      throw this.#error('expected a whole number');
    return value;
  }

  /** The next value if it is text; anything else is passed over. */
  stringOrSkip(): string | undefined {
    if (this.#next() === '"') return this.string();
    this.skip();
    return undefined;
  }

  /** The next value if it is a number; anything else is passed over. */
  numberOrSkip(): number | undefined {
    if (/[-0-9]/.test(this.#next() ?? '')) return Number(this.#match(SCALAR, 'a number'));
    this.skip();
    return undefined;
  }

  skip(depth = 0): void {
    if (depth > MAX_HEADER_JSON_DEPTH)
      throw this.#error(`nested deeper than ${MAX_HEADER_JSON_DEPTH} levels`);
    const next = this.#next();
    if (next === '{') this.object(() => this.skip(depth + 1));
    else if (next === '[') this.array(() => this.skip(depth + 1));
    else if (next === '"') this.#match(STRING, 'a string');
    else this.#match(SCALAR, 'a value');
  }

  /** Only white space may follow. */
  end(): void {
    this.#next();
    if (this.#at < this.#text.length) throw this.#error('text after the document');
  }

  #next(): string | undefined {
    WHITESPACE.lastIndex = this.#at;
    this.#at += WHITESPACE.exec(this.#text)?.[0].length ?? 0;
    return this.#text[this.#at];
  }

  #take(character: string): boolean {
    if (this.#next() !== character) return false;
    this.#at += 1;
    return true;
  }

  #expect(character: string): void {
    if (!this.#take(character)) throw this.#error(`expected "${character}"`);
  }

  #match(pattern: RegExp, what: string): string {
    this.#next();
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found === undefined || found === '') throw this.#error(`expected ${what}`);
    this.#at += found.length;
    return found;
  }

  #error(what: string): Error {
    return malformed(`JSON at character ${this.#at}: ${what}`);
  }
}
