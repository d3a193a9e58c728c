import { bitsOf } from '../dtypes.ts';
import {
  MAX_DISTINCT_NAMES,
  MAX_FINDINGS,
  MAX_HYPERPARAMETERS,
  MAX_NAME_BYTES,
  MAX_RANK,
} from '../limits.ts';
import { malformed } from '../parse/parse-stop.ts';
import type { XmlElement } from '../parse/xml.ts';
import { elementsOf, TensorTally } from '../tensor-tally.ts';

/** An input or output; a dimension of any size is null. */
export interface OpenvinoValue {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly (number | null)[];
}

/** What a layer gives or takes. */
interface Port {
  readonly dtype: string;
  readonly name: string | undefined;
  readonly shape: (number | null)[];
}

/** A layer while its element is open; the layers of a loop's body stand inside the loop's. */
interface Layer {
  readonly element: XmlElement;
  readonly type: string;
  data: XmlElement | undefined;
  side: string;
  first: Port | undefined;
  port: Port | undefined;
}

/** What a model says, weights left out. Filled while walking, so that a broken file shows what stood before. */
export class OpenvinoWalk {
  root: XmlElement | undefined;
  /** Version of what wrote the file. */
  runtime: string | undefined;
  /** What the model was converted from, and how. */
  readonly conversion = new Map<string, string>();
  /** Bytes that the file of weights must have. */
  weightBytes = 0;
  readonly tally = new TensorTally();
  readonly layers = new Map<string, number>();
  readonly inputs: OpenvinoValue[] = [];
  /** Constants whose bytes are not what their shape and type come to. */
  readonly odd: string[] = [];
  readonly #open: Layer[] = [];
  readonly #results = new Map<string, OpenvinoValue & { readonly named: boolean }>();
  /** Names of the model's own outputs-to-be: of a port, else of its layer. */
  readonly #names = new Map<string, string>();

  open(element: XmlElement): undefined {
    const { name, depth } = element;
    const layer = this.#open.at(-1);
    if (depth === 1) this.root = element;
    else if (name === 'layer') this.#enter(element);
    else if (layer !== undefined) this.#inside(element, layer);
    else if (name === 'edge' && depth === 3) this.#edge(element);
    else this.#about(element);
  }

  close(name: string, depth: number, text: string): void {
    const layer = this.#open.at(-1);
    if (layer === undefined) return;
    if (name === 'dim') addDimension(layer.port, text);
    if (name !== 'layer' || layer.element.depth !== depth) return;
    this.#open.pop();
    if (layer.type === 'Const') this.#constant(layer);
    if (this.#open.length === 0) this.#leave(layer);
  }

  #enter(element: XmlElement): void {
    const type = short(element.attribute('type'));
    this.#open.push({ element, type, data: undefined, side: '', first: undefined, port: undefined });
    const known = this.layers.get(type);
    if (known !== undefined || this.layers.size < MAX_DISTINCT_NAMES) this.layers.set(type, (known ?? 0) + 1);
  }

