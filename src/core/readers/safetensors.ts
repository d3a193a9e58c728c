import { quote } from '../errors.ts';
import { bitsOf } from './dtypes.ts';
import type { FactsBuilder } from './facts.ts';
import {
  MAX_DISTINCT_NAMES,
  MAX_NAME_BYTES,
  MAX_RANK,
  MAX_SAFETENSORS_HEADER_BYTES,
  MAX_SAFETENSORS_PARSED_BYTES,
  MAX_STRING_BYTES,
} from './limits.ts';
import { stemOf } from './model-name.ts';
import { JsonCursor } from './parse/json-cursor.ts';
import { malformed, ParseStop } from './parse/parse-stop.ts';
import { collectFacts, type Reading } from './read-file.ts';
import type { ModelReader } from './reader.ts';
import { elementsOf, reportParameters, reportTensors, TensorTally } from './tensor-tally.ts';

/** `u64` length of the header, little-endian, before the header. */
const PREFIX_BYTES = 8;
const FRAMEWORKS: ReadonlyMap<string, string> = new Map([
  ['pt', 'pytorch'],
  ['tf', 'tensorflow'],
  ['flax', 'flax'],
  ['np', 'numpy'],
  ['numpy', 'numpy'],
  ['mlx', 'mlx'],
  ['paddle', 'paddle'],
]);

/** safetensors: a JSON header with names, types, shapes and offsets, then the weights. */
export const safetensorsReader: ModelReader = {
  id: 'safetensors',
  extensions: ['.safetensors'],
  recognizes(_path, head) {
    if (head.byteLength <= PREFIX_BYTES) return false;
    const length = new DataView(head.buffer, head.byteOffset, PREFIX_BYTES).getBigUint64(0, true);
    return length >= 2n && length <= BigInt(MAX_SAFETENSORS_HEADER_BYTES) && head[PREFIX_BYTES] === 0x7b;
  },
  async read(file, options) {
    const facts = await collectFacts(file, readHeader, options);
    return facts.build('safetensors', stemOf(file.path, safetensorsReader.extensions));
  },
};

interface Span {
  readonly begin: number;
  readonly end: number;
}

async function readHeader({ cursor, facts, memory }: Reading): Promise<void> {
  const fileBytes = cursor.left;
  await cursor.need(PREFIX_BYTES);
  const length = cursor.count();
  const dataBytes = fileBytes - PREFIX_BYTES - length;
  if (length > MAX_SAFETENSORS_HEADER_BYTES) throw malformed(`the header states ${length} bytes`, 0);
  if (dataBytes < 0)
    throw new ParseStop('truncated', `the file ends inside its header of ${length} bytes`, 0);
  if (length > MAX_SAFETENSORS_PARSED_BYTES) {
    throw new ParseStop('too-large-to-show', `the header has ${length} bytes; its tensors are not listed`, 0);
  }
  await cursor.need(length);
  const text = cursor.text(length);
  cursor.release();
  const header = new Header(new JsonCursor(text, memory));
  try {
    header.parse();
  } finally {
    header.report(facts);
  }
  checkSpans(header.spans, dataBytes, facts);
}

/** The JSON header; filled as it is read, so that a broken one still shows what stood before. */
class Header {
  readonly spans: Span[] = [];
  readonly #tally = new TensorTally();
  readonly #own = new Map<string, string>();
  readonly #names = new Set<string>();
  readonly #json: JsonCursor;
  #lora = false;

  constructor(json: JsonCursor) {
    this.#json = json;
  }

  parse(): void {
    this.#json.object((name) => {
      if (name === '__metadata__') this.#metadata();
      else this.#tensor(name);
    });
    this.#json.end();
  }

  #metadata(): void {
    this.#json.object((key) => {
      const value = this.#json.stringOrSkip();
      if (value !== undefined && value.length <= MAX_STRING_BYTES && this.#own.size < MAX_DISTINCT_NAMES) {
        this.#own.set(key.slice(0, MAX_NAME_BYTES), value);
      }
    });
  }

  #tensor(name: string): void {
    if (this.#names.has(name)) throw malformed(`the tensor ${quote(name)} stands twice`);
    this.#names.add(name);
    if (/\.lora_(?:A|B|up|down)\b|\blora_(?:unet|te)/.test(name)) this.#lora = true;
    let dtype = '';
    const shape: number[] = [];
    const offsets: number[] = [];
    this.#json.object((key) => {
      if (key === 'dtype') dtype = this.#json.string();
      else if (key === 'shape') this.#integers(shape, MAX_RANK);
      else if (key === 'data_offsets') this.#integers(offsets, 2);
      else this.#json.skip();
    });
    this.#count(name, dtype, shape, offsets);
  }

  #integers(into: number[], most: number): void {
    this.#json.array(() => {
      if (into.length >= most) throw malformed(`a list has more than ${most} numbers`);
      into.push(this.#json.integer());
    });
  }

  #count(name: string, dtype: string, shape: readonly number[], offsets: readonly number[]): void {
    const [begin, end] = offsets;
    if (begin === undefined || end === undefined || begin < 0 || end < begin) {
      throw malformed(`the tensor ${quote(name)} has no offsets, or impossible ones`);
    }
    const elements = elementsOf(shape);
    const bits = bitsOf(dtype);
    const bytes = end - begin;
    if (bits !== undefined && elements * BigInt(bits) !== BigInt(bytes) * 8n) {
      throw malformed(
        `the tensor ${quote(name)} takes ${bytes} bytes, which is not its shape times its type`,
      );
    }
    this.spans.push({ begin, end });
    this.#tally.add({ name: name.slice(0, MAX_NAME_BYTES), dtype, shape, bytes }, elements, BigInt(bytes));
  }

  report(facts: FactsBuilder): void {
    const own = this.#own;
    facts.own('name', own.get('name') ?? own.get('modelspec.title'));
    facts.own('description', own.get('description') ?? own.get('modelspec.description'));
    facts.own('author', own.get('author') ?? own.get('modelspec.author'));
    const format = own.get('format');
    if (format !== undefined) facts.property('framework', FRAMEWORKS.get(format) ?? format);
    facts.property('architecture', own.get('modelspec.architecture'));
    reportParameters(this.#tally, facts);
    facts.property('license', own.get('license') ?? own.get('modelspec.license'));
    facts.property('base_model', own.get('base_model'));
    if (this.#lora) facts.property('adapter', 'lora');
    facts.details.metadata = Object.fromEntries(own);
    reportTensors(this.#tally, facts);
  }
}

/** Weights must lie in the file one after the other without a gap: a gap or a tail can hold anything (S29). */
function checkSpans(spans: readonly Span[], dataBytes: number, facts: FactsBuilder): void {
  let at = 0;
  for (const { begin, end } of spans.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin < at) throw malformed('two tensors share bytes');
    if (begin > at) {
      facts.finding('medium', 'hidden-data', `${begin - at} bytes belong to no tensor`, `data offset ${at}`);
    }
    at = end;
  }
  if (at > dataBytes) {
    throw new ParseStop('truncated', `the weights take ${at} bytes, ${dataBytes} are there`);
  }
  if (at < dataBytes) {
    facts.finding(
      'medium',
      'hidden-data',
      `${dataBytes - at} bytes follow the last tensor`,
      `data offset ${at}`,
    );
  }
}
