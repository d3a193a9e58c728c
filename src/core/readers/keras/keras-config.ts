import type { FactsBuilder } from '../facts.ts';
import {
  MAX_KERAS_LAYER_SETTINGS,
  MAX_KERAS_LAYERS,
  MAX_NAME_BYTES,
  MAX_PROTOBUF_DEPTH,
  MAX_SIGNATURE_ENTRIES,
} from '../limits.ts';
import { isRecord, type JsonRecord, type JsonTree } from '../parse/json-tree.ts';
import type { KerasCode } from './keras-code.ts';
import { endsOf, type KerasEnd } from './keras-ends.ts';
import { listMember, member, parseKerasJson, textMember } from './keras-json.ts';
import { trainingOf } from './keras-training.ts';

/** A layer as reports show it. */
interface KerasLayer {
  /** With the names of the models it is in. */
  readonly name: string;
  readonly class: string;
  readonly config: JsonRecord;
}

/** What a model's configuration says: its class and layers, its inputs and outputs, and the code that it brings. */
export function reportConfig(text: string, code: KerasCode, facts: FactsBuilder): void {
  const config = parseKerasJson(text);
  code.look(config);
  const name = textMember(config, 'class_name');
  facts.property('model_class', name?.slice(0, MAX_NAME_BYTES));
  const model = member(config, 'config');
  const given = textMember(model, 'name');
  if (given !== undefined) facts.details.model_name = given.slice(0, MAX_NAME_BYTES);
  const layers: KerasLayer[] = [];
  addLayers(model, '', 0, layers);
  facts.details.layers = layers;
  const { inputs, outputs } = endsOf(config);
  reportEnds('input_signature', 'inputs', inputs, facts);
  reportEnds('output_signature', 'outputs', outputs, facts);
  const training = member(config, 'compile_config');
  if (isRecord(member(training, 'optimizer'))) facts.details.training = trainingOf(training ?? null);
}

function reportEnds(property: string, detail: string, ends: readonly KerasEnd[], facts: FactsBuilder): void {
  facts.details[detail] = ends;
  const known = ends.filter(({ shape }) => shape !== undefined);
  if (known.length > 0 && known.length === ends.length) {
    facts.property(property, known.slice(0, MAX_SIGNATURE_ENTRIES));
  }
}

/** Layers in order; those of a model inside the model come behind it. */
function addLayers(model: JsonTree | undefined, prefix: string, depth: number, into: KerasLayer[]): void {
  if (depth > MAX_PROTOBUF_DEPTH) return;
  for (const layer of listMember(model, 'layers')) {
    if (into.length >= MAX_KERAS_LAYERS) return;
    const config = member(layer, 'config');
    const own = textMember(config, 'name') ?? textMember(layer, 'name') ?? '';
    const name = `${prefix}${own}`.slice(0, MAX_NAME_BYTES);
    const className = (textMember(layer, 'class_name') ?? '').slice(0, MAX_NAME_BYTES);
    into.push({ name, class: className, config: settings(config) });
    addLayers(config, `${name}/`, depth + 1, into);
    // A layer around another one, such as Bidirectional.
    const inner = member(config, 'layer');
    if (isRecord(inner)) addLayers({ layers: [inner] }, `${name}/`, depth + 1, into);
  }
}

/** Short scalars, and lists of them such as the size of a kernel. */
function settings(config: JsonTree | undefined): JsonRecord {
  if (!isRecord(config)) return {};
  const short = Object.entries(config).filter(
    ([key, value]) => !['name', 'trainable'].includes(key) && key.length < 64 && isShort(value),
  );
  return Object.fromEntries(short.slice(0, MAX_KERAS_LAYER_SETTINGS));
}

function isShort(value: JsonTree | undefined): boolean {
  if (value === null || value === undefined || isRecord(value)) return false;
  if (Array.isArray(value))
    return value.length <= 8 && value.every((item) => !isNested(item) && isShort(item));
  return typeof value !== 'string' || value.length <= 128;
}

function isNested(value: JsonTree): boolean {
  return typeof value === 'object' && value !== null;
}
