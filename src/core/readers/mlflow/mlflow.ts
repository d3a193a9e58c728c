import type { JsonObject } from '../../oci/json.ts';
import { FactsBuilder } from '../facts.ts';
import { FolderDocuments } from '../folder-document.ts';
import { MAX_MLFLOW_INNER_FILES } from '../limits.ts';
import { asObject, asText, plainDetail } from '../parse/json-values.ts';
import type { FolderReader, FolderReadOptions, ModelFolder } from '../reader.ts';
import { chooseWeights } from '../shards/choose-weights.ts';
import { isShardOrIndex } from '../shards/shard-names.ts';
import { reportWeights } from '../shards/weights.ts';
import { checkFlavors, modelPaths, reportFramework } from './mlflow-flavors.ts';
import { reportRecords } from './mlflow-records.ts';
import { reportSignature } from './mlflow-signature.ts';

/** A model as `mlflow.*.save_model` writes it; a logged model of the file store has it in `artifacts`. */
const DOCUMENTS = ['MLmodel', 'artifacts/MLmodel'];
/** What is shown of the document besides flavors and signature. */
const IDENTITY = [
  'run_id',
  'model_id',
  'model_uuid',
  'artifact_path',
  'utc_time_created',
  'mlflow_version',
  'metadata',
];

export const mlflowReader: FolderReader = {
  id: 'mlflow',
  recognizes: ({ files }) => files.some(({ path }) => DOCUMENTS.includes(path)),
  async read(folder, options) {
    const facts = new FactsBuilder();
    const documents = new FolderDocuments(folder, facts, options);
    const path = folder.files.some((file) => file.path === 'MLmodel') ? 'MLmodel' : 'artifacts/MLmodel';
    const model = (await documents.yaml(path)) ?? new Map();
    const root = path.slice(0, path.lastIndexOf('/') + 1);
    await reportInner(folder, root, model, facts, options);
    reportModel(model, facts);
    checkFlavors(model, facts);
    await reportRecords(folder, documents, facts);
    facts.property('file_count', folder.files.length);
    return facts.build('mlflow', folder.path);
  },
};

function reportModel(model: JsonObject, facts: FactsBuilder): void {
  facts.formatVersion = asText(model.get('mlflow_version')) ?? null;
  reportFramework(model, facts);
  const signature = asObject(model.get('signature'));
  if (signature !== undefined) reportSignature(signature, facts);
  facts.details.flavors = plainDetail(model.get('flavors') ?? null);
  for (const key of IDENTITY) {
    const value = model.get(key) ?? null;
    if (value !== null) facts.details[key] = plainDetail(value);
  }
}

/** What the readers of files say of the model proper: of the largest file that a flavor names, and of its shards. */
async function reportInner(
  folder: ModelFolder,
  root: string,
  model: JsonObject,
  facts: FactsBuilder,
  options: FolderReadOptions,
): Promise<void> {
  const named = modelPaths(model).map((path) => root + path.replace(/\/+$/, ''));
  const own = folder.files
    .filter(({ path }) => named.some((name) => path === name || path.startsWith(`${name}/`)))
    .toSorted((a, b) => b.size - a.size);
  for (const { path } of own.slice(0, MAX_MLFLOW_INNER_FILES)) {
    const inner = await options.readFile(path);
    if (inner === undefined || inner.format.name === 'unknown') continue;
    facts.inherit(inner, String(inner.metadata.name));
    if (!isShardOrIndex(path)) return;
    const shards = await chooseWeights(folder, path.slice(0, path.lastIndexOf('/') + 1), options);
    if (shards !== undefined) reportWeights([{ prefix: '', files: shards.files }], facts);
    return;
  }
}
