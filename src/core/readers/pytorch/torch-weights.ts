import { JsonNumber } from '../../oci/json.ts';
import { bitsOf } from '../dtypes.ts';
import { MAX_DISTINCT_NAMES, MAX_NAME_BYTES, MAX_PICKLE_OBJECTS, MAX_TORCH_DEPTH } from '../limits.ts';
import { attributesOf, isGlobal, isKind, isSequence, type PickleValue } from '../pickle/pickle-values.ts';
import { elementsOf, TensorTally } from '../tensor-tally.ts';
import { storageOf, type TorchStorage, type TorchTensor, tensorOf } from './torch-tensor.ts';

/** The tensors that can be reached from a value, each by a name; weights that are shared are counted once. */
export class TorchWeights {
  readonly tally = new TensorTally();
  readonly storages = new Map<string, TorchStorage>();
  /** Whether values are missing that were beyond the limits, so that a count would not be exact. */
  isPartial = false;
  isLora = false;
  readonly #seen = new Set<PickleValue>();
  /** Elements of each storage that were counted, by its key. */
  readonly #counted = new Map<string, bigint>();
  readonly #views = new Set<string>();

  /** @param path of the value, empty for the root */
  add(value: PickleValue, path = '', depth = 0): void {
    const tensor = tensorOf(value);
    if (tensor !== undefined) {
      this.#tensor(path, tensor);
      return;
    }
    const storage = storageOf(value);
    if (storage !== undefined) this.#storage(storage);
    if (isKind(value, 'opaque') && value.reason === 'limit') this.isPartial = true;
    if (typeof value !== 'object' || value === null || this.#seen.has(value)) return;
    if (depth > MAX_TORCH_DEPTH || this.#seen.size > MAX_PICKLE_OBJECTS) {
      this.isPartial = true;
      return;
    }
    this.#seen.add(value);
    for (const [key, item] of children(value)) {
      const name = path === '' ? key : `${path}.${key}`;
      this.add(item, name.slice(0, MAX_NAME_BYTES), depth + 1);
    }
  }

  #storage(storage: TorchStorage): void {
    if (this.storages.size < MAX_DISTINCT_NAMES) this.storages.set(storage.key, storage);
  }

  #tensor(name: string, tensor: TorchTensor): void {
    const { dtype, shape, storage } = tensor;
    if (/\blora_(?:A|B|up|down)\b|\blora_(?:unet|te)/.test(name)) this.isLora = true;
    if (storage !== undefined) this.#storage(storage);
    const elements = elementsOf(shape);
    const bits = BigInt(bitsOf(dtype) ?? 0);
    const own = this.#own(tensor, elements);
    const info = { name, dtype, shape, bytes: Number((elements * bits) / 8n) };
    this.tally.add(info, own, (own * bits) / 8n);
  }

  /** Elements that no tensor before this one had. Views of one storage never count for more than it holds. */
  #own({ storage, offset, dtype, shape }: TorchTensor, elements: bigint): bigint {
    if (storage === undefined) return elements;
    const view = `${storage.key} ${offset} ${shape.join()}`;
    if (this.#views.has(view)) return 0n;
    this.#views.add(view);
    const before = this.#counted.get(storage.key) ?? 0n;
    const left = capacity(storage, dtype) - before;
    const own = elements < left ? elements : left;
    this.#counted.set(storage.key, before + own);
    return own;
  }
}

/** Elements of a type that a storage holds. */
function capacity(storage: TorchStorage, dtype: string): bigint {
  const bits = bitsOf(dtype);
  if (storage.bytes === undefined || bits === undefined) return BigInt(storage.elements);
  return (BigInt(storage.bytes) * 8n) / BigInt(bits);
}

type Named = readonly [name: string, value: PickleValue];

/** What a value holds, by name: a module's own parameters, buffers and modules, or entries, items and attributes. */
function children(value: PickleValue): Iterable<Named> {
  if (isKind(value, 'dict')) return entriesOf(value);
  if (isSequence(value) || isKind(value, 'set')) return numbered(value.items);
  if (!isKind(value, 'object')) return [];
  if (value.entries.length > 0 || isGlobal(value.callable, 'collections.OrderedDict'))
    return entriesOf(value);
  if (value.items.length > 0) return numbered(value.items);
  const attributes = attributesOf(value);
  if (attributes.has('_parameters')) return moduleChildren(attributes);
  return attributes.size > 0 ? attributes : numbered(value.states);
}

function numbered(items: readonly PickleValue[]): Named[] {
  return items.map((item, index) => [String(index), item]);
}

function moduleChildren(attributes: ReadonlyMap<string, PickleValue>): Named[] {
  const unsaved = attributes.get('_non_persistent_buffers_set');
  const left = new Set(isKind(unsaved, 'set') ? unsaved.items : []);
  return [
    ...entriesOf(attributes.get('_parameters')),
    ...entriesOf(attributes.get('_buffers')).filter(([name]) => !left.has(name)),
    ...entriesOf(attributes.get('_modules')),
    // Quantized layers keep theirs in an object of torch's own.
    ...[...attributes].filter(([name]) => name === '_packed_params'),
  ];
}

/** The entries of a dict or of an object that is one, with text for keys. */
export function entriesOf(value: PickleValue | undefined): Named[] {
  if (!isKind(value, 'dict') && !isKind(value, 'object')) return [];
  const entries: Named[] = [];
  for (const [key, item] of value.entries) {
    if (typeof key === 'string') entries.push([key, item]);
    else if (key instanceof JsonNumber) entries.push([key.text, item]);
  }
  return entries;
}