  #inside(element: XmlElement, layer: Layer): void {
    const below = element.depth - layer.element.depth;
    if (below === 1) {
      layer.side = element.name;
      if (element.name === 'data') layer.data = element;
    } else if (below === 2 && element.name === 'port') this.#port(element, layer);
  }

  #port(element: XmlElement, layer: Layer): void {
    const precision = element.attribute('precision') ?? layer.element.attribute('precision');
    const name = firstName(element.attribute('names'));
    layer.port = { dtype: typeName(precision), name, shape: [] };
    layer.first ??= layer.port;
    if (layer.side === 'output' && this.#open.length === 1 && this.#names.size < MAX_DISTINCT_NAMES) {
      const key = `${layer.element.attribute('id')}:${element.attribute('id')}`;
      this.#names.set(key, name ?? short(layer.element.attribute('name')));
    }
  }

  /** One of the model's own layers has been read. `Input` is what versions before 10 call a parameter. */
  #leave({ element, type, first }: Layer): void {
    const { dtype = 'UNDEFINED', shape = [] } = first ?? {};
    if ((type === 'Parameter' || type === 'Input') && this.inputs.length < MAX_DISTINCT_NAMES) {
      this.inputs.push({ name: first?.name ?? short(element.attribute('name')), dtype, shape });
    }
    if (type === 'Result' && this.#results.size < MAX_DISTINCT_NAMES) {
      const own = firstName(element.attribute('output_names'));
      const name = own ?? short(element.attribute('name'));
      this.#results.set(short(element.attribute('id')), { name, dtype, shape, named: own !== undefined });
    }
  }

  /** An output is named by the port that it comes from where it has no name itself. */
  #edge(element: XmlElement): void {
    const id = short(element.attribute('to-layer'));
    const result = this.#results.get(id);
    const name = this.#names.get(`${element.attribute('from-layer')}:${element.attribute('from-port')}`);
    if (result !== undefined && !result.named && name !== undefined)
      this.#results.set(id, { ...result, name });
  }

  outputs(): OpenvinoValue[] {
    return [...this.#results.values()].map(({ name, dtype, shape }) => ({ name, dtype, shape }));
  }

  #constant({ element, data }: Layer): void {
    const dtype = typeName(data?.attribute('element_type'));
    const shape = shapeOf(data?.attribute('shape') ?? '');
    const [offset, bytes] = [wholeOf(data?.attribute('offset')), wholeOf(data?.attribute('size'))];
    const name = short(element.attribute('name'));
    const elements = elementsOf(shape);
    this.tally.add({ name, dtype, shape, bytes }, elements, BigInt(bytes));
    this.weightBytes = Math.max(this.weightBytes, offset + bytes);
    const bits = bitsOf(dtype);
    const expected = bits === undefined ? undefined : (elements * BigInt(bits) + 7n) / 8n;
    if (expected !== undefined && expected !== BigInt(bytes) && this.odd.length < MAX_FINDINGS)
      this.odd.push(name);
  }

  /** `rt_info` of the model: what wrote it and what it was converted from; its form differs from version to version. */
  #about(element: XmlElement): void {
    const value = element.attribute('value')?.slice(0, MAX_NAME_BYTES);
    const key = element.name === 'info' ? short(element.attribute('name')) : element.name;
    if (value === undefined) return;
    if (/^(?:openvino runtime|runtime_version|mo_version)$/i.test(key)) this.runtime ??= value;
    else if (this.conversion.size < MAX_HYPERPARAMETERS) this.conversion.set(key, value);
  }
}

function addDimension(port: Port | undefined, text: string): void {
  if (port === undefined) return;
  if (port.shape.length >= MAX_RANK) throw malformed(`a shape has more than ${MAX_RANK} dimensions`);
  const size = text.trim();
  port.shape.push(/^[0-9]{1,15}$/.test(size) ? Number(size) : null);
}

function shapeOf(text: string): number[] {
  const sizes = text.split(',', MAX_RANK + 2).map((size) => size.trim());
  return text.trim() === '' ? [] : sizes.map((size) => (/^[0-9]{1,15}$/.test(size) ? Number(size) : -1));
}

function wholeOf(text: string | undefined): number {
  if (text === undefined || !/^[0-9]{1,15}$/.test(text))
    throw malformed('weights have no place in their file');
  return Number(text);
}

/** Several names are separated by commas; a comma in a name is escaped. */
function firstName(names: string | undefined): string | undefined {
  const [, first] = /^((?:[^,\\]|\\.)*)/.exec(names?.slice(0, MAX_NAME_BYTES) ?? '') ?? [];
  return first === undefined || first === '' ? undefined : first.replaceAll('\\,', ',');
}

/** `f32`, `FP32` and their like as reports spell types. */
function typeName(type: string | undefined): string {
  const name = short(type).toUpperCase();
  if (name === 'BOOLEAN') return 'BOOL';
  if (name === '') return 'UNDEFINED';
  return name
    .replace(/^FP(?=\d)/, 'F')
    .replace(/^F8(?=E)/, 'F8_')
    .replace(/^F4(?=E)/, 'F4_');
}

function short(text: string | undefined): string {
  return (text ?? '').slice(0, MAX_NAME_BYTES);
}
