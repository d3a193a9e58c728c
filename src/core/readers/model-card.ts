import { JsonNumber, type JsonObject } from '../oci/json.ts';
import type { FactsBuilder } from './facts.ts';
import { MAX_DISTINCT_NAMES, MAX_LIST_ENTRIES } from './limits.ts';
import { asList, asNumber, asObject, asText, asTexts, plainDetail } from './parse/json-values.ts';

/** What the front matter of a model's `README.md` says, by the specification of the Hugging Face Hub. */
export function reportModelCard(card: JsonObject, facts: FactsBuilder): void {
  const license = asTexts(card.get('license'));
  const named = license[0] === 'other' ? asText(card.get('license_name')) : undefined;
  facts.property('license', named ?? oneOrMany(license));
  facts.property('base_model', oneOrMany(asTexts(card.get('base_model'))));
  facts.property('task', asText(card.get('pipeline_tag')));
  facts.property('tags', some(asTexts(card.get('tags'))));
  facts.property('languages', some(asTexts(card.get('language') ?? card.get('languages'))));
  facts.property('datasets', some(asTexts(card.get('datasets'))));
  const metrics = metricsOf(card);
  if (metrics.size > 0) facts.property('metrics', metrics);
  facts.details.model_card = plainDetail(card);
}

function oneOrMany(list: readonly string[]): string | readonly string[] | undefined {
  return list.length > 1 ? some(list) : list[0];
}

function some(list: readonly string[]): readonly string[] | undefined {
  return list.length === 0 ? undefined : list.slice(0, MAX_LIST_ENTRIES);
}

/** Of several values of one type the first: the results of a card stand in its author's order. */
function metricsOf(card: JsonObject): Map<string, JsonNumber> {
  const metrics = new Map<string, JsonNumber>();
  for (const model of asList(card.get('model-index'))) {
    for (const result of asList(asObject(model)?.get('results'))) {
      for (const metric of asList(asObject(result)?.get('metrics'))) addMetric(asObject(metric), metrics);
    }
  }
  return metrics;
}

function addMetric(metric: JsonObject | undefined, metrics: Map<string, JsonNumber>): void {
  const type = asText(metric?.get('type'));
  const value = metric?.get('value');
  const number = asNumber(typeof value === 'string' && isNumeric(value) ? new JsonNumber(value) : value);
  if (type === undefined || number === undefined || metrics.has(type)) return;
  if (metrics.size < MAX_DISTINCT_NAMES) metrics.set(type, number);
}

/** Cards often state numbers as text. */
function isNumeric(text: string): boolean {
  return /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/.test(text);
}
