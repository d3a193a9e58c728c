import { bytesContent, type Content } from '../../oci/content.ts';
import { catboostReader } from '../catboost.ts';
import type { FactsBuilder } from '../facts.ts';
import { lightgbmReader } from '../lightgbm.ts';
import { MAX_MODEL_PARTS, MAX_NATIVE_HEAD_BYTES, MAX_NATIVE_READ_MS } from '../limits.ts';
import { readHead } from '../parse/byte-source.ts';
import type { ModelReader, ReadOptions } from '../reader.ts';
import { xgboostReader } from '../xgboost/xgboost.ts';
import { bestEstimator, lastStep } from './pickle-report.ts';
import { attributesOf, isKind, type PickleValue } from './pickle-values.ts';

/** What a booster says of a model that holds it as the last step of a pipeline: its features are not the pipeline's. */
const ABOUT_CLASSES = ['n_classes', 'classes'];
/** What it says of a search that found it. */
const ABOUT_TABLE = [...ABOUT_CLASSES, 'n_features', 'feature_names'];
/** What it says of itself, or of the wrapper that is the model. */
const ABOUT_MODEL = [...ABOUT_TABLE, 'framework_version', 'task', 'trees', 'hyperparameters'];

/** Where CatBoost, XGBoost and LightGBM keep the bytes. */
const MODEL_KEYS = ['__model', 'handle', '_handle'];

/** Bytes of the file that the pickle was read from; undefined where it is compressed. */
export type FilePart = (at: number, length: number) => Content;

/**
 * XGBoost, LightGBM and CatBoost pickle a model as the bytes of their own format: what the reader of that format finds
 * fills what the attributes do not say.
 */
export async function reportNativeModel(
  root: PickleValue,
  facts: FactsBuilder,
  part: FilePart | undefined,
  options: ReadOptions,
): Promise<void> {
  const found = findNative(root);
  const content = found === undefined ? undefined : contentOf(found.value, part);
  if (found === undefined || content === undefined) return;
  const limited = { ...options, maxMilliseconds: MAX_NATIVE_READ_MS };
  for (const { reader, content: native } of await nativeParts(content, options)) {
    const { metadata } = await reader.read({ path: '', content: native }, limited);
    for (const key of found.keys) {
      if (!facts.has(key)) facts.property(key, metadata.customProperties.get(key));
    }
  }
}

interface Native {
  readonly value: PickleValue;
  readonly keys: readonly string[];
}

function findNative(root: PickleValue): Native | undefined {
  let keys = ABOUT_MODEL;
  let value: PickleValue | undefined = root;
  for (let depth = 0; depth < MAX_MODEL_PARTS && value !== undefined; depth += 1) {
    const attributes = attributesOf(value);
    const own = MODEL_KEYS.map((key) => attributes.get(key) ?? null).find((one) => one !== null);
    if (own !== undefined) return { value: own, keys };
    const booster = attributes.get('_Booster') ?? null;
    if (booster !== null) value = booster;
    else if (attributes.has('steps')) {
      value = lastStep(attributes);
      keys = ABOUT_CLASSES;
    } else {
      value = bestEstimator(attributes);
      keys = keys === ABOUT_CLASSES ? keys : ABOUT_TABLE;
    }
  }
  return undefined;
}

export function contentOf(value: PickleValue, part: FilePart | undefined): Content | undefined {
  if (typeof value === 'string') return bytesContent(Buffer.from(value));
  if (isKind(value, 'bytes') && value.bytes !== undefined) return bytesContent(value.bytes);
  const isPassed = isKind(value, 'bytes') || isKind(value, 'opaque');
  return isPassed && value.at !== undefined ? part?.(value.at, value.length ?? 0) : undefined;
}

interface NativePart {
  readonly reader: ModelReader;
  readonly content: Content;
}

/** XGBoost puts the model behind the settings, each a document as it would save one. */
async function nativeParts(content: Content, options: ReadOptions): Promise<NativePart[]> {
  const head = Buffer.from(await readHead(content, MAX_NATIVE_HEAD_BYTES, options));
  for (const reader of [catboostReader, lightgbmReader]) {
    if (reader.recognizes('', head)) return [{ reader, content }];
  }
  return ['\x05Model{', '\x06Config{'].flatMap((key) => {
    const at = head.indexOf(`\0${key}`, 0, 'latin1');
    return at < 0 ? [] : [{ reader: xgboostReader, content: content.slice(at + key.length) }];
  });
}
