import { JsonNumber, type JsonObject, toPlain } from '../oci/json.ts';
import { readBehindEnd } from './behind-the-end.ts';
import { partsEnd } from './catboost-parts.ts';
import type { FactsBuilder } from './facts.ts';
import {
  MAX_CATBOOST_FEATURES,
  MAX_CATBOOST_INFO_BYTES,
  MAX_HYPERPARAMETERS,
  MAX_LIST_ENTRIES,
  MAX_NAME_BYTES,
  MAX_STRING_BYTES,
} from './limits.ts';
import { stemOf } from './model-name.ts';
import { embeddedObject } from './parse/embedded-json.ts';
import { FlatTable } from './parse/flatbuffer.ts';
import { asObject, asText } from './parse/json-values.ts';
import { ParseStop } from './parse/parse-stop.ts';
import { collectPagedFacts, type PagedReading } from './read-file.ts';
import type { ModelReader, ReadOptions } from './reader.ts';
import { reportHyperparameters, reportTabular } from './tabular.ts';

/** `CBM1`, then the bytes of the core as `u32`, then the core: a flatbuffer. */
const MAGIC = 'CBM1';
const CORE_AT = 8;

/** Fields of TModelCore. */
const CORE = { formatVersion: 0, trees: 1, info: 2 } as const;
/** Fields of the trees' table that are read. */
const TREES = { dimension: 0, sizes: 2 } as const;
/** Where features of each kind stand in the trees' table, and in their own the place in the pool and the name. */
const FEATURES = [
  { kind: 'categorical', field: 4, place: 1, name: 2 },
  { kind: 'float', field: 5, place: 2, name: 4 },
  { kind: 'text', field: 12, place: 1, name: 2 },
  { kind: 'embedding', field: 18, place: 1, name: 2 },
] as const;

/** CatBoost's own format: names, settings and trees' sizes are read, splits and leaves passed over. */
export const catboostReader: ModelReader = {
  id: 'catboost',
  extensions: ['.cbm'],
  recognizes: (_path, head) => Buffer.from(head.subarray(0, 4)).toString('latin1') === MAGIC,
  async read(file, options = {}) {
    const facts = await collectPagedFacts(file, (reading) => readCatboost(reading, options), options);
    return facts.build('catboost', stemOf(file.path, catboostReader.extensions));
  },
};

interface Feature {
  readonly kind: string;
  readonly place: number;
  readonly name: string;
}

async function readCatboost({ file, source, facts }: PagedReading, options: ReadOptions): Promise<void> {
  facts.property('framework', 'catboost');
  const head = await source.read(0, CORE_AT);
  const end = CORE_AT + Buffer.from(head).readUInt32LE(4);
  if (end > source.size) throw new ParseStop('truncated', `the file ends inside its core of ${end} bytes`, 4);
  const core = await FlatTable.root(source, CORE_AT, end);
  facts.formatVersion = (await core.text(CORE.formatVersion, MAX_NAME_BYTES)) ?? null;
  const info = await readInfo(core);
  const settings = embeddedObject(info.get('params'));
  reportInfo(info, settings, facts);
  const trees = await core.table(CORE.trees);
  const features = trees === undefined ? [] : await readFeatures(trees);
  const classNames = classesOf(embeddedObject(info.get('class_params')));
  const dimension = trees?.i32(TREES.dimension) ?? 0;
  reportTabular(
    {
      features: features.reduce((count, { place }) => Math.max(count, place + 1), 0),
      featureNames: features.slice(0, MAX_LIST_ENTRIES).map(({ name }) => name),
      classes: classNames.length > 0 ? classNames.length : dimension > 1 ? dimension : undefined,
      classNames,
      trees: (await trees?.vector(TREES.sizes, 4))?.count ?? 0,
      objective: asText(asObject(settings?.get('loss_function'))?.get('type')),
    },
    facts,
  );
  reportKinds(features, facts);
  const last = await partsEnd(source, core, end);
  if (last !== undefined) await readBehindEnd(file.content, last, 'the model', facts, options);
}

/** Texts by name: settings, class labels and versions as JSON, and whatever a person added. */
async function readInfo(core: FlatTable): Promise<Map<string, string>> {
  const info = new Map<string, string>();
  let left = MAX_CATBOOST_INFO_BYTES;
  for await (const pair of core.tables(CORE.info, MAX_HYPERPARAMETERS)) {
    const key = (await pair.text(0, MAX_NAME_BYTES)) ?? '';
    const value = (await pair.text(1, Math.min(left, MAX_STRING_BYTES))) ?? '';
    info.set(key, value);
    left = Math.max(0, left - value.length);
  }
  return info;
}

function reportInfo(
  info: ReadonlyMap<string, string>,
  settings: JsonObject | undefined,
  facts: FactsBuilder,
): void {
  const about = info.get('catboost_version_info') ?? '';
  facts.property(
    'framework_version',
    /\btags\/v([0-9][\w.]*)|CatBoost release ([0-9][\w.]*\w)/.exec(about)?.slice(1).find(Boolean),
  );
  reportHyperparameters(asObject(settings?.get('flat_params')) ?? new Map(), facts);
  facts.details.info = Object.fromEntries([...info].map(([key, value]) => [key, shown(value)]));
}

/** Settings and results are JSON in a text. */
function shown(value: string): unknown {
  const object = embeddedObject(value);
  return object === undefined ? value.slice(0, MAX_NAME_BYTES) : toPlain(object);
}

async function readFeatures(trees: FlatTable): Promise<Feature[]> {
  const features: Feature[] = [];
  for (const { kind, field, place, name } of FEATURES) {
    for await (const table of trees.tables(field, MAX_CATBOOST_FEATURES - features.length)) {
      const at = table.i32(place, -1);
      if (at < 0) continue;
      const own = at < MAX_LIST_ENTRIES ? await table.text(name, MAX_NAME_BYTES) : undefined;
      features.push({ kind, place: at, name: own === undefined || own === '' ? String(at) : own });
    }
  }
  return features.sort((a, b) => a.place - b.place);
}

function classesOf(parameters: JsonObject | undefined): (string | boolean | JsonNumber)[] {
  const names = parameters?.get('class_names');
  if (!Array.isArray(names)) return [];
  return names.filter(
    (name) => typeof name === 'string' || typeof name === 'boolean' || name instanceof JsonNumber,
  );
}

function reportKinds(features: readonly Feature[], facts: FactsBuilder): void {
  for (const kind of ['categorical', 'text', 'embedding']) {
    const names = features.filter((feature) => feature.kind === kind).map(({ name }) => name);
    if (names.length > 0) facts.details[`${kind}_features`] = names.slice(0, MAX_LIST_ENTRIES);
  }
}
