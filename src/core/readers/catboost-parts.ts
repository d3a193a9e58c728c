import { MAX_CATBOOST_PARTS_BYTES, MAX_LIST_ENTRIES, MAX_NAME_BYTES } from './limits.ts';
import { FlatTable } from './parse/flatbuffer.ts';
import type { PagedSource } from './parse/paged-source.ts';
import { ParseStop } from './parse/parse-stop.ts';

/** Field of TModelCore: what follows the core, in this order. */
const PART_NAMES = 3;
/** Tables of counters of categories, each behind its size. */
const COUNTERS = 'static_provider_v1';
/** Texts and embeddings begin with their own name, which is 16 bytes with the zero at its end. */
const NAMED = /^(?:text|embed)_process_/;
/** The last part of what is kept of texts. */
const TEXTS_END = '___ILLEGAL_GUID\0';
/** Before each way to use an embedding; then its kind as `u32`, and a flatbuffer behind its size. */
const EMBEDDING = 'EmbedCalcerV1\0\0\0';
/** A 32-bit size that stands in the next eight bytes. */
const LARGE = 0xffff_ffff;

/**
 * Gives where a model ends whose core ends at `at`; undefined where what follows the core does not tell. Throws
 * {@link ParseStop} where parts are missing.
 */
export async function partsEnd(
  source: PagedSource,
  core: FlatTable,
  at: number,
): Promise<number | undefined> {
  const names: string[] = [];
  for await (const name of core.texts(PART_NAMES, MAX_LIST_ENTRIES, MAX_NAME_BYTES)) names.push(name);
  if (names.length === 0) return at;
  if (at >= source.size) throw new ParseStop('truncated', 'the file ends before what follows its core', at);
  if (source.size - at > MAX_CATBOOST_PARTS_BYTES) return undefined;
  const parts = new ModelParts(source, at, Buffer.from(await source.read(at, source.size - at)));
  for (const [index, name] of names.entries()) {
    if (name === COUNTERS) parts.counters();
    else if (!NAMED.test(name)) return undefined;
    else if (name.startsWith('text_')) parts.texts(name, names[index + 1]);
    else {
      await parts.embeddings(name);
      return undefined;
    }
  }
  return parts.end;
}

/** All bytes behind the core, and how far they are understood. */
class ModelParts {
  readonly #source: PagedSource;
  readonly #start: number;
  readonly #bytes: Buffer;
  #at = 0;

  constructor(source: PagedSource, start: number, bytes: Buffer) {
    this.#source = source;
    this.#start = start;
    this.#bytes = bytes;
  }

  get end(): number {
    return this.#start + this.#at;
  }

  counters(): void {
    for (let left = this.#size(); left > 0; left -= 1) this.#pass(this.#size());
  }

  /** What is kept of texts has no size of its own: it ends with a part that says so, and before the next. */
  texts(name: string, next: string | undefined): void {
    this.#name(name);
    const follows = next !== undefined && NAMED.test(next) ? next : '';
    const end = this.#bytes.indexOf(TEXTS_END + follows, this.#at, 'latin1');
    if (end < 0) throw this.#cutOff();
    this.#at = end + TEXTS_END.length;
  }

  /** Each must begin; how long what it keeps of the training is, is known to CatBoost alone. */
  async embeddings(name: string): Promise<void> {
    this.#name(name);
    const size = Number(this.#unsigned(8));
    const start = this.end;
    this.#pass(size);
    const header = await FlatTable.root(this.#source, start, this.end);
    const count = (await header.vector(0, 16))?.count ?? 0;
    for (let left = count; left > 0; left -= 1) {
      const begin = this.#bytes.indexOf(EMBEDDING, this.#at, 'latin1');
      if (begin < 0) throw this.#cutOff();
      this.#at = begin + EMBEDDING.length;
      this.#pass(4);
      this.#pass(Number(this.#unsigned(8)));
    }
  }

  #name(name: string): void {
    const at = this.#at;
    this.#pass(name.length);
    const found = this.#bytes.toString('latin1', at, at + name.length);
    if (found !== name)
      throw new ParseStop('malformed', 'what follows the core is not what it says', this.#start + at);
  }

  /** 32 bits, or 64 of a size that is larger. */
  #size(): number {
    const size = Number(this.#unsigned(4));
    return size === LARGE ? Number(this.#unsigned(8)) : size;
  }

  #unsigned(bytes: 4 | 8): bigint {
    const at = this.#at;
    this.#pass(bytes);
    return bytes === 4 ? BigInt(this.#bytes.readUInt32LE(at)) : this.#bytes.readBigUInt64LE(at);
  }

  #pass(bytes: number): void {
    if (bytes > this.#bytes.byteLength - this.#at) throw this.#cutOff();
    this.#at += bytes;
  }

  #cutOff(): ParseStop {
    return new ParseStop('truncated', 'the file ends inside what follows its core', this.end);
  }
}
