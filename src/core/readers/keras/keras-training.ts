import type { FactsBuilder } from '../facts.ts';
import { MAX_KERAS_METRICS } from '../limits.ts';
import type { JsonTree } from '../parse/json-tree.ts';
import type { KerasCode } from './keras-code.ts';
import { listMember, member, parseKerasJson, textMember } from './keras-json.ts';

/** How a model was to be trained. */
interface KerasTraining {
  readonly optimizer: string | null;
  readonly learning_rate: number | null;
  readonly loss: string | null;
  readonly metrics: readonly string[];
}

/** The `training_config` of a model in HDF5. */
export function reportTraining(text: string, code: KerasCode, facts: FactsBuilder): void {
  const config = parseKerasJson(text);
  code.look(config);
  facts.details.training = trainingOf(config);
}

export function trainingOf(config: JsonTree): KerasTraining {
  const optimizer = member(config, 'optimizer') ?? member(config, 'optimizer_config');
  const rate = member(member(optimizer, 'config'), 'learning_rate');
  return {
    optimizer: nameOf(optimizer),
    learning_rate: typeof rate === 'number' ? rate : null,
    loss: nameOf(member(config, 'loss')),
    metrics: listMember(config, 'metrics')
      .slice(0, MAX_KERAS_METRICS)
      .map(nameOf)
      .filter((name) => name !== null),
  };
}

/** A name, or an object with its class. */
function nameOf(value: JsonTree | undefined): string | null {
  const name = typeof value === 'string' ? value : textMember(value, 'class_name');
  return name?.slice(0, 256) ?? null;
}
