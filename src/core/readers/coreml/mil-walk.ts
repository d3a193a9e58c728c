import { bitsOf } from '../dtypes.ts';
import { MAX_COMPANIONS, MAX_DISTINCT_NAMES, MAX_NAME_BYTES, MAX_RANK } from '../limits.ts';
import type { ByteCursor } from '../parse/byte-cursor.ts';
import { malformed } from '../parse/parse-stop.ts';
import { type OnField, type ProtobufField, readText, walkMessage } from '../parse/protobuf-walker.ts';
import { elementsOf, TensorTally } from '../tensor-tally.ts';

/** DataType of a program, spelled as reports spell types. */
const DATA_TYPES: ReadonlyMap<bigint, string> = new Map([
  [1n, 'BOOL'],
  [2n, 'STRING'],
  [10n, 'F16'],
  [11n, 'F32'],
  [12n, 'F64'],
  [13n, 'BF16'],
  [21n, 'I8'],
  [22n, 'I16'],
  [23n, 'I32'],
  [24n, 'I64'],
  [25n, 'I4'],
  [31n, 'U8'],
  [32n, 'U16'],
  [33n, 'U32'],
  [34n, 'U64'],
  [35n, 'U4'],
  [36n, 'U2'],
  [37n, 'U1'],
  [38n, 'U6'],
  [39n, 'U3'],
  [40n, 'F8_E4M3'],
  [41n, 'F8_E5M2'],
]);

/** Weights, mostly kept outside the program. */
interface StoredTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
}

/** The operations of an ML program and the weights that it keeps in files. */
export class MilWalk {
  readonly operators = new Map<string, number>();
  readonly weights = new TensorTally();
  /** As the program names them: `@model_path/weights/weight.bin`. */
  readonly files = new Set<string>();
  readonly #cursor: ByteCursor;

  constructor(cursor: ByteCursor) {
    this.#cursor = cursor;
  }

  /** Program: 2 functions by name. */
  async program(field: ProtobufField, depth: number): Promise<void> {
    await this.#parts(field, depth, 2, (part) =>
      this.#values(part, depth + 1, (value) => this.#function(value, depth + 2)),
    );
  }

  /** Function: 3 blocks by name. */
  async #function(field: ProtobufField, depth: number): Promise<void> {
    await this.#parts(field, depth, 3, (part) =>
      this.#values(part, depth + 1, (value) => this.#block(value, depth + 2)),
    );
  }

  /** Block: 3 operations. */
  async #block(field: ProtobufField, depth: number): Promise<void> {
    await this.#parts(field, depth, 3, (part) => this.#operation(part, depth + 1));
  }

  /** Operation: 1 type, 2 inputs, 3 outputs, 4 blocks, 5 attributes. */
  async #operation(field: ProtobufField, depth: number): Promise<void> {
    let [operator, output] = ['', ''];
    const stored: StoredTensor[] = [];
    await this.#walk(field, depth, async (part) => {
      if (part.number === 1) operator = await readText(this.#cursor, part, MAX_NAME_BYTES);
      else if (part.number === 2) {
        await this.#values(part, depth + 1, (value) => this.#argument(value, depth + 2, stored));
      } else if (part.number === 3) output ||= await this.#name(part, depth + 1);
      else if (part.number === 4) await this.#block(part, depth + 1);
      else if (part.number === 5) {
        await this.#values(part, depth + 1, (value) => this.#value(value, depth + 2, stored));
      }
    });
    const known = this.operators.get(operator);
    if (known !== undefined || this.operators.size < MAX_DISTINCT_NAMES)
      this.operators.set(operator, (known ?? 0) + 1);
    for (const { dtype, shape } of stored) {
      const elements = elementsOf(shape);
      const bytes = (elements * BigInt(bitsOf(dtype) ?? 8) + 7n) / 8n;
      this.weights.add({ name: output, dtype, shape, bytes: Number(bytes) }, elements, bytes);
    }
  }

  /** NamedValueType: 1 name. */
  async #name(field: ProtobufField, depth: number): Promise<string> {
    let name = '';
    await this.#parts(field, depth, 1, async (part) => {
      name = await readText(this.#cursor, part, MAX_NAME_BYTES);
    });
    return name;
  }

  /** Argument: 1 bindings; a binding's 2 is a value that stands in place. */
  async #argument(field: ProtobufField, depth: number, stored: StoredTensor[]): Promise<void> {
    await this.#parts(field, depth, 1, (binding) =>
      this.#parts(binding, depth + 1, 2, (value) => this.#value(value, depth + 2, stored)),
    );
  }

  /**
   * Value: 2 type, 3 a value in place, 5 a place in a file (1 its name). Lists of floats in place are small weights; what
   * else stands there are settings.
   */
  async #value(field: ProtobufField, depth: number, stored: StoredTensor[]): Promise<void> {
    let type: StoredTensor | undefined;
    let isStored = false;
    let isInline = false;
    await this.#walk(field, depth, async (part) => {
      if (part.number === 3) isInline = true;
      if (part.number === 2) type = await this.#type(part, depth + 1);
      if (part.number !== 5) return;
      isStored = true;
      await this.#parts(part, depth + 1, 1, async (name) => {
        const file = await readText(this.#cursor, name, MAX_NAME_BYTES);
        if (this.files.size < MAX_COMPANIONS) this.files.add(file);
      });
    });
    if (type === undefined) return;
    if (isStored || (isInline && type.shape.length > 0 && /^B?F/.test(type.dtype))) stored.push(type);
  }

  /** ValueType: 1 tensor. TensorType: 1 type, 3 dimensions. */
  async #type(field: ProtobufField, depth: number): Promise<StoredTensor | undefined> {
    let type: StoredTensor | undefined;
    await this.#parts(field, depth, 1, async (tensor) => {
      let dtype = 'UNDEFINED';
      const shape: number[] = [];
      await this.#walk(tensor, depth + 1, async (part) => {
        if (part.number === 1) dtype = DATA_TYPES.get(part.value) ?? `type ${part.value}`;
        if (part.number !== 3) return;
        if (shape.length >= MAX_RANK) {
          throw malformed(`a shape has more than ${MAX_RANK} dimensions`, part.end);
        }
        shape.push(await this.#dimension(part, depth + 2));
      });
      type = { dtype, shape };
    });
    return type;
  }

  /** Dimension: 1 constant (1 its size). */
  async #dimension(field: ProtobufField, depth: number): Promise<number> {
    let size = 0n;
    await this.#parts(field, depth, 1, (constant) =>
      this.#walk(constant, depth + 1, (part) => {
        if (part.number === 1) size = part.value;
      }),
    );
    return Number(size);
  }

  /** An entry of a map: 1 key, 2 value. */
  async #values(
    field: ProtobufField,
    depth: number,
    onValue: (value: ProtobufField) => Promise<void>,
  ): Promise<void> {
    await this.#parts(field, depth, 2, onValue);
  }

  async #parts(
    field: ProtobufField,
    depth: number,
    number: number,
    onPart: (part: ProtobufField) => Promise<void>,
  ): Promise<void> {
    await this.#walk(field, depth, (part) =>
      part.number === number && part.wire === 'bytes' ? onPart(part) : undefined,
    );
  }

  async #walk(field: ProtobufField, depth: number, onField: OnField): Promise<void> {
    await walkMessage(this.#cursor, field.end, onField, depth);
  }
}
