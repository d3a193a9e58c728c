import { MAX_HEADER_JSON_DEPTH, MAX_STRING_BYTES } from '../limits.ts';
import type { ByteCursor } from './byte-cursor.ts';
import { malformed, ParseStop } from './parse-stop.ts';
import type { ValueKind, ValueStream } from './value-stream.ts';

/** Bytes of a value by its marker, for those of a fixed size. */
const WIDTHS: ReadonlyMap<string, number> = new Map([
  ['Z', 0],
  ['T', 0],
  ['F', 0],
  ['i', 1],
  ['U', 1],
  ['C', 1],
  ['I', 2],
  ['l', 4],
  ['d', 4],
  ['L', 8],
  ['D', 8],
]);

/** What an array or object states before its values: the type of all of them (`$`) and how many they are (`#`). */
interface Container {
  readonly type?: string | undefined;
  readonly count?: number;
}

/**
 * UBJSON (draft 12, big-endian) as a {@link ValueStream}. Arrays of numbers state type and count, so that they are passed
 * over without being read.
 */
export class UbjsonStream implements ValueStream {
  readonly #cursor: ByteCursor;
  /** The type of the value at hand where its container states it, else a marker stands before the value. */
  #type: string | undefined;

  constructor(cursor: ByteCursor) {
    cursor.littleEndian = false;
    this.#cursor = cursor;
  }

  async kind(): Promise<ValueKind> {
    const type = await this.#peekType();
    if (type === '{') return 'object';
    if (type === '[') return 'array';
    if (type === 'S' || type === 'C') return 'text';
    return 'iUIlLdDH'.includes(type) ? 'number' : 'other';
  }

  async object(member: (key: string) => Promise<void>): Promise<void> {
    await this.#expect('{');
    await this.#each('}', await this.#container(), () => this.#member(member));
  }

  async members(member: (key: string) => Promise<void>): Promise<void> {
    await this.#each('}', {}, () => this.#member(member));
  }

