import { MAX_DISTINCT_NAMES, MAX_FINDINGS, MAX_NAME_BYTES, MAX_ONNX_ENDS } from '../limits.ts';
import type { ByteCursor } from '../parse/byte-cursor.ts';
import { type ProtobufField, readPair, readText, walkMessage } from '../parse/protobuf-walker.ts';
import { TensorTally } from '../tensor-tally.ts';
import type { Dequantized } from './onnx-quantization.ts';
import { type OnnxTensor, readTensor } from './onnx-tensor.ts';
import { readValueInfo, type ValueInfo } from './onnx-types.ts';

/** What a ModelProto says, weights left out. Filled while walking, so that a broken file shows what stood before. */
export class OnnxWalk {
  irVersion: bigint | undefined;
  producerName = '';
  producerVersion = '';
  docString = '';
  graphName = '';
  hasGraph = false;
  readonly opsets = new Map<string, bigint>();
  readonly properties = new Map<string, string>();
  readonly inputs: ValueInfo[] = [];
  readonly outputs: ValueInfo[] = [];
  readonly initializers = new Set<string>();
  readonly tally = new TensorTally();
  readonly operators = new Map<string, number>();
  readonly dequantized: Dequantized[] = [];
  readonly domains = new Set<string>();
  readonly functionDomains = new Set<string>();
  readonly externalFiles = new Set<string>();
  /** Initializers whose bytes are not what their shape and type come to. */
  readonly oddWeights: string[] = [];
  readonly #cursor: ByteCursor;

  constructor(cursor: ByteCursor) {
    this.#cursor = cursor;
  }

