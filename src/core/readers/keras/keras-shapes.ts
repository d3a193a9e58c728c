import type { JsonTree } from '../parse/json-tree.ts';
import { member, textMember } from './keras-json.ts';

/** Sizes, and null for those that are free. */
export type KerasShape = readonly (number | null)[];

/** Layers that give what they take, in another form or with other values. */
const KEEPING = new Set(
  (
    'InputLayer Activation Dropout BatchNormalization LayerNormalization GroupNormalization UnitNormalization ' +
    'SpectralNormalization Softmax ReLU LeakyReLU PReLU ELU GaussianNoise GaussianDropout AlphaDropout ' +
    'SpatialDropout1D SpatialDropout2D SpatialDropout3D ActivityRegularization Masking Rescaling Normalization ' +
    'Identity'
  ).split(' '),
);

/** What a layer gives for an input of one shape; undefined for layers that are not known here. */
export function outputShape(
  layer: JsonTree | undefined,
  input: KerasShape | undefined,
): KerasShape | undefined {
  const name = textMember(layer, 'class_name') ?? '';
  const config = member(layer, 'config');
  if (name === 'InputLayer') return input;
  if (input === undefined) return undefined;
  if (KEEPING.has(name)) return input;
  if (name === 'Dense') return withLast(input, sizeMember(config, 'units'));
  if (name === 'Embedding') return [...input, sizeMember(config, 'output_dim')];
  if (name === 'Flatten') return [input[0] ?? null, product(input.slice(1))];
  if (/^(?:LSTM|GRU|SimpleRNN)$/.test(name)) return recurrent(config, input);
  if (/^Global(?:Average|Max)Pooling[123]D$/.test(name)) return pooledToOne(config, input);
  if (/^Conv[123]D$/.test(name)) return sliding(config, input, 'kernel_size', sizeMember(config, 'filters'));
  if (/^(?:Average|Max)Pooling[123]D$/.test(name)) {
    return sliding(config, input, 'pool_size', input[channelAxis(config, input)] ?? null);
  }
  return undefined;
}

function sizeMember(config: JsonTree | undefined, key: string): number | null {
  const value = member(config, key);
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : null;
}

function withLast(shape: KerasShape, size: number | null): KerasShape {
  return [...shape.slice(0, -1), size];
}

function product(sizes: KerasShape): number | null {
  const all = sizes.reduce<number | null>(
    (sum, size) => (sum === null || size === null ? null : sum * size),
    1,
  );
  return all !== null && Number.isSafeInteger(all) ? all : null;
}

function recurrent(config: JsonTree | undefined, input: KerasShape): KerasShape {
  const units = sizeMember(config, 'units');
  const [batch = null, steps = null] = input;
  return member(config, 'return_sequences') === true ? [batch, steps, units] : [batch, units];
}

function channelAxis(config: JsonTree | undefined, input: KerasShape): number {
  return member(config, 'data_format') === 'channels_first' ? 1 : input.length - 1;
}

function pooledToOne(config: JsonTree | undefined, input: KerasShape): KerasShape {
  const channel = channelAxis(config, input);
  if (member(config, 'keepdims') !== true) return [input[0] ?? null, input[channel] ?? null];
  return input.map((size, axis) => (axis === 0 || axis === channel ? size : 1));
}

/** A window that moves over the axes that are neither batch nor channel. */
function sliding(
  config: JsonTree | undefined,
  input: KerasShape,
  windowKey: string,
  channels: number | null,
): KerasShape | undefined {
  const channel = channelAxis(config, input);
  const windows = member(config, windowKey);
  const strides = member(config, 'strides') ?? windows;
  const dilations = member(config, 'dilation_rate');
  const padding = member(config, 'padding');
  if (padding !== 'same' && padding !== 'valid') return undefined;
  let index = -1;
  return input.map((size, axis) => {
    if (axis === 0) return size;
    if (axis === channel) return channels;
    index += 1;
    const [window, stride, dilation] = [at(windows, index), at(strides, index), at(dilations, index) ?? 1];
    if (size === null || window === null || stride === null || stride < 1) return null;
    const reach = padding === 'same' ? 1 : (window - 1) * dilation + 1;
    return Math.max(0, Math.floor((size - reach) / stride) + 1);
  });
}

/** One number for all axes, or a list with one for each. */
function at(value: JsonTree | undefined, index: number): number | null {
  const found = Array.isArray(value) ? value[index] : value;
  return typeof found === 'number' && Number.isSafeInteger(found) ? found : null;
}
