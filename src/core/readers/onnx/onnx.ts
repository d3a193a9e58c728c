import { quote } from '../../errors.ts';
import { companionPath } from '../companion-path.ts';
import type { FactsBuilder } from '../facts.ts';
import { MAX_FINDINGS, MAX_READ_MS, MAX_SIGNATURE_ENTRIES } from '../limits.ts';
import { stemOf } from '../model-name.ts';
import type { ByteCursor } from '../parse/byte-cursor.ts';
import { ParseStop } from '../parse/parse-stop.ts';
import { collectFacts } from '../read-file.ts';
import type { ModelReader } from '../reader.ts';
import { reportParameters, reportTensors } from '../tensor-tally.ts';
import { quantizationOf } from './onnx-quantization.ts';
import { looksLikeOnnx } from './onnx-recognition.ts';
import { withOnnxTail } from './onnx-tail.ts';
import type { ValueInfo } from './onnx-types.ts';
import { OnnxWalk } from './onnx-walk.ts';

/** Domains whose operators every run-time brings; any other needs a library of operators, which is code. */
const USUAL_DOMAINS = new Set(['', 'ai.onnx', 'ai.onnx.ml', 'ai.onnx.training', 'ai.onnx.preview.training']);
/** What trained the model, by who wrote the file. */
const FRAMEWORK_BY_PRODUCER: ReadonlyMap<string, string> = new Map([
  ['pytorch', 'pytorch'],
  ['skl2onnx', 'scikit-learn'],
  ['tf2onnx', 'tensorflow'],
  ['keras2onnx', 'keras'],
]);

/** ONNX: one protobuf message. Weights are passed over, wherever in the message they stand. */
export const onnxReader: ModelReader = {
  id: 'onnx',
  extensions: ['.onnx'],
  recognizes: (path, head) => looksLikeOnnx(path, head),
  async read(file, options) {
    const started = performance.now();
    const { content, tail } = await withOnnxTail(file.content, options);
    const left = Math.max(1, MAX_READ_MS - Math.ceil(performance.now() - started));
    const facts = await collectFacts(
      { ...file, content },
      ({ cursor, facts }) => readOnnx(cursor, facts, tail),
      { ...options, maxMilliseconds: left },
    );
    return facts.build('onnx', stemOf(file.path, onnxReader.extensions));
  },
};

/** @param tail what the end of the file says, as a hint: the walk tells itself if it gets there */
async function readOnnx(cursor: ByteCursor, facts: FactsBuilder, tail: OnnxWalk | undefined): Promise<void> {
  const walk = new OnnxWalk(cursor);
  try {
    await walk.model(cursor.left);
    if (!walk.hasGraph) throw new ParseStop('truncated', 'the file ends before the graph', cursor.position);
  } catch (error) {
    if (tail !== undefined && error instanceof ParseStop && error.code === 'too-large-to-show') {
      walk.complete(tail);
      const message =
        'what follows the weights is read as the end of the file has it, and not all weights are counted';
      facts.finding('info', 'too-large-to-show', message);
    }
    throw error;
  } finally {
    reportModel(walk, facts);
    reportWeights(walk, facts);
    reportDomains(walk, facts);
  }
}

function reportModel(walk: OnnxWalk, facts: FactsBuilder): void {
  if (walk.irVersion !== undefined) facts.formatVersion = String(walk.irVersion);
  const framework = FRAMEWORK_BY_PRODUCER.get(walk.producerName.toLowerCase());
  facts.own('description', walk.docString);
  facts.own('author', walk.properties.get('model_author'));
  facts.property('framework', framework);
  if (framework === 'pytorch') facts.property('framework_version', walk.producerVersion);
  reportParameters(walk.tally, facts);
  facts.property('quantization', quantizationOf(walk.dequantized, walk.tally.listed));
  facts.property('opset_version', walk.opsets.get('ai.onnx'));
  facts.property('producer_name', walk.producerName);
  facts.property('producer_version', walk.producerVersion);
  facts.property('license', walk.properties.get('model_license'));
  const inputs = walk.inputs.filter(({ name }) => !walk.initializers.has(name));
  signature('input_signature', 'inputs', inputs, facts);
  signature('output_signature', 'outputs', walk.outputs, facts);
  facts.details.graph_name = walk.graphName;
  facts.details.opsets = Object.fromEntries(
    [...walk.opsets].map(([domain, version]) => [domain, Number(version)]),
  );
  facts.details.operators = Object.fromEntries([...walk.operators].sort(([, a], [, b]) => b - a));
  facts.details.metadata_props = Object.fromEntries(walk.properties);
}

function signature(
  property: string,
  detail: string,
  values: readonly ValueInfo[],
  facts: FactsBuilder,
): void {
  facts.details[detail] = values;
  if (values.length > 0) facts.property(property, values.slice(0, MAX_SIGNATURE_ENTRIES));
}

function reportWeights(walk: OnnxWalk, facts: FactsBuilder): void {
  reportTensors(walk.tally, facts);
  for (const name of walk.oddWeights) {
    facts.finding(
      'medium',
      'malformed',
      `the weights of ${quote(name)} are not its shape times its type`,
      `tensor ${quote(name)}`,
    );
  }
  for (const location of walk.externalFiles) {
    const path = companionPath(location);
    if (path === undefined) {
      facts.finding(
        'critical',
        'external-path',
        `the weights are said to be in ${quote(location)}, which is not a file in the model's folder`,
      );
    } else facts.companion(path);
  }
}

function reportDomains(walk: OnnxWalk, facts: FactsBuilder): void {
  const custom = [...walk.domains]
    .filter((domain) => isCustom(domain) && !walk.functionDomains.has(domain))
    .sort();
  facts.details.custom_domains = custom;
  for (const domain of custom.slice(0, MAX_FINDINGS)) {
    facts.finding(
      'medium',
      'code-in-model',
      `operators of the domain ${quote(domain)} need code from elsewhere`,
      `domain ${quote(domain)}`,
    );
  }
  facts.unlisted(Math.max(0, custom.length - MAX_FINDINGS));
}

function isCustom(domain: string): boolean {
  return !USUAL_DOMAINS.has(domain) && domain !== 'com.microsoft' && !domain.startsWith('com.microsoft.');
}
