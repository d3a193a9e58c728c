import { JsonNumber } from '../../oci/json.ts';
import type { FactsBuilder } from '../facts.ts';
import { MAX_HYPERPARAMETERS, MAX_LIST_ENTRIES, MAX_MODEL_PARTS, MAX_NAME_BYTES } from '../limits.ts';
import { decodeArray } from './numpy-values.ts';
import {
  arrayOf,
  attributesOf,
  classOf,
  isKind,
  isSequence,
  type PickleValue,
  wholeNumber,
} from './pickle-values.ts';
import { SKLEARN_OWN_ATTRIBUTES } from './sklearn-globals.ts';

/** Frameworks by the package that the root's class is from. */
const FRAMEWORKS: ReadonlyMap<string, string> = new Map([
  ['sklearn', 'scikit-learn'],
  ['imblearn', 'imbalanced-learn'],
  ['xgboost', 'xgboost'],
  ['lightgbm', 'lightgbm'],
  ['catboost', 'catboost'],
  ['torch', 'pytorch'],
  ['keras', 'keras'],
  ['tensorflow', 'tensorflow'],
  ['transformers', 'transformers'],
  ['statsmodels', 'statsmodels'],
  ['spacy', 'spacy'],
  ['numpy', 'numpy'],
  ['pandas', 'pandas'],
]);

type Attributes = ReadonlyMap<string, PickleValue>;

/** Fills the properties that the root object of a pickle states. */
export function reportRoot(root: PickleValue, facts: FactsBuilder): void {
  const name = className(root);
  facts.property('model_class', name);
  const framework = FRAMEWORKS.get(name?.split('.')[0] ?? '');
  facts.property('framework', framework);
  const attributes = attributesOf(root);
  if (framework === 'scikit-learn')
    facts.property('framework_version', textOf(attributes.get('_sklearn_version')));
  const steps = stepsOf(attributes);
  facts.property('task', taskOf(name, attributes, steps));
  reportTable(attributes, facts);
  facts.property('hyperparameters', hyperparameters(attributes, setByItself(name)));
  if (steps.length > 0) {
    facts.details.steps = steps
      .slice(0, MAX_LIST_ENTRIES)
      .map((step) => ({ name: step.name, class: className(step.value) ?? null }));
  }
  facts.details.attributes = Object.fromEntries(
    [...attributes]
      .slice(0, 4 * MAX_LIST_ENTRIES)
      .map(([key, value]) => [key.slice(0, MAX_NAME_BYTES), describe(value)]),
  );
}

/** The class of a value as Python names it. */
export function className(value: PickleValue | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (value === null) return 'builtins.NoneType';
  if (typeof value === 'boolean') return 'builtins.bool';
  if (typeof value === 'string') return 'builtins.str';
  if (value instanceof JsonNumber) return value.isInteger ? 'builtins.int' : 'builtins.float';
  if (arrayOf(value) !== undefined) return 'numpy.ndarray';
  if (isKind(value, 'object')) {
    const named = classOf(value);
    return named === undefined ? undefined : `${named.module}.${named.name}`;
  }
  if (isKind(value, 'opaque') || isKind(value, 'persistent')) return undefined;
  return isKind(value, 'global') ? `${value.module}.${value.name}` : `builtins.${value.kind}`;
}

interface Step {
  readonly name: string;
  readonly value: PickleValue;
}

/** The steps of a pipeline, a union, or of a column transformer, in order. */
function stepsOf(attributes: Attributes): Step[] {
  const list = ['steps', 'transformer_list', 'transformers_', 'transformers', 'estimators'].map((key) =>
    attributes.get(key),
  );
  for (const candidate of list) {
    if (!isSequence(candidate)) continue;
    const steps = candidate.items.flatMap((item) => {
      if (!isSequence(item)) return [];
      const [name, value] = item.items;
      return typeof name === 'string' && value !== undefined
        ? [{ name: name.slice(0, MAX_NAME_BYTES), value }]
        : [];
    });
    if (steps.length > 0 && steps.length === candidate.items.length) return steps;
  }
  return [];
}

/** Said by the class labels, or by the class of the model or of what it wraps. */
function taskOf(
  name: string | undefined,
  attributes: Attributes,
  steps: readonly Step[],
): string | undefined {
  const last = steps.at(-1)?.value;
  const names = [name, className(attributes.has('steps') ? last : bestEstimator(attributes))];
  if (name?.startsWith('sklearn.preprocessing.')) return undefined;
  if (names.some((one) => one?.endsWith('Ranker'))) return 'ranking';
  if (
    CLASS_KEYS.some((key) => (attributes.get(key) ?? null) !== null) ||
    names.some((one) => one?.endsWith('Classifier'))
  )
    return 'classification';
  if (names.some((one) => one?.endsWith('Regressor'))) return 'regression';
  return findIn(attributes, CLASS_KEYS, lastPart) === undefined ? undefined : 'classification';
}

/** LightGBM keeps them as private, and gives them under scikit-learn's names. */
const FEATURE_KEYS = ['n_features_in_', '_n_features_in'];
const CLASS_KEYS = ['classes_', '_classes'];

