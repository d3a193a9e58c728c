import { bitsOf } from '../dtypes.ts';
import {
  MAX_EXPORT_EXPRESSION,
  MAX_EXPORT_GRAPHS_DEEP,
  MAX_NAME_BYTES,
  MAX_OPERATOR_NAMES,
} from '../limits.ts';
import { isRecord, type JsonRecord, type JsonTree } from '../parse/json-tree.ts';
import { elementsOf, TensorTally } from '../tensor-tally.ts';
import { isOwnNamespace } from './torch-operators.ts';

/** One input or output of an exported program. */
export interface ExportedValue {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly (number | string | null)[];
}

/** Types by the number that `torch.export` writes for them (ScalarType of its schema). */
const SCALAR_TYPES: ReadonlyMap<number, string> = new Map([
  [1, 'U8'],
  [2, 'I8'],
  [3, 'I16'],
  [4, 'I32'],
  [5, 'I64'],
  [6, 'F16'],
  [7, 'F32'],
  [8, 'F64'],
  [10, 'C64'],
  [11, 'C128'],
  [12, 'BOOL'],
  [13, 'BF16'],
  [28, 'U16'],
  [29, 'F8_E4M3'],
  [30, 'F8_E5M2'],
  [31, 'F8_E4M3FNUZ'],
  [32, 'F8_E5M2FNUZ'],
]);

/** What the JSON of an exported program states: inputs, outputs, weights by shape, operators. */
export class ExportedGraph {
  readonly inputs: ExportedValue[] = [];
  readonly outputs: ExportedValue[] = [];
  readonly weights = new TensorTally();
  readonly operators = new Map<string, number>();
  /** Operators of namespaces that are not torch's. */
  readonly custom = new Set<string>();

  constructor(program: JsonRecord) {
    const module = record(program.graph_module);
    const graph = record(module.graph);
    const values = record(graph.tensor_values);
    const signature = record(module.signature);
    for (const spec of list(signature.input_specs)) this.#input(record(spec), values);
    for (const spec of list(signature.output_specs)) {
      const value = named(record(record(record(spec).user_output).arg), values);
      if (value !== undefined) this.outputs.push(value);
    }
    this.#nodes(graph, 0);
  }

  #input(spec: JsonRecord, values: JsonRecord): void {
    const user = named(record(record(spec.user_input).arg), values);
    if (user !== undefined) this.inputs.push(user);
    const parameter = record(spec.parameter);
    const buffer = record(spec.buffer);
    const weight = isRecord(spec.parameter) ? parameter : buffer;
    const stated = weight.parameter_name ?? weight.buffer_name;
    const value = tensor(text(record(weight.arg).name), values);
    if (typeof stated !== 'string' || value === undefined || buffer.persistent === false) return;
    const shape = value.shape.filter((size) => typeof size === 'number');
    if (shape.length < value.shape.length) return;
    const elements = elementsOf(shape);
    const bytes = (elements * BigInt(bitsOf(value.dtype) ?? 0)) / 8n;
    const info = { name: stated.slice(0, MAX_NAME_BYTES), dtype: value.dtype, shape, bytes: Number(bytes) };
    this.weights.add(info, elements, bytes);
  }

  #nodes(graph: JsonRecord, depth: number): void {
    if (depth > MAX_EXPORT_GRAPHS_DEEP) return;
    for (const item of list(graph.nodes)) {
      const node = record(item);
      this.#operator(text(node.target));
      for (const input of list(node.inputs)) {
        const inner = record(record(record(input).arg).as_graph).graph;
        if (isRecord(inner)) this.#nodes(inner, depth + 1);
      }
    }
  }

  /** `torch.ops.aten.add.Tensor` is `aten::add.Tensor`. */
  #operator(target: string): void {
    const found = /^torch\.ops\.([\w]+)\.(.+)$/.exec(target);
    const name = (found === null ? target : `${found[1]}::${found[2]}`).slice(0, MAX_NAME_BYTES);
    if (name === '') return;
    if (this.operators.size < MAX_OPERATOR_NAMES || this.operators.has(name))
      this.operators.set(name, (this.operators.get(name) ?? 0) + 1);
    if (found?.[1] !== undefined && !isOwnNamespace(found[1]) && this.custom.size < MAX_OPERATOR_NAMES)
      this.custom.add(name);
  }
}

/** The tensor that an argument names. */
function named(argument: JsonRecord, values: JsonRecord): ExportedValue | undefined {
  return tensor(text(record(argument.as_tensor).name), values);
}

function tensor(name: string, values: JsonRecord): ExportedValue | undefined {
  const meta = Object.hasOwn(values, name) ? values[name] : undefined;
  if (!isRecord(meta)) return undefined;
  const dtype = typeof meta.dtype === 'number' ? SCALAR_TYPES.get(meta.dtype) : undefined;
  return {
    name: name.slice(0, MAX_NAME_BYTES),
    dtype: dtype ?? 'UNKNOWN',
    shape: list(meta.sizes).map(dimension),
  };
}

/** A number, or the name of a free dimension; an expression of several stands as it is written. */
function dimension(size: JsonTree): number | string | null {
  const { as_int: whole, as_expr: expression } = record(size);
  if (typeof whole === 'number') return whole;
  const written = text(record(expression).expr_str);
  const symbol = /^Symbol\('(\w+)'/.exec(written)?.[1];
  return symbol ?? (written === '' ? null : written.slice(0, MAX_EXPORT_EXPRESSION));
}

function record(value: JsonTree | undefined): JsonRecord {
  return isRecord(value) ? value : {};
}

function list(value: JsonTree | undefined): readonly JsonTree[] {
  return Array.isArray(value) ? value : [];
}

function text(value: JsonTree | undefined): string {
  return typeof value === 'string' ? value : '';
}
