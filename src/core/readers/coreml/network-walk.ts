import { bitsOf } from '../dtypes.ts';
import { MAX_NAME_BYTES } from '../limits.ts';
import type { ByteCursor } from '../parse/byte-cursor.ts';
import { type ProtobufField, readText, walkMessage } from '../parse/protobuf-walker.ts';
import type { TensorTally } from '../tensor-tally.ts';

/** Where in a message weights stand, by field: weights, or a message that holds some. */
type Layout = ReadonlyMap<number, Layout | 'weights' | 'network'>;

/** A message whose fields of these numbers are weights, besides others. */
function weights(fields: readonly number[], ...others: [number, Layout | 'network'][]): Layout {
  return new Map<number, Layout | 'weights' | 'network'>([
    ...fields.map((field) => [field, 'weights'] as const),
    ...others,
  ]);
}

const ACTIVATION = weights([], [25, weights([1])], [71, weights([1, 2])]);
const LSTM = weights([1, 2, 3, 4, 20, 21, 22, 23, 40, 41, 42, 43, 60, 61, 62]);

/** NeuralNetworkLayer: what its kinds keep as WeightParams (NeuralNetwork.proto of Core ML). */
const LAYER = weights(
  [],
  [100, weights([90, 91])],
  [130, ACTIVATION],
  [140, weights([20, 21])],
  [150, weights([20, 21])],
  [160, weights([15, 16, 17, 18])],
  [245, weights([2, 5])],
  [250, weights([2])],
  [290, weights([2])],
  [400, weights([30, 31, 32], [10, ACTIVATION])],
  [410, weights([30, 31, 32, 50, 51, 52, 70, 71, 72], [10, ACTIVATION])],
  [420, weights([], [10, ACTIVATION], [20, LSTM])],
  [430, weights([], [10, ACTIVATION], [11, ACTIVATION], [20, LSTM])],
  [500, weights([20])],
  [605, weights([], [1, 'network'], [2, 'network'])],
  [615, weights([], [3, 'network'], [4, 'network'])],
  [1040, weights([20, 21])],
  [1045, weights([8, 9])],
  [1070, weights([2])],
  [1350, weights([3, 4])],
  [1471, weights([60, 61])],
);

/** Counts the weights of a neural network by their lengths. */
export class NetworkWalk {
  readonly #cursor: ByteCursor;
  readonly #tally: TensorTally;
  #layer = '';

  constructor(cursor: ByteCursor, tally: TensorTally) {
    this.#cursor = cursor;
    this.#tally = tally;
  }

  /** NeuralNetworkLayer: 1 name. */
  async layer(field: ProtobufField, depth: number): Promise<void> {
    this.#layer = '';
    await walkMessage(
      this.#cursor,
      field.end,
      async (part) => {
        if (part.number === 1) this.#layer = await readText(this.#cursor, part, MAX_NAME_BYTES);
        else await this.#inside(LAYER, part, depth + 1);
      },
      depth,
    );
  }

  async #inside(layout: Layout, field: ProtobufField, depth: number): Promise<void> {
    const inner = layout.get(field.number);
    if (inner === undefined || field.wire !== 'bytes') return;
    if (inner === 'weights') return await this.#weights(field, depth);
    await walkMessage(
      this.#cursor,
      field.end,
      (part) => {
        if (inner !== 'network') return this.#inside(inner, part, depth + 1);
        return part.number === 1 ? this.layer(part, depth + 1) : undefined;
      },
      depth,
    );
  }

  /** WeightParams: 1 floats, 2 half floats, 30 quantized bytes, 31 bytes, 40 how they are quantized (1 bits of each). */
  async #weights(field: ProtobufField, depth: number): Promise<void> {
    let [bytes, dtype, bits] = [0, '', 8n];
    const take = (part: ProtobufField, type: string) => {
      bytes += part.end - this.#cursor.position;
      dtype = type;
    };
    await walkMessage(
      this.#cursor,
      field.end,
      (part) => {
        if (part.number === 1) take(part, 'F32');
        else if (part.number === 2) take(part, 'F16');
        else if (part.number === 30) take(part, 'U8');
        else if (part.number === 31) take(part, 'I8');
        else if (part.number === 40) {
          const onBits = (inner: ProtobufField) => {
            if (inner.number === 1 && inner.value > 0n && inner.value <= 8n) bits = inner.value;
          };
          return walkMessage(this.#cursor, part.end, onBits, depth + 1);
        }
        return undefined;
      },
      depth,
    );
    if (bytes === 0) return;
    if (dtype === 'U8') dtype = `U${bits}`;
    const elements = (BigInt(bytes) * 8n) / (dtype.startsWith('U') ? bits : BigInt(bitsOf(dtype) ?? 8));
    this.#tally.add({ name: this.#layer, dtype, shape: [Number(elements)], bytes }, elements, BigInt(bytes));
  }
}