/** What a model takes its features from, as scikit-learn does: a pipeline from its first step alone, a union likewise. */
function firstPart(attributes: Attributes): PickleValue | undefined {
  if (attributes.has('steps') || attributes.has('transformer_list')) return stepsOf(attributes)[0]?.value;
  return attributes.get('best_estimator_') ?? attributes.get('regressor_');
}

/** What a model takes its classes from: a pipeline from its last step. */
function lastPart(attributes: Attributes): PickleValue | undefined {
  return attributes.has('steps') ? lastStep(attributes) : bestEstimator(attributes);
}

export function lastStep(attributes: Attributes): PickleValue | undefined {
  return stepsOf(attributes).at(-1)?.value;
}

/** What a search found. */
export function bestEstimator(attributes: Attributes): PickleValue | undefined {
  return attributes.get('best_estimator_');
}

function findIn(
  attributes: Attributes,
  keys: readonly string[],
  part: (attributes: Attributes) => PickleValue | undefined,
): PickleValue | undefined {
  let place = attributes;
  for (let depth = 0; depth < MAX_MODEL_PARTS; depth += 1) {
    const key = keys.find((one) => (place.get(one) ?? null) !== null);
    if (key !== undefined) return place.get(key);
    const next = part(place);
    if (next === undefined) return undefined;
    place = attributesOf(next);
  }
  return undefined;
}

function reportTable(attributes: Attributes, facts: FactsBuilder): void {
  facts.property('n_features', findIn(attributes, FEATURE_KEYS, firstPart));
  facts.property('feature_names', listOf(findIn(attributes, ['feature_names_in_'], firstPart))?.values);
  const classes = listOf(findIn(attributes, CLASS_KEYS, lastPart));
  if (classes !== undefined) facts.property('n_classes', classes.length);
  else facts.property('n_classes', wholeNumber(attributes.get('n_classes_')));
  facts.property('classes', classes?.values);
}

/** The values of a list or one-dimensional array, at most {@link MAX_LIST_ENTRIES}. */
function listOf(
  value: PickleValue | undefined,
): { length: number; values: unknown[] | undefined } | undefined {
  if (isSequence(value)) return { length: value.items.length, values: scalars(value.items) };
  const array = arrayOf(value);
  if (array?.shape.length !== 1) return undefined;
  const length = array.shape[0] ?? 0;
  if (array.objects !== undefined) return { length, values: scalars(array.objects) };
  return {
    length,
    values: array.bytes === undefined ? undefined : decodeArray(array.dtype, array.bytes, length),
  };
}

function scalars(items: readonly PickleValue[]): unknown[] | undefined {
  const values = items.slice(0, MAX_LIST_ENTRIES);
  return values.every(isScalar) ? values : undefined;
}

function isScalar(value: PickleValue | undefined): value is string | boolean | JsonNumber {
  return typeof value === 'string' || typeof value === 'boolean' || value instanceof JsonNumber;
}

/** The constructor's scalars: never fitted (`x_`) or private (`_x`) attributes, nor those a class sets by itself. */
function hyperparameters(
  attributes: Attributes,
  own: ReadonlySet<string>,
): Record<string, unknown> | undefined {
  const found = [...attributes]
    .filter(([key, value]) => isPublic(key) && !own.has(key) && isScalar(value))
    .slice(0, MAX_HYPERPARAMETERS);
  return found.length === 0 ? undefined : asObject(found);
}

/** Attributes that LightGBM's own class sets: its settings are in its text. */
const BOOSTER_ATTRIBUTES = new Set(['best_iteration', 'train_set_version']);

function setByItself(name: string | undefined): ReadonlySet<string> {
  if (name === 'lightgbm.basic.Booster') return BOOSTER_ATTRIBUTES;
  const own =
    name !== undefined && Object.hasOwn(SKLEARN_OWN_ATTRIBUTES, name)
      ? SKLEARN_OWN_ATTRIBUTES[name]
      : undefined;
  return new Set(own?.split(' '));
}

function asObject(entries: readonly [string, PickleValue][]): Record<string, unknown> {
  return Object.fromEntries(
    entries.map(([key, value]) => [key, typeof value === 'string' ? value.slice(0, MAX_NAME_BYTES) : value]),
  );
}

function isPublic(key: string): boolean {
  return key !== '' && !key.startsWith('_') && !key.endsWith('_') && key.length <= MAX_NAME_BYTES;
}

function textOf(value: PickleValue | undefined): string | undefined {
  return typeof value === 'string' ? value.slice(0, MAX_NAME_BYTES) : undefined;
}

/** An attribute as plain JSON data, short. */
function describe(value: PickleValue): unknown {
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'string') return value.slice(0, MAX_NAME_BYTES);
  if (value instanceof JsonNumber) return value.toNumber();
  const array = arrayOf(value);
  if (array !== undefined) return { class: 'numpy.ndarray', dtype: array.dtype, shape: array.shape };
  if (isSequence(value)) return { class: className(value), length: value.items.length };
  if (isKind(value, 'global')) return { global: className(value) ?? null };
  return { class: className(value) ?? null };
}
