import { MAX_KERAS_ENDS, MAX_LIST_ENTRIES, MAX_NAME_BYTES, MAX_RANK } from '../limits.ts';
import { isRecord, type JsonRecord, type JsonTree } from '../parse/json-tree.ts';
import { listMember, member, textMember } from './keras-json.ts';
import { type KerasShape, outputShape } from './keras-shapes.ts';

/** An input or output of a model; without a shape where the configuration does not tell. */
export interface KerasEnd {
  readonly name: string;
  readonly dtype: string;
  readonly shape: KerasShape | undefined;
}

const DTYPES: ReadonlyMap<string, string> = new Map([
  ['float16', 'F16'],
  ['bfloat16', 'BF16'],
  ['float32', 'F32'],
  ['float64', 'F64'],
  ['int8', 'I8'],
  ['uint8', 'U8'],
  ['int16', 'I16'],
  ['uint16', 'U16'],
  ['int32', 'I32'],
  ['uint32', 'U32'],
  ['int64', 'I64'],
  ['uint64', 'U64'],
  ['bool', 'BOOL'],
  ['string', 'STRING'],
  ['mixed_float16', 'F16'],
  ['mixed_bfloat16', 'BF16'],
]);

/** Inputs and outputs of a Sequential or Functional model; none of a class whose code is elsewhere. */
export function endsOf(model: JsonTree): { inputs: KerasEnd[]; outputs: KerasEnd[] } {
  const config = member(model, 'config');
  const layers = listMember(config, 'layers');
  if (layers.length === 0) return { inputs: [], outputs: [] };
  const isFunctional =
    Array.isArray(member(config, 'output_layers')) || isRecord(member(config, 'output_layers'));
  return isFunctional ? functionalEnds(config, layers) : sequentialEnds(model, layers);
}

function functionalEnds(
  config: JsonTree | undefined,
  layers: readonly JsonTree[],
): { inputs: KerasEnd[]; outputs: KerasEnd[] } {
  const byName = new Map(layers.map((layer) => [nameOf(layer), layer]));
  const shapes = new Map<string, KerasShape | undefined>();
  // Layers stand behind those that they take something from.
  for (const layer of layers) shapes.set(nameOf(layer), shapeBehind(layer, shapes));
  const describe = (name: string) => ({ name, dtype: dtypeOf(byName.get(name)), shape: shapes.get(name) });
  return {
    inputs: endNames(member(config, 'input_layers')).map(describe),
    outputs: endNames(member(config, 'output_layers')).map(describe),
  };
}

function shapeBehind(
  layer: JsonTree,
  shapes: ReadonlyMap<string, KerasShape | undefined>,
): KerasShape | undefined {
  const source = sourceName(layer);
  const incoming = incomingShape(layer) ?? (source === undefined ? undefined : shapes.get(source));
  return ownShape(layer) ?? outputShape(layer, incoming ?? builtShape(layer));
}

/** The one layer that a layer takes something from by its first node (Keras 2: `[[[name, node, tensor, {}]]]`). */
function sourceName(layer: JsonTree): string | undefined {
  const [node] = listMember(layer, 'inbound_nodes');
  const sources = Array.isArray(node) ? node : [];
  const [source] = sources;
  const name = Array.isArray(source) ? source[0] : undefined;
  return sources.length === 1 && typeof name === 'string' ? name : undefined;
}

/** The shape goes through the layers one by one; where it is lost, what a layer was built for takes it up again. */
function sequentialEnds(
  model: JsonTree,
  layers: readonly JsonTree[],
): { inputs: KerasEnd[]; outputs: KerasEnd[] } {
  const [first] = layers;
  const last = layers.at(-1);
  const start =
    ownShape(first) ??
    toShape(member(member(model, 'config'), 'build_input_shape')) ??
    builtShape(model) ??
    builtShape(first);
  let shape = start;
  for (const layer of layers) shape = outputShape(layer, builtShape(layer) ?? shape);
  return {
    inputs: start === undefined ? [] : [{ name: nameOf(first), dtype: dtypeOf(first), shape: start }],
    outputs: [{ name: nameOf(last), dtype: dtypeOf(last), shape }],
  };
}

/** `[name, node, tensor]`, a list of them, or an object of them, which Keras takes in the order of its keys. */
function endNames(value: JsonTree | undefined, depth = 0): string[] {
  if (depth > 4) return [];
  if (Array.isArray(value) && typeof value[0] === 'string') return [value[0].slice(0, MAX_NAME_BYTES)];
  const inner = Array.isArray(value) ? value : isRecord(value) ? sortedValues(value) : [];
  return inner.slice(0, MAX_KERAS_ENDS).flatMap((item) => endNames(item, depth + 1));
}

function sortedValues(value: JsonRecord): (JsonTree | undefined)[] {
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, item]) => item);
}

function nameOf(layer: JsonTree | undefined): string {
  const name = textMember(member(layer, 'config'), 'name') ?? textMember(layer, 'name') ?? '';
  return name.slice(0, MAX_NAME_BYTES);
}

/** Stated by input layers, and by the first layer of a Sequential model of Keras 2. */
function ownShape(layer: JsonTree | undefined): KerasShape | undefined {
  const config = member(layer, 'config');
  return toShape(member(config, 'batch_shape')) ?? toShape(member(config, 'batch_input_shape'));
}

/** The input that a layer made its weights for. */
function builtShape(layer: JsonTree | undefined): KerasShape | undefined {
  return toShape(member(member(layer, 'build_config'), 'input_shape'));
}

/** The tensor that a layer takes by its first node (Keras 3). */
function incomingShape(layer: JsonTree | undefined): KerasShape | undefined {
  const [first] = listMember(listMember(layer, 'inbound_nodes')[0], 'args');
  const tensor = Array.isArray(first) ? first[0] : first;
  return toShape(member(member(tensor, 'config'), 'shape'));
}

function toShape(value: JsonTree | undefined): KerasShape | undefined {
  if (!Array.isArray(value) || value.length > Math.min(MAX_RANK, MAX_LIST_ENTRIES)) return undefined;
  const sizes = value.map((size) => (typeof size === 'number' && Number.isSafeInteger(size) ? size : null));
  return sizes.every((size, index) => size !== null || value[index] === null) ? sizes : undefined;
}

function dtypeOf(layer: JsonTree | undefined): string {
  const stated = member(member(layer, 'config'), 'dtype');
  const name = typeof stated === 'string' ? stated : textMember(member(stated, 'config'), 'name');
  return DTYPES.get(name ?? '') ?? name?.slice(0, 64) ?? 'F32';
}
