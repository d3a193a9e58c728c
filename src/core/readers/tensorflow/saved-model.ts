import { quote } from '../../errors.ts';
import type { Content } from '../../oci/content.ts';
import { companionPath } from '../companion-path.ts';
import { FactsBuilder } from '../facts.ts';
import { KerasCode, lookForCode } from '../keras/keras-code.ts';
import { parseKerasJson } from '../keras/keras-json.ts';
import { MAX_SIGNATURE_ENTRIES, MAX_TF_GRAPH_BYTES } from '../limits.ts';
import { ByteCursor } from '../parse/byte-cursor.ts';
import { RangeSource } from '../parse/byte-source.ts';
import { ParseStop } from '../parse/parse-stop.ts';
import { walkMessage } from '../parse/protobuf-walker.ts';
import { isFatal } from '../read-file.ts';
import type { FolderReader, FolderReadOptions, ModelFolder } from '../reader.ts';
import { reachesOut } from './reaching-ops.ts';
import { SavedModelWalk } from './saved-model-walk.ts';
import { reportVariables } from './saved-variables.ts';
import type { TfEnd } from './tf-signature.ts';

const GRAPH = 'saved_model.pb';
const TEXT_GRAPH = 'saved_model.pbtxt';
const KERAS_METADATA = 'keras_metadata.pb';
const FINGERPRINT = 'fingerprint.pb';
/** Fields of FingerprintDef that are numbers. */
const FINGERPRINT_FIELDS = [
  'saved_model_checksum',
  'graph_def_program_hash',
  'signature_def_hash',
  'saved_object_graph_hash',
  'checkpoint_hash',
];

/** A SavedModel of TensorFlow: graphs and signatures in one file, variables and assets in folders. */
export const savedModelReader: FolderReader = {
  id: 'tensorflow',
  recognizes: ({ files }) => files.some(({ path }) => path === GRAPH || path === TEXT_GRAPH),
  async read(folder, options) {
    const facts = new FactsBuilder();
    facts.property('framework', 'tensorflow');
    const collect = (parse: () => Promise<void>) => facts.collect(parse, isFatal(options));
    await collect(() => reportGraph(folder, options, facts));
    await collect(() => reportVariables(folder, options, facts));
    await collect(() => reportFingerprint(folder, options, facts));
    facts.property('file_count', folder.files.length);
    return facts.build('tensorflow', folder.path);
  },
};

async function reportGraph(
  folder: ModelFolder,
  options: FolderReadOptions,
  facts: FactsBuilder,
): Promise<void> {
  const content = await folder.open(GRAPH);
  if (content === undefined) {
    throw new ParseStop('too-large-to-show', `the graph stands in ${TEXT_GRAPH}, which is not looked into`);
  }
  const code = new KerasCode(facts, GRAPH);
  let configurations = 0;
  const onConfig = async (json: string) => {
    configurations += 1;
    await lookForCode(facts, () => code.look(parseKerasJson(json)));
  };
  const open = (part: Content) => {
    const cursor = new ByteCursor(new RangeSource(part, { ...options, maxBytes: MAX_TF_GRAPH_BYTES }));
    return { end: part.size, walk: new SavedModelWalk(cursor, onConfig) };
  };
  const { walk, end } = open(content);
  try {
    await walk.model(end);
  } finally {
    report(walk, folder, facts);
  }
  const keras = await folder.open(KERAS_METADATA);
  if (keras !== undefined) {
    const metadata = open(keras);
    await metadata.walk.kerasMetadata(metadata.end);
  }
  if (configurations > 0) facts.details.keras_objects = configurations;
}

function report(walk: SavedModelWalk, folder: ModelFolder, facts: FactsBuilder): void {
  facts.property('framework_version', walk.version);
  facts.details.tags = walk.tagSets.map((tags) => tags.join(', '));
  // What TensorFlow does for itself when it loads the model is a signature too.
  const signatures = [...walk.signatures].filter(([key]) => !key.startsWith('__saved_model'));
  facts.details.signatures = Object.fromEntries(signatures);
  facts.details.operators = Object.fromEntries([...walk.operators].sort(([, a], [, b]) => b - a));
  facts.details.function_count = walk.functions;
  const main = walk.signatures.get('serving_default') ?? signatures[0]?.[1];
  reportEnds('input_signature', 'inputs', main?.inputs ?? [], facts);
  reportEnds('output_signature', 'outputs', main?.outputs ?? [], facts);
  reportReaching(walk, facts);
  reportAssets(walk, folder, facts);
}

function reportEnds(property: string, detail: string, ends: readonly TfEnd[], facts: FactsBuilder): void {
  facts.details[detail] = ends;
  if (ends.length > 0) facts.property(property, ends.slice(0, MAX_SIGNATURE_ENTRIES));
}

function reportReaching(walk: SavedModelWalk, facts: FactsBuilder): void {
  for (const [name, count] of walk.operators) {
    if (!reachesOut(name) && !(name === 'PrintV2' && walk.printsToFiles)) continue;
    const times = count === 1 ? 'once' : `${count} times`;
    const message = `the operation ${quote(name)}, which reaches files, Python or the network, stands in it ${times}`;
    facts.finding('high', 'code-in-model', message, `${GRAPH}: operation ${quote(name)}`);
  }
}

/** Assets are files in the folder `assets`; TensorFlow opens what their names lead to. */
function reportAssets(walk: SavedModelWalk, folder: ModelFolder, facts: FactsBuilder): void {
  const there = new Set(folder.files.map(({ path }) => path));
  if (walk.assets.length > 0) facts.details.assets = walk.assets;
  for (const asset of walk.assets) {
    const path = companionPath(asset);
    if (path === undefined) {
      const message = `the asset ${quote(asset)} is not a file in the model's folder`;
      facts.finding('critical', 'external-path', message, `${GRAPH}: asset ${quote(asset)}`);
    } else if (!there.has(`assets/${path}`)) {
      facts.finding('high', 'truncated', `the asset ${quote(asset)} is not there`, `assets/${path}`);
    }
  }
}

async function reportFingerprint(
  folder: ModelFolder,
  options: FolderReadOptions,
  facts: FactsBuilder,
): Promise<void> {
  const content = await folder.open(FINGERPRINT);
  if (content === undefined) return;
  const cursor = new ByteCursor(new RangeSource(content, { ...options }));
  const found: Record<string, string> = {};
  facts.details.fingerprint = found;
  await walkMessage(cursor, content.size, (field) => {
    const name = FINGERPRINT_FIELDS[field.number - 1];
    if (name !== undefined && field.wire === 'varint') found[name] = String(field.value);
  });
}
