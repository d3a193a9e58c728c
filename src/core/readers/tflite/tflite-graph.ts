import { bitsOf } from '../dtypes.ts';
import { MAX_FLATBUFFER_TABLES, MAX_NAME_BYTES, MAX_RANK, MAX_TFLITE_ENDS } from '../limits.ts';
import type { FlatTable } from '../parse/flatbuffer.ts';
import { malformed } from '../parse/parse-stop.ts';
import { elementsOf } from '../tensor-tally.ts';

/** Element types by number (TensorType). */
const TYPES =
  'F32 F16 I32 U8 I64 STRING BOOL I16 C64 I8 F64 C128 U64 RESOURCE VARIANT U32 U16 I4 BF16 I2 U4'.split(' ');

/** A tensor of a graph, weight or not. */
export interface TfliteTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** With null for dimensions that are free. */
  readonly signature: readonly (number | null)[];
  readonly buffer: number;
  readonly isVariable: boolean;
  /** Scales of a quantized tensor: none, one, or one a channel. */
  readonly scales: number;
}

/** One graph: its tensors, which of them go in and out, and how often each kind of operator stands in it. */
export interface TfliteGraph {
  readonly tensors: readonly TfliteTensor[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** By index of the operator's code. */
  readonly operators: ReadonlyMap<number, number>;
  /** Tensors that an operator writes. */
  readonly written: ReadonlySet<number>;
}

/** SubGraph: 0 tensors, 1 inputs, 2 outputs, 3 operators. */
export async function readGraph(table: FlatTable): Promise<TfliteGraph> {
  const tensors: TfliteTensor[] = [];
  for await (const tensor of table.tables(0, MAX_FLATBUFFER_TABLES)) tensors.push(await readTensor(tensor));
  const operators = new Map<number, number>();
  const written = new Set<number>();
  // Operator: 0 index of its code, 2 outputs.
  for await (const operator of table.tables(3, MAX_FLATBUFFER_TABLES)) {
    const code = operator.u32(0);
    operators.set(code, (operators.get(code) ?? 0) + 1);
    for (const output of await operator.numbers(2, 'i32', MAX_TFLITE_ENDS)) written.add(output);
  }
  const inputs = await table.numbers(1, 'i32', MAX_TFLITE_ENDS);
  const outputs = await table.numbers(2, 'i32', MAX_TFLITE_ENDS);
  return { tensors, inputs, outputs, operators, written };
}

/** Tensor: 0 shape, 1 type, 2 buffer, 3 name, 4 quantization, 5 variable, 7 shape with free dimensions as -1. */
async function readTensor(table: FlatTable): Promise<TfliteTensor> {
  const shape = await table.numbers(0, 'i32', MAX_RANK);
  const free = await table.numbers(7, 'i32', MAX_RANK);
  const signature = free.length === shape.length ? free : shape;
  if (shape.some((size) => size < 0)) throw malformed('a dimension is negative', table.position);
  const type = table.i8(1);
  return {
    name: (await table.text(3, MAX_NAME_BYTES)) ?? '',
    dtype: TYPES[type] ?? `type ${type}`,
    shape,
    signature: signature.map((size) => (size < 0 ? null : size)),
    buffer: table.u32(2),
    isVariable: table.bool(5),
    scales: await scalesOf(table),
  };
}

/** QuantizationParameters: 2 scales. */
async function scalesOf(tensor: FlatTable): Promise<number> {
  const quantization = await tensor.table(4);
  return (await quantization?.vector(2, 4))?.count ?? 0;
}

/** A weight is a value that stands in the file and is learned: floats, and integers that have a scale. */
export function weightsOf(graph: TfliteGraph): TfliteTensor[] {
  const given = new Set(graph.inputs);
  return graph.tensors.filter(
    (tensor, index) =>
      !graph.written.has(index) &&
      !given.has(index) &&
      !tensor.isVariable &&
      // Buffer 0 is empty by definition; values of later formats lie outside of the flatbuffer.
      tensor.buffer !== 0 &&
      (tensor.scales > 0 || /^(?:BF16|F\d+)$/.test(tensor.dtype)),
  );
}

export function tensorBytes(tensor: TfliteTensor): bigint {
  return (elementsOf(tensor.shape) * BigInt(bitsOf(tensor.dtype) ?? 0) + 7n) / 8n;
}
