import { quote } from '../../errors.ts';
import { readBehindEnd } from '../behind-the-end.ts';
import type { FactsBuilder } from '../facts.ts';
import {
  MAX_DISTINCT_NAMES,
  MAX_NAME_BYTES,
  MAX_SIGNATURE_ENTRIES,
  MAX_TFLITE_BYTES,
  MAX_TFLITE_ENDS,
  MAX_TFLITE_PARTS,
} from '../limits.ts';
import { stemOf } from '../model-name.ts';
import { FlatTable } from '../parse/flatbuffer.ts';
import type { PagedSource } from '../parse/paged-source.ts';
import { collectPagedFacts, type PagedReading } from '../read-file.ts';
import type { ModelReader, ReadOptions } from '../reader.ts';
import { elementsOf, reportParameters, reportTensors, TensorTally } from '../tensor-tally.ts';
import { reachesOut } from '../tensorflow/reaching-ops.ts';
import { checkBuffers, reportExternalFiles } from './tflite-buffers.ts';
import { readGraph, type TfliteGraph, type TfliteTensor, tensorBytes, weightsOf } from './tflite-graph.ts';
import { reportAttachedFiles, reportMetadata, skipPadding } from './tflite-metadata.ts';
import { TFLITE_OPERATORS } from './tflite-operators.ts';

/** What converters write where a person did not. */
const CONVERTED = /^(?:MLIR|TOCO) Converted\.$/;
/** The operator that stands for all that are not built in. */
const CUSTOM = 32;

/** TensorFlow Lite (LiteRT): a flatbuffer of graphs; weights lie in it and are not read. */
export const tfliteReader: ModelReader = {
  id: 'tflite',
  extensions: ['.tflite'],
  recognizes: (_path, head) => [0x54, 0x46, 0x4c, 0x33].every((byte, index) => head[4 + index] === byte),
  async read(file, options = {}) {
    const bounds = { ...options, maxBytes: MAX_TFLITE_BYTES };
    const facts = await collectPagedFacts(file, (reading) => readModel(reading, options), bounds);
    return facts.build('tflite', stemOf(file.path, tfliteReader.extensions));
  },
};

/** Model: 0 version, 1 operator codes, 2 subgraphs, 3 description, 4 buffers, 6 metadata, 7 signatures. */
async function readModel({ file, source, facts }: PagedReading, options: ReadOptions): Promise<void> {
  const model = await FlatTable.root(source);
  facts.formatVersion = String(model.u32(0));
  facts.property('framework', 'tensorflow');
  const codes = await operatorCodes(model);
  const codesEnd = model.reach;
  const graphs: TfliteGraph[] = [];
  try {
    for await (const graph of model.tables(2, MAX_TFLITE_PARTS)) graphs.push(await readGraph(graph));
  } finally {
    reportOperators(codes, graphs, facts);
    reportEnds(graphs[0], facts);
  }
  await reportSignatures(model, facts);
  await reportExternalFiles(model, facts);
  await reportWeights(model, source, graphs, facts);
  const description = await model.text(3);
  if (!CONVERTED.test(description ?? '')) facts.own('description', description);
  await reportMetadata(model, source, facts);
  const isFollowed = await reportAttachedFiles(source, facts);
  // All known writers put the codes of the operators last. Where one did not, tables may follow that were not looked at.
  if (isFollowed || model.reach > codesEnd) return;
  const end = await skipPadding(source, codesEnd, facts);
  if (end !== undefined) await readBehindEnd(file.content, end, 'the model', facts, options);
}

/** OperatorCode: 0 number below 127, 1 name of a custom one, 3 number. */
async function operatorCodes(model: FlatTable): Promise<{ name: string; custom: boolean }[]> {
  const codes: { name: string; custom: boolean }[] = [];
  for await (const code of model.tables(1, MAX_DISTINCT_NAMES)) {
    const number = Math.max(code.i8(0), code.i32(3));
    const custom = number === CUSTOM ? await code.text(1, MAX_NAME_BYTES) : undefined;
    codes.push({
      name: custom ?? TFLITE_OPERATORS[number] ?? `operator ${number}`,
      custom: number === CUSTOM,
    });
  }
  return codes;
}

