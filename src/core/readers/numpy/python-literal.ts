import { MAX_NPY_HEADER_DEPTH } from '../limits.ts';
import { malformed } from '../parse/parse-stop.ts';

/** A value of Python's `literal_eval`, as far as npy headers have them. */
export type PythonLiteral = null | boolean | number | string | PythonLiteral[] | Map<string, PythonLiteral>;

const SPACE = /[ \t\r\n\f]*/y;
const TEXT = /[uUbB]?(?:'((?:[^'\\\n]|\\[\s\S])*)'|"((?:[^"\\\n]|\\[\s\S])*)")/y;
const NUMBER = /([+-]?[0-9]{1,15})L?/y;
const WORD = /True|False|None/y;

/** Parses one Python literal that takes the whole text: dict, tuple, list, text, whole number, True, False, None. */
export function parsePythonLiteral(text: string): PythonLiteral {
  const parser = new LiteralParser(text);
  const value = parser.value(0);
  parser.end();
  return value;
}

class LiteralParser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(depth: number): PythonLiteral {
    if (depth > MAX_NPY_HEADER_DEPTH)
      throw malformed(`a header nests deeper than ${MAX_NPY_HEADER_DEPTH} levels`);
    if (this.#take('{')) return this.#dict(depth);
    if (this.#take('(')) return this.#items(')', depth);
    if (this.#take('[')) return this.#items(']', depth);
    const word = this.#match(WORD)?.[0];
    if (word !== undefined) return word === 'None' ? null : word === 'True';
    const number = this.#match(NUMBER)?.[1];
    if (number !== undefined) return Number(number);
    return this.#string();
  }

  end(): void {
    this.#skipSpace();
    if (this.#at < this.#text.length) throw malformed('a header holds more than one value');
  }

  #dict(depth: number): Map<string, PythonLiteral> {
    const entries = new Map<string, PythonLiteral>();
    while (!this.#take('}')) {
      const key = this.#string();
      if (!this.#take(':')) throw malformed('a header has a key without a value');
      entries.set(key, this.value(depth + 1));
      if (!this.#take(',') && !this.#sees('}')) throw malformed('a header is not a Python literal');
    }
    return entries;
  }

  #items(close: string, depth: number): PythonLiteral[] {
    const items: PythonLiteral[] = [];
    while (!this.#take(close)) {
      items.push(this.value(depth + 1));
      if (!this.#take(',') && !this.#sees(close)) throw malformed('a header is not a Python literal');
    }
    return items;
  }

  #string(): string {
    const match = this.#match(TEXT);
    if (match === undefined) throw malformed('a header is not a Python literal');
    return (match[1] ?? match[2] ?? '').replace(/\\([\s\S])/g, '$1');
  }

  #skipSpace(): void {
    SPACE.lastIndex = this.#at;
    this.#at += SPACE.exec(this.#text)?.[0].length ?? 0;
  }

  #sees(character: string): boolean {
    this.#skipSpace();
    return this.#text[this.#at] === character;
  }

  #take(character: string): boolean {
    if (!this.#sees(character)) return false;
    this.#at += 1;
    return true;
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    this.#skipSpace();
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text) ?? undefined;
    this.#at += found?.[0].length ?? 0;
    return found;
  }
}
