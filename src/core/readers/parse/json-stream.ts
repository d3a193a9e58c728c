import { MAX_HEADER_JSON_DEPTH, MAX_STRING_BYTES } from '../limits.ts';
import type { ByteCursor } from './byte-cursor.ts';
import { malformed } from './parse-stop.ts';
import type { ValueKind, ValueStream } from './value-stream.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_ARRAY, CLOSE_ARRAY] = [0x7b, 0x7d, 0x5b, 0x5d];
const [COLON, COMMA] = [0x3a, 0x2c];
/** Longest number or word in bytes; JSON sets none, and writers stay far below. */
const LONGEST_SCALAR = 1024;

/** JSON as a {@link ValueStream}, for documents that are larger than memory should hold. */
export class JsonStream implements ValueStream {
  readonly #cursor: ByteCursor;

  constructor(cursor: ByteCursor) {
    this.#cursor = cursor;
  }

  async kind(): Promise<ValueKind> {
    const next = await this.#next();
    if (next === OPEN_OBJECT) return 'object';
    if (next === OPEN_ARRAY) return 'array';
    if (next === QUOTE) return 'text';
    return next === 0x2d || (next >= 0x30 && next <= 0x39) ? 'number' : 'other';
  }

  async object(member: (key: string) => Promise<void>): Promise<void> {
    await this.#expect(OPEN_OBJECT);
    await this.members(member);
  }

  async members(member: (key: string) => Promise<void>): Promise<void> {
    await this.#take(COMMA);
    if (await this.#take(CLOSE_OBJECT)) return;
    do {
      const key = await this.#string();
      await this.#expect(COLON);
      await member(key ?? '');
    } while (await this.#take(COMMA));
    await this.#expect(CLOSE_OBJECT);
  }

  async array(item: () => Promise<void>): Promise<void> {
    await this.#expect(OPEN_ARRAY);
    if (await this.#take(CLOSE_ARRAY)) return;
    do {
      await item();
    } while (await this.#take(COMMA));
    await this.#expect(CLOSE_ARRAY);
  }

  async scalar(): Promise<string | number | undefined> {
    const kind = await this.kind();
    if (kind === 'text') return await this.#string();
    if (kind === 'number') return this.#number(await this.#word());
    await this.skip();
    return undefined;
  }

  /** Passes over a value by its brackets and quotes alone: what is in it is not looked at. */
  async skip(): Promise<void> {
    const kind = await this.kind();
    if (kind === 'text') await this.#string();
    else if (kind === 'number') this.#number(await this.#word());
    else if (kind === 'other') await this.#constant();
    else await this.#skipNested();
  }

  async #skipNested(): Promise<void> {
    let depth = 0;
    do {
      await this.#cursor.need(1);
      depth = this.#skipBuffered(depth);
      if (depth > MAX_HEADER_JSON_DEPTH) {
        throw malformed(`JSON is nested deeper than ${MAX_HEADER_JSON_DEPTH} levels`, this.#cursor.position);
      }
      if (depth > 0 && this.#cursor.peek() === QUOTE) await this.#passString();
    } while (depth > 0);
  }

  /** Goes on to the next quote, the end of the value or the end of the buffer; gives the nesting reached. */
  #skipBuffered(depth: number): number {
    const bytes = this.#cursor.rest();
    let at = 0;
    let level = depth;
    for (; at < bytes.byteLength; at += 1) {
      const byte = bytes[at];
      if (byte === QUOTE) break;
      if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) level += 1;
      else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) level -= 1;
      if (level === 0 || level > MAX_HEADER_JSON_DEPTH) {
        at += 1;
        break;
      }
    }
    this.#cursor.skipBuffered(at);
    return level;
  }

  /** Passes over a string without keeping it. */
  async #passString(): Promise<void> {
    this.#cursor.skipBuffered(1);
    let escaped = false;
    for (;;) {
      await this.#cursor.need(1);
      const bytes = this.#cursor.rest();
      for (let at = 0; at < bytes.byteLength; at += 1) {
        if (escaped) escaped = false;
        else if (bytes[at] === BACKSLASH) escaped = true;
        else if (bytes[at] === QUOTE) {
          this.#cursor.skipBuffered(at + 1);
          return;
        }
      }
      this.#cursor.skipBuffered(bytes.byteLength);
    }
  }

  /** A string; undefined where it is longer than is kept. */
  async #string(): Promise<string | undefined> {
    if ((await this.#next()) !== QUOTE) throw this.#error('expected a string');
    let length = 1;
    for (;;) {
      await this.#cursor.need(length + 1);
      const bytes = this.#cursor.rest();
      while (length < bytes.byteLength && bytes[length] !== QUOTE)
        length += bytes[length] === BACKSLASH ? 2 : 1;
      if (length < bytes.byteLength) break;
      if (length >= MAX_STRING_BYTES) {
        await this.#passString();
        return undefined;
      }
    }
    return this.#decoded(this.#cursor.text(length + 1));
  }

  #decoded(source: string): string | undefined {
    if (source.length > MAX_STRING_BYTES) return undefined;
    try {
      return String(JSON.parse(source));
    } catch {
      throw this.#error('expected a string');
    }
  }

  async #constant(): Promise<void> {
    if (!/^(?:true|false|null)$/.test(await this.#word())) throw this.#error('expected a value');
  }

  #number(word: string): number {
    if (!/^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/.test(word))
      throw this.#error('expected a value');
    return Number(word);
  }

  async #word(): Promise<string> {
    await this.#cursor.fill(LONGEST_SCALAR);
    const bytes = this.#cursor.rest();
    let length = 0;
    while (length < Math.min(LONGEST_SCALAR, bytes.byteLength) && isWordByte(bytes[length] ?? 0)) length += 1;
    if (length === bytes.byteLength) await this.#cursor.need(length + 1);
    return this.#cursor.text(length);
  }

  /** The next byte that is not white space, without passing it. */
  async #next(): Promise<number> {
    for (;;) {
      await this.#cursor.need(1);
      const byte = this.#cursor.peek() ?? 0;
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return byte;
      this.#cursor.skipBuffered(1);
    }
  }

  async #take(byte: number): Promise<boolean> {
    return (await this.#next()) === byte && this.#cursor.skipBuffered(1);
  }

  async #expect(byte: number): Promise<void> {
    if (!(await this.#take(byte))) throw this.#error(`expected "${String.fromCharCode(byte)}"`);
  }

  #error(what: string): Error {
    return malformed(`JSON: ${what}`, this.#cursor.position);
  }
}

/** Letters, digits, `+`, `-` and `.`: what numbers and `true`, `false`, `null` are made of. */
function isWordByte(byte: number): boolean {
  const lower = byte | 0x20;
  return (
    (lower >= 0x61 && lower <= 0x7a) || (byte >= 0x30 && byte <= 0x39) || [0x2b, 0x2d, 0x2e].includes(byte)
  );
}
