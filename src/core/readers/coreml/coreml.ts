import { quote } from '../../errors.ts';
import { readBehindEnd } from '../behind-the-end.ts';
import { companionPath } from '../companion-path.ts';
import type { FactsBuilder } from '../facts.ts';
import { MAX_SIGNATURE_ENTRIES, MAX_STRING_BYTES, MAX_TENSORS_LISTED } from '../limits.ts';
import { stemOf } from '../model-name.ts';
import { ParseStop } from '../parse/parse-stop.ts';
import { collectFacts, type Reading } from '../read-file.ts';
import type { ModelReader, ReadOptions } from '../reader.ts';
import { looksLikeCoreml } from './coreml-recognition.ts';
import { CoremlWalk } from './coreml-walk.ts';

/** What coremltools says of what it converted, as `torch==2.7.0`. */
const SOURCE_KEY = 'com.github.apple.coremltools.source';
const TOOLS_KEY = 'com.github.apple.coremltools.version';
const FRAMEWORKS: ReadonlyMap<string, string> = new Map([
  ['torch', 'pytorch'],
  ['tensorflow', 'tensorflow'],
  ['scikit-learn', 'scikit-learn'],
  ['xgboost', 'xgboost'],
  ['keras', 'keras'],
]);
/** How programs write the folder that the model is in. */
const MODEL_FOLDER = '@model_path/';

/** Core ML: one protobuf message; weights are passed over, of an ML program they are in files beside it. */
export const coremlReader: ModelReader = {
  id: 'coreml',
  extensions: ['.mlmodel'],
  sharedExtensions: ['.mlpackage'],
  recognizes: (_path, head) => looksLikeCoreml(head),
  async read(file, options = {}) {
    const facts = await collectFacts(file, (reading) => readCoreml(reading, options), options);
    return facts.build('coreml', stemOf(file.path, coremlReader.extensions));
  },
};

async function readCoreml({ cursor, facts, file }: Reading, options: ReadOptions): Promise<void> {
  const walk = new CoremlWalk(cursor);
  let end: number | undefined;
  try {
    end = await walk.model(cursor.left);
  } finally {
    reportModel(walk, facts);
    reportSource(walk, facts);
    reportFeatures(walk, facts);
    reportProgram(walk, facts);
  }
  if (walk.type === undefined)
    throw new ParseStop('truncated', 'the file ends before the model itself', cursor.position);
  await readBehindEnd(file.content, end, 'the model', facts, options);
}

function reportModel(walk: CoremlWalk, facts: FactsBuilder): void {
  const [description, version, author, license] = [1, 2, 3, 4].map((field) => walk.texts.get(field));
  facts.formatVersion = walk.version === undefined ? null : String(walk.version);
  facts.own('name', walk.userDefined.get('name'));
  facts.own('description', description);
  facts.own('author', author);
  facts.property('license', license);
  facts.property('model_class', walk.type);
  facts.property('task', taskOf(walk));
  facts.details.type = walk.type ?? null;
  facts.details.model_version = version ?? null;
  facts.details.updatable = walk.updatable;
  facts.details.user_defined = shown(walk.userDefined);
  if (walk.steps.length > 0)
    facts.details.steps = walk.steps.map(({ name, type }) => ({ name, class: type }));
  for (const name of walk.customClasses) {
    const what = `the model is run by code from elsewhere, the class ${quote(name)}`;
    facts.finding('medium', 'code-in-model', what, 'customModel');
  }
}

function taskOf({ type, classCount }: CoremlWalk): string | undefined {
  if (type?.endsWith('Classifier') || classCount > 0) return 'classification';
  return type?.endsWith('Regressor') ? 'regression' : undefined;
}

/** Pairs of any length, up to what a text may take in all. */
function shown(pairs: ReadonlyMap<string, string>): Record<string, string> {
  let left = MAX_STRING_BYTES;
  const kept: [string, string][] = [];
  for (const [key, value] of pairs) {
    kept.push([key, value.slice(0, left)]);
    left = Math.max(0, left - value.length);
  }
  return Object.fromEntries(kept);
}

function reportSource({ userDefined }: CoremlWalk, facts: FactsBuilder): void {
  const [source, version] = (userDefined.get(SOURCE_KEY) ?? '').split('==');
  const framework = FRAMEWORKS.get(source ?? '');
  facts.property('framework', framework ?? 'coreml');
  if (framework !== undefined) facts.property('framework_version', version);
  const tools = userDefined.get(TOOLS_KEY);
  if (tools === undefined) return;
  facts.property('producer_name', 'coremltools');
  facts.property('producer_version', tools);
}

function reportFeatures(walk: CoremlWalk, facts: FactsBuilder): void {
  const chosen = walk.functions.find(({ name }) => name === walk.defaultFunction) ?? walk.functions[0];
  const { inputs, outputs } = walk.main.inputs.length > 0 || chosen === undefined ? walk.main : chosen;
  facts.details.inputs = inputs;
  facts.details.outputs = outputs;
  if (walk.states.length > 0) facts.details.states = walk.states;
  if (walk.functions.length > 0) facts.details.functions = walk.functions;
  if (walk.predicted !== '') facts.details.predicted_feature = walk.predicted;
  if (inputs.length > 0) facts.property('input_signature', inputs.slice(0, MAX_SIGNATURE_ENTRIES));
  if (outputs.length > 0) facts.property('output_signature', outputs.slice(0, MAX_SIGNATURE_ENTRIES));
  facts.property('n_classes', walk.classCount || undefined);
  if (walk.classes.length > 0) facts.property('classes', walk.classes);
}

function reportProgram({ program, hasUncounted, type }: CoremlWalk, facts: FactsBuilder): void {
  const { operators, weights, files } = program;
  if (type !== undefined && !hasUncounted) facts.property('parameter_count', weights.parameters);
  if (operators.size > 0)
    facts.details.operators = Object.fromEntries([...operators].sort(([, a], [, b]) => b - a));
  if (weights.count > 0) {
    facts.property('precision', weights.precision);
    facts.details.tensor_count = weights.count;
    facts.details.dtypes = weights.dtypes;
    facts.details.tensors = weights.listed;
    if (weights.count > MAX_TENSORS_LISTED) {
      const what = `only ${MAX_TENSORS_LISTED} of ${weights.count} tensors are listed`;
      facts.finding('info', 'too-large-to-show', what);
    }
  }
  for (const file of files) {
    const path = file.startsWith(MODEL_FOLDER) ? companionPath(file.slice(MODEL_FOLDER.length)) : undefined;
    if (path !== undefined) facts.companion(path);
    else {
      const what = `the weights are said to be in ${quote(file)}, which is not a file in the model's folder`;
      facts.finding('critical', 'external-path', what);
    }
  }
}
