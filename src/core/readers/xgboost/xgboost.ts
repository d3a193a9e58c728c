import type { JsonObject } from '../../oci/json.ts';
import { readBehindEnd } from '../behind-the-end.ts';
import type { FactsBuilder } from '../facts.ts';
import { MAX_NAME_BYTES, MAX_XGBOOST_WALKED_BYTES, XGBOOST_TAIL_BYTES } from '../limits.ts';
import { stemOf } from '../model-name.ts';
import { ByteCursor } from '../parse/byte-cursor.ts';
import { type ByteSource, RangeSource } from '../parse/byte-source.ts';
import { embeddedObject } from '../parse/embedded-json.ts';
import { JsonStream } from '../parse/json-stream.ts';
import { ParseStop } from '../parse/parse-stop.ts';
import { textStartsWith } from '../parse/text-start.ts';
import { UbjsonStream } from '../parse/ubjson.ts';
import type { ValueStream } from '../parse/value-stream.ts';
import { collectFacts, type Reading } from '../read-file.ts';
import type { ModelReader, ReadOptions } from '../reader.ts';
import { reportHyperparameters, reportTabular } from '../tabular.ts';
import { countOf, TreesReached, XgboostWalk } from './xgboost-walk.ts';

/** The first member of `learner`, by every version that writes JSON; other JSON has no such pair of keys. */
const MEMBERS = 'attributes|feature_names|feature_types|gradient_booster|learner_model_param|objective';
const JSON_HEAD = new RegExp(
  `^\\s*\\{\\s*(?:"version"\\s*:\\s*\\[[\\s0-9,]*\\]\\s*,\\s*)?"learner"\\s*:\\s*\\{\\s*"(?:${MEMBERS})"\\s*:`,
);
const UBJSON_HEAD = new RegExp(`^\\{[LlIiU]\\0*\\x07learner\\{[LlIiU]\\0*[\\x00-\\x20](?:${MEMBERS})`);

/** XGBoost since 1.0: the same document as JSON or UBJSON. */
export const xgboostReader: ModelReader = {
  id: 'xgboost',
  extensions: ['.ubj'],
  sharedExtensions: ['.json'],
  recognizes(_path, head) {
    if (!textStartsWith(head, '{')) return false;
    const text = Buffer.from(head.buffer, head.byteOffset, head.byteLength).toString('latin1');
    return JSON_HEAD.test(text) || UBJSON_HEAD.test(text);
  },
  async read(file, options = {}) {
    const facts = await collectFacts(file, (reading) => readXgboost(reading, options), options);
    return facts.build('xgboost', stemOf(file.path, ['.ubj', '.json']));
  },
};

async function readXgboost(reading: Reading, options: ReadOptions): Promise<void> {
  const { cursor, facts, file } = reading;
  const large = file.content.size > MAX_XGBOOST_WALKED_BYTES;
  await cursor.need(2);
  const isUbjson = cursor.peek() === 0x7b && /[LlIiU]/.test(String.fromCharCode(cursor.peek(1) ?? 0));
  const walk = new XgboostWalk(isUbjson ? new UbjsonStream(cursor) : new JsonStream(cursor), large);
  let end = cursor;
  try {
    await walk.document();
  } catch (error) {
    if (!(error instanceof TreesReached)) throw error;
    end = await readTail(reading, walk, isUbjson, options);
  } finally {
    report(walk, facts);
  }
  if (!isUbjson) await skipWhiteSpace(end);
  await readBehindEnd(file.content, end.position, 'the model', facts, options);
}

/** Editors and `jq` end a document with a new line. */
async function skipWhiteSpace(cursor: ByteCursor): Promise<void> {
  while ((await cursor.fill(1)) && /\s/.test(String.fromCharCode(cursor.peek() ?? 0))) cursor.skipBuffered(1);
}

/**
 * What follows the trees, from the end of the file: a model of gigabytes then costs its two ends. `learner_model_param`
 * is the first member behind the booster. Gives the place behind the document.
 */
async function readTail(
  { file, cursor }: Reading,
  walk: XgboostWalk,
  isUbjson: boolean,
  options: ReadOptions,
): Promise<ByteCursor> {
  const size = file.content.size;
  const from = Math.max(cursor.position, size - XGBOOST_TAIL_BYTES);
  const tail = Buffer.from(await new RangeSource(file.content, options).read(from, size - from));
  const name = 'learner_model_param';
  const key = isUbjson ? Buffer.from(`L\0\0\0\0\0\0\0\x13${name}`, 'latin1') : Buffer.from(`"${name}"`);
  const at = tail.lastIndexOf(key);
  if (at < 0) throw new ParseStop('truncated', 'it does not end as a model of XGBoost does', size);
  const source: ByteSource = { size, read: async (position) => tail.subarray(position - from) };
  const end = new ByteCursor(source, from + at);
  const values: ValueStream = isUbjson ? new UbjsonStream(end) : new JsonStream(end);
  await walk.tail(values);
  return end;
}

function report(walk: XgboostWalk, facts: FactsBuilder): void {
  facts.property('framework', 'xgboost');
  if (walk.version.length > 0) facts.property('framework_version', walk.version.join('.'));
  const own = embeddedObject(walk.attributes.get('scikit_learn'));
  facts.property('model_class', classOf(own?.get('_estimator_type')));
  reportTabular(
    {
      features: countOf(walk.parameters.get('num_feature')) || walk.features.count || undefined,
      featureNames: walk.features.first,
      classes: classesOf(walk),
      trees: walk.trees,
      objective: walk.objective,
    },
    facts,
  );
  facts.property('parameter_count', walk.weights);
  reportHyperparameters(settingsOf(walk, own), facts);
  facts.details.booster = walk.booster ?? null;
  facts.details.attributes = Object.fromEntries(
    [...walk.attributes].map(([key, value]) => [
      key.slice(0, MAX_NAME_BYTES),
      value.slice(0, MAX_NAME_BYTES),
    ]),
  );
  facts.details.learner = Object.fromEntries(walk.parameters);
  if (walk.featureTypes.first.length > 0) facts.details.feature_types = walk.featureTypes.first;
}

/** Older versions keep the constructor's parameters of the scikit-learn wrapper in an attribute. */
function settingsOf(walk: XgboostWalk, own: JsonObject | undefined): JsonObject {
  const settings: JsonObject = new Map([...(own ?? [])].filter(([key]) => !/^_|_$/.test(key)));
  if (walk.booster !== undefined) settings.set('booster', walk.booster);
  if (walk.objective !== undefined) settings.set('objective', walk.objective);
  return settings;
}

/** The wrapper of scikit-learn's interface that trained the model; a plain `Booster` says none. */
function classOf(estimatorType: unknown): string | undefined {
  switch (estimatorType) {
    case 'classifier':
      return 'XGBClassifier';
    case 'regressor':
      return 'XGBRegressor';
    case 'ranker':
      return 'XGBRanker';
    default:
      return undefined;
  }
}

/** Two-class objectives state no number of classes. */
function classesOf({ parameters, objective }: XgboostWalk): number | undefined {
  const stated = countOf(parameters.get('num_class'));
  if (stated !== undefined && stated > 1) return stated;
  return objective?.startsWith('binary:') ? 2 : undefined;
}