  /** ModelProto: 1 IR version, 2/3 producer, 6 doc, 7 graph, 8 opsets, 14 properties, 20 training, 25 functions. */
  async model(end: number): Promise<void> {
    await walkMessage(this.#cursor, end, async (field) => {
      switch (field.number) {
        case 1:
          this.irVersion = BigInt.asIntN(64, field.value);
          return;
        case 2:
          this.producerName = await readText(this.#cursor, field, MAX_NAME_BYTES);
          return;
        case 3:
          this.producerVersion = await readText(this.#cursor, field, MAX_NAME_BYTES);
          return;
        case 6:
          this.docString = await readText(this.#cursor, field);
          return;
        case 7:
          this.hasGraph = true;
          return await this.#graph(field, 1, true);
        case 8:
          return await this.#opset(field);
        case 14: {
          const [key, value] = await readPair(this.#cursor, field, 1);
          if (this.properties.size < MAX_DISTINCT_NAMES) this.properties.set(key, value);
          return;
        }
        case 20:
          return await this.#training(field);
        case 25:
          return await this.#function(field);
      }
    });
  }

  /**
   * A graph from one of its fields on to its end, and what follows it, for a cursor that stands there.
   * @param end of the model
   */
  async rest(graphEnd: number, end: number): Promise<void> {
    await this.#graphTo(graphEnd, 1, true);
    await this.model(end);
  }

  /** Takes over what the end of the file says where the reading stopped before it. */
  complete(tail: OnnxWalk): void {
    if (this.inputs.length === 0) this.inputs.push(...tail.inputs);
    if (this.outputs.length === 0) this.outputs.push(...tail.outputs);
    for (const [domain, version] of tail.opsets)
      if (!this.opsets.has(domain)) this.opsets.set(domain, version);
    for (const [key, value] of tail.properties)
      if (!this.properties.has(key)) this.properties.set(key, value);
    for (const domain of tail.functionDomains) this.functionDomains.add(domain);
    for (const domain of tail.domains) this.domains.add(domain);
    if (this.irVersion === undefined) this.irVersion = tail.irVersion;
    if (this.docString === '') this.docString = tail.docString;
  }

  /** OperatorSetIdProto: 1 domain, 2 version. */
  async #opset(field: ProtobufField): Promise<void> {
    let domain = '';
    let version = 0n;
    await walkMessage(
      this.#cursor,
      field.end,
      async (part) => {
        if (part.number === 1) domain = await readText(this.#cursor, part, MAX_NAME_BYTES);
        else if (part.number === 2) version = BigInt.asIntN(64, part.value);
      },
      1,
    );
    if (this.opsets.size < MAX_DISTINCT_NAMES) this.opsets.set(domain === '' ? 'ai.onnx' : domain, version);
  }

  /** TrainingInfoProto: 1 initialization, 2 algorithm; both are graphs. */
  async #training(field: ProtobufField): Promise<void> {
    await walkMessage(
      this.#cursor,
      field.end,
      (part) => (part.number === 1 || part.number === 2 ? this.#graph(part, 2, false) : undefined),
      1,
    );
  }

  /** FunctionProto: 7 node, 10 domain. */
  async #function(field: ProtobufField): Promise<void> {
    await walkMessage(
      this.#cursor,
      field.end,
      async (part) => {
        if (part.number === 7) await this.#node(part, 2, false);
        else if (part.number === 10) {
          this.functionDomains.add(await readText(this.#cursor, part, MAX_NAME_BYTES));
        }
      },
      1,
    );
  }

  /** GraphProto: 1 node, 2 name, 5 initializer, 11 input, 12 output, 15 sparse initializer. */
  async #graph(field: ProtobufField, depth: number, isMain: boolean): Promise<void> {
    await this.#graphTo(field.end, depth, isMain);
  }

  async #graphTo(end: number, depth: number, isMain: boolean): Promise<void> {
    await walkMessage(
      this.#cursor,
      end,
      (part) => {
        if (part.number === 1) return this.#node(part, depth + 1, true);
        if (part.number === 5) return this.#initializer(part, depth + 1, isMain);
        if (part.number === 15) return this.#sparse(part, depth + 1);
        if (isMain && part.number === 2) return this.#name(part);
        if (isMain && part.number === 11) return this.#value(part, this.inputs, depth + 1);
        if (isMain && part.number === 12) return this.#value(part, this.outputs, depth + 1);
        return undefined;
      },
      depth,
    );
  }

  async #name(field: ProtobufField): Promise<void> {
    this.graphName = await readText(this.#cursor, field, MAX_NAME_BYTES);
  }

  async #value(field: ProtobufField, into: ValueInfo[], depth: number): Promise<void> {
    if (into.length < MAX_ONNX_ENDS) into.push(await readValueInfo(this.#cursor, field, depth));
  }

  async #initializer(field: ProtobufField, depth: number, isMain: boolean): Promise<void> {
    const tensor = await this.#tensor(field, depth);
    if (isMain && this.initializers.size < MAX_DISTINCT_NAMES) this.initializers.add(tensor.name);
    const { name, dtype, shape, weightBytes } = tensor;
    this.tally.add({ name, dtype, shape, bytes: Number(weightBytes) }, tensor.elements, weightBytes);
    if (tensor.rawBytes !== undefined && dtype !== 'STRING' && BigInt(tensor.rawBytes) !== weightBytes) {
      if (this.oddWeights.length < MAX_FINDINGS) this.oddWeights.push(name);
    }
  }

  /** SparseTensorProto: 1 values, 2 indices; the values are the weights. */
  async #sparse(field: ProtobufField, depth: number): Promise<void> {
    await walkMessage(
      this.#cursor,
      field.end,
      async (part) => {
        if (part.number === 1) await this.#initializer(part, depth + 1, true);
        else if (part.number === 2) await this.#tensor(part, depth + 1);
      },
      depth,
    );
  }

  async #tensor(field: ProtobufField, depth: number): Promise<OnnxTensor> {
    const tensor = await readTensor(this.#cursor, field, depth);
    if (tensor.location !== undefined && this.externalFiles.size < MAX_DISTINCT_NAMES) {
      this.externalFiles.add(tensor.location);
    }
    return tensor;
  }

  /** NodeProto: 1 input, 4 op_type, 5 attribute, 7 domain. `counted` is false in functions, whose nodes are not the model's own. */
  async #node(field: ProtobufField, depth: number, counted: boolean): Promise<void> {
    let operator = '';
    let domain = '';
    let inputs = 0;
    let [values, zeroPoint] = ['', ''];
    await walkMessage(
      this.#cursor,
      field.end,
      (part) => {
        if (part.number === 5) return this.#attribute(part, depth + 1, counted);
        if (part.number === 1) inputs += 1;
        // Of the inputs the first and the third tell what a node dequantizes; the operator comes after them.
        const isWanted = part.number === 1 ? inputs === 1 || inputs === 3 : [4, 7].includes(part.number);
        if (!isWanted) return undefined;
        return readText(this.#cursor, part, MAX_NAME_BYTES).then((text) => {
          if (part.number === 4) operator = text;
          else if (part.number === 7) domain = text;
          else if (inputs === 1) values = text;
          else zeroPoint = text;
        });
      },
      depth,
    );
    if (counted && operator === 'DequantizeLinear' && this.dequantized.length < MAX_DISTINCT_NAMES)
      this.dequantized.push({ values, zeroPoint });
    if (this.domains.size < MAX_DISTINCT_NAMES) this.domains.add(domain);
    const known = this.operators.get(operator);
    if (counted && (known !== undefined || this.operators.size < MAX_DISTINCT_NAMES)) {
      this.operators.set(operator, (known ?? 0) + 1);
    }
  }

  /** AttributeProto: 5 tensor, 6 graph, 10 tensors, 11 graphs, 22/23 sparse tensors. Tensors here are constants. */
  async #attribute(field: ProtobufField, depth: number, counted: boolean): Promise<void> {
    await walkMessage(
      this.#cursor,
      field.end,
      (part) => {
        if (part.wire !== 'bytes') return undefined;
        if (part.number === 5 || part.number === 10)
          return this.#tensor(part, depth + 1).then(() => undefined);
        if (part.number === 6 || part.number === 11) {
          return counted ? this.#graph(part, depth + 1, false) : this.#functionGraph(part, depth + 1);
        }
        return undefined;
      },
      depth,
    );
  }

  /** A graph inside a function: its nodes may be of a custom domain, its weights are not counted. */
  async #functionGraph(field: ProtobufField, depth: number): Promise<void> {
    await walkMessage(
      this.#cursor,
      field.end,
      (part) => (part.number === 1 ? this.#node(part, depth + 1, false) : undefined),
      depth,
    );
  }
}
