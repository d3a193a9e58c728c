import { type JsonNumber, type JsonObject, JsonNumber as NumberText } from '../oci/json.ts';
import type { FactsBuilder } from './facts.ts';
import { MAX_HYPERPARAMETERS, MAX_LIST_ENTRIES, MAX_NAME_BYTES } from './limits.ts';

/** What models of tables have in common. */
export interface TabularModel {
  readonly features: number | undefined;
  /** The first of them will do. */
  readonly featureNames: readonly string[];
  readonly classes?: number | undefined;
  readonly classNames?: readonly (string | number | boolean | JsonNumber)[];
  /** All of them: rounds times classes. */
  readonly trees?: number | undefined;
  /** What was optimised, as the library calls it. */
  readonly objective?: string | undefined;
}

export function reportTabular(model: TabularModel, facts: FactsBuilder): void {
  const { featureNames, classNames = [] } = model;
  facts.property('task', model.objective === undefined ? undefined : taskOfObjective(model.objective));
  facts.property('n_features', model.features);
  if (featureNames.length > 0)
    facts.property('feature_names', featureNames.slice(0, MAX_LIST_ENTRIES).map(short));
  facts.property('n_classes', model.classes);
  if (classNames.length > 0) {
    const names = classNames.slice(0, MAX_LIST_ENTRIES);
    facts.property(
      'classes',
      names.map((name) => (typeof name === 'string' ? short(name) : name)),
    );
  }
  facts.property('trees', model.trees);
  if (model.trees !== undefined) facts.details.trees = model.trees;
  if (model.objective !== undefined) facts.details.objective = short(model.objective);
}

/** The scalars of an object of settings; null, lists and objects are left out. */
export function reportHyperparameters(settings: JsonObject, facts: FactsBuilder): void {
  const scalars = [...settings].filter(
    ([, value]) => typeof value === 'string' || typeof value === 'boolean' || value instanceof NumberText,
  );
  if (scalars.length === 0) return;
  const kept = scalars
    .slice(0, MAX_HYPERPARAMETERS)
    .map(([key, value]) => [short(key), typeof value === 'string' ? short(value) : value] as const);
  facts.property('hyperparameters', new Map(kept));
}

const TASKS: readonly (readonly [RegExp, string])[] = [
  [/rank|^pair|^query|ndcg|lambdamart|stochasticfilter/, 'ranking'],
  [/^(?:binary|multi(?!rmse|quantile)|logloss|cross_?entropy|softmax|ova\b)/, 'classification'],
  [
    /^(?:reg:|regression|count:|survival:|rmse|mae\b|mape|huber|fair|poisson|quantile|multiquantile|gamma|tweedie|lq\b|expectile|multirmse|logcosh|l1|l2|cox|survivalaft)/,
    'regression',
  ],
];

/** Objectives of XGBoost, LightGBM and losses of CatBoost name what they are for; one's own may be for anything. */
function taskOfObjective(objective: string): string | undefined {
  const name = objective.toLowerCase();
  return TASKS.find(([pattern]) => pattern.test(name))?.[1];
}

function short(text: string): string {
  return text.slice(0, MAX_NAME_BYTES);
}