function reportOperators(
  codes: readonly { name: string; custom: boolean }[],
  graphs: readonly TfliteGraph[],
  facts: FactsBuilder,
): void {
  const counts = new Map<string, number>();
  for (const graph of graphs) {
    for (const [index, count] of graph.operators) {
      const name = codes[index]?.name ?? `code ${index}`;
      counts.set(name, (counts.get(name) ?? 0) + count);
    }
  }
  facts.details.operators = Object.fromEntries([...counts].sort(([, a], [, b]) => b - a));
  const custom = [...new Set(codes.filter((code) => code.custom).map(({ name }) => name))];
  if (custom.length > 0) facts.details.custom_operators = custom;
  // Operations of whole TensorFlow, which the Flex delegate runs.
  for (const name of custom.filter((one) => one.startsWith('Flex') && reachesOut(one.slice(4)))) {
    const message = `the operator ${quote(name)} reaches files, Python or the network`;
    facts.finding('high', 'code-in-model', message, `operator ${quote(name)}`);
  }
}

function reportEnds(graph: TfliteGraph | undefined, facts: FactsBuilder): void {
  if (graph === undefined) return;
  const describe = (indices: readonly number[]) =>
    indices.flatMap((index) => {
      const tensor = graph.tensors[index];
      return tensor === undefined
        ? []
        : [{ name: tensor.name, dtype: tensor.dtype, shape: tensor.signature }];
    });
  const inputs = describe(graph.inputs);
  const outputs = describe(graph.outputs);
  facts.details.inputs = inputs;
  facts.details.outputs = outputs;
  if (inputs.length > 0) facts.property('input_signature', inputs.slice(0, MAX_SIGNATURE_ENTRIES));
  if (outputs.length > 0) facts.property('output_signature', outputs.slice(0, MAX_SIGNATURE_ENTRIES));
}

/** SignatureDef: 0 inputs, 1 outputs, 2 key, 4 subgraph. */
async function reportSignatures(model: FlatTable, facts: FactsBuilder): Promise<void> {
  const signatures: Record<string, unknown> = {};
  for await (const signature of model.tables(7, MAX_TFLITE_PARTS)) {
    const key = (await signature.text(2, MAX_NAME_BYTES)) ?? '';
    const inputs = await mappedNames(signature, 0);
    signatures[key] = { inputs, outputs: await mappedNames(signature, 1), subgraph: signature.u32(4) };
  }
  if (Object.keys(signatures).length > 0) facts.details.signatures = signatures;
}

/** TensorMap: 0 name. */
async function mappedNames(signature: FlatTable, field: number): Promise<string[]> {
  const names: string[] = [];
  for await (const entry of signature.tables(field, MAX_TFLITE_ENDS)) {
    names.push((await entry.text(0, MAX_NAME_BYTES)) ?? '');
  }
  return names;
}

async function reportWeights(
  model: FlatTable,
  source: PagedSource,
  graphs: readonly TfliteGraph[],
  facts: FactsBuilder,
): Promise<void> {
  // Weights that graphs or tensors share are one buffer.
  const byBuffer = new Map<number, TfliteTensor>();
  for (const weight of graphs.flatMap(weightsOf)) {
    if (!byBuffer.has(weight.buffer)) byBuffer.set(weight.buffer, weight);
  }
  const weights = [...byBuffer.values()];
  const tally = new TensorTally();
  for (const weight of weights) {
    const { name, dtype, shape } = weight;
    const bytes = tensorBytes(weight);
    tally.add({ name, dtype, shape, bytes: Number(bytes) }, elementsOf(shape), bytes);
  }
  reportParameters(tally, facts);
  const quantized = weights.filter(({ scales }) => scales > 0);
  if (quantized.some(({ dtype }) => dtype === tally.precision)) {
    facts.property('quantization', tally.precision?.replace(/^I/, 'int').replace(/^U/, 'uint'));
  }
  facts.details.quantized_tensors = quantized.length;
  facts.details.per_channel_tensors = quantized.filter(({ scales }) => scales > 1).length;
  reportTensors(tally, facts);
  await checkBuffers(model, source, weights, facts);
}