  async #member(member: (key: string) => Promise<void>): Promise<() => Promise<void>> {
    const key = await this.#text();
    return () => member(key ?? '');
  }

  async array(item: () => Promise<void>): Promise<void> {
    await this.#expect('[');
    await this.#each(']', await this.#container(), async () => item);
  }

  async scalar(): Promise<string | number | undefined> {
    const type = await this.#peekType();
    if (type === '{' || type === '[') {
      await this.skip();
      return undefined;
    }
    return await this.#scalarOf(await this.#takeType());
  }

  async skip(depth = 0): Promise<void> {
    if (depth > MAX_HEADER_JSON_DEPTH) {
      throw malformed(`UBJSON is nested deeper than ${MAX_HEADER_JSON_DEPTH} levels`, this.#cursor.position);
    }
    const type = await this.#takeType();
    if (type !== '{' && type !== '[') return await this.#skipScalar(type);
    const container = await this.#container();
    const width = container.type === undefined ? undefined : WIDTHS.get(container.type);
    if (type === '[' && width !== undefined) return await this.#cursor.skip((container.count ?? 0) * width);
    await this.#each(type === '{' ? '}' : ']', container, async () => {
      if (type === '{') await this.#skipText();
      return () => this.skip(depth + 1);
    });
  }

  /** Walks a container from its first value on; `start` reads what is before a value and says what takes it. */
  async #each(
    close: string,
    { type, count }: Container,
    start: () => Promise<() => Promise<void>>,
  ): Promise<void> {
    if (type !== undefined && WIDTHS.get(type) === 0 && count !== 0) {
      throw malformed(`a list states ${count} values that take no bytes`, this.#cursor.position);
    }
    for (let index = 0; index < (count ?? Number.POSITIVE_INFINITY); index += 1) {
      if (count === undefined && (await this.#closes(close))) return;
      const take = await start();
      this.#type = type;
      await take();
    }
  }

  async #container(): Promise<Container> {
    let type: string | undefined;
    if ((await this.#peekMarker()) === '$') {
      this.#cursor.skipBuffered(1);
      type = await this.#marker();
      if ((await this.#peekMarker()) !== '#')
        throw malformed('a list with a type states no count', this.#cursor.position);
    }
    if ((await this.#peekMarker()) !== '#') return { type };
    this.#cursor.skipBuffered(1);
    return { type, count: await this.#length() };
  }

  async #closes(close: string): Promise<boolean> {
    while ((await this.#peekMarker()) === 'N') this.#cursor.skipBuffered(1);
    return (await this.#peekMarker()) === close && this.#cursor.skipBuffered(1);
  }

  async #scalarOf(type: string): Promise<string | number | undefined> {
    if (type === 'S') return await this.#text();
    if (type === 'H') {
      const text = await this.#text();
      return text === undefined ? undefined : Number(text);
    }
    const width = WIDTHS.get(type);
    if (width === undefined) throw this.#unknown(type);
    await this.#cursor.need(width);
    return width === 0 ? undefined : this.#fixed(type);
  }

  #fixed(type: string): string | number {
    const cursor = this.#cursor;
    switch (type) {
      case 'i':
        return (cursor.u8() << 24) >> 24;
      case 'U':
        return cursor.u8();
      case 'C':
        return String.fromCharCode(cursor.u8());
      case 'I':
        return (cursor.u16() << 16) >> 16;
      case 'l':
        return cursor.i32();
      case 'd':
        return cursor.f32();
      case 'D':
        return cursor.f64();
      default:
        // Beyond 2^53 a number is rounded; counts, which must be exact, are bounded by the file.
        return Number(BigInt.asIntN(64, cursor.u64()));
    }
  }

  async #skipScalar(type: string): Promise<void> {
    if (type === 'S' || type === 'H') return await this.#skipText();
    const width = WIDTHS.get(type);
    if (width === undefined) throw this.#unknown(type);
    await this.#cursor.skip(width);
  }

  async #skipText(): Promise<void> {
    await this.#cursor.skip(await this.#length());
  }

  /** A text without its marker; undefined where it is longer than is kept. */
  async #text(): Promise<string | undefined> {
    const length = await this.#length();
    if (length > MAX_STRING_BYTES) {
      await this.#cursor.skip(length);
      return undefined;
    }
    await this.#cursor.need(length);
    return this.#cursor.text(length);
  }

  async #length(): Promise<number> {
    const type = await this.#marker();
    const value = 'iUIlL'.includes(type) ? await this.#scalarOf(type) : undefined;
    if (typeof value !== 'number' || value < 0)
      throw malformed('a length is not a number', this.#cursor.position);
    if (value > this.#cursor.left) {
      // Elements take a byte at least, those without any are refused where they stand.
      throw new ParseStop(
        'truncated',
        `${value} more bytes are stated than are there`,
        this.#cursor.position,
      );
    }
    return value;
  }

  async #expect(type: string): Promise<void> {
    if ((await this.#takeType()) !== type) throw malformed(`expected "${type}"`, this.#cursor.position);
  }

  async #peekType(): Promise<string> {
    if (this.#type !== undefined) return this.#type;
    while ((await this.#peekMarker()) === 'N') this.#cursor.skipBuffered(1);
    return await this.#peekMarker();
  }

  async #takeType(): Promise<string> {
    const type = await this.#peekType();
    if (this.#type === undefined) this.#cursor.skipBuffered(1);
    this.#type = undefined;
    return type;
  }

  async #peekMarker(): Promise<string> {
    await this.#cursor.need(1);
    return String.fromCharCode(this.#cursor.peek() ?? 0);
  }

  async #marker(): Promise<string> {
    const marker = await this.#peekMarker();
    this.#cursor.skipBuffered(1);
    return marker;
  }

  #unknown(type: string): ParseStop {
    const code = type.charCodeAt(0).toString(16).padStart(2, '0');
    return malformed(`0x${code} is no kind of value`, this.#cursor.position);
  }
}
