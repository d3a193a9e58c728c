import { JsonNumber } from '../../oci/json.ts';
import type { FactsBuilder } from '../facts.ts';
import { MAX_HYPERPARAMETERS, MAX_LIST_ENTRIES, MAX_NAME_BYTES } from '../limits.ts';
import { className } from '../pickle/pickle-report.ts';
import { attributesOf, isKind, type PickleValue } from '../pickle/pickle-values.ts';
import { reportTensors } from '../tensor-tally.ts';
import { entriesOf, TorchWeights } from './torch-weights.ts';

/** Where checkpoints keep the model itself; the first that holds tensors counts. */
const MODEL_KEYS = 'state_dict model_state_dict model_state model net network module params ema'.split(' ');
/** What else stands in checkpoints. */
const TRAINING_KEY = /optim|sched|scaler|callback|loop|rng/i;
const METRIC_KEY =
  /^(?:(?:best|val|valid|test|train)_?)?(?:loss|acc|accuracy|f1|auc|score|fitness|top1|top5|map|iou|bleu|wer|perplexity|metric)$/i;

/** Reports what the root of a torch pickle holds, and gives its weights. */
export function reportTorchRoot(root: PickleValue, facts: FactsBuilder): TorchWeights {
  const entries = entriesOf(root);
  const isModule = isKind(root, 'object') && entries.length === 0 && attributesOf(root).size > 0;
  if (isModule) facts.property('model_class', scriptClass(className(root)));
  const weights = entries.length === 0 ? collect(new Map([['', root]])) : modelWeights(new Map(entries));
  reportWeights(weights, facts);
  reportCheckpoint(new Map(entries), facts);
  return weights;
}

/** TorchScript puts its classes into a module of their own, and tells those of the same name apart. */
function scriptClass(name: string | undefined): string | undefined {
  return name?.replace(/^__torch__\./, '').replace(/\.?___torch_mangle_[0-9]+/g, '');
}

function collect(parts: ReadonlyMap<string, PickleValue>): TorchWeights {
  const weights = new TorchWeights();
  for (const [name, value] of parts) weights.add(value, name);
  return weights;
}

/** The model's weights only: a checkpoint also holds those of the optimizer. */
function modelWeights(entries: ReadonlyMap<string, PickleValue>): TorchWeights {
  for (const key of MODEL_KEYS) {
    const found = entries.get(key);
    if (found === undefined || found === null) continue;
    const weights = collect(new Map([['', found]]));
    // A single tensor under such a name is one of a state dict.
    if (weights.isPartial || weights.tally.listed.some(({ name }) => name !== '')) return weights;
  }
  return collect(new Map([...entries].filter(([key, value]) => !isTraining(key, value))));
}

function isTraining(key: string, value: PickleValue): boolean {
  return TRAINING_KEY.test(key) && !key.includes('.') && (isKind(value, 'dict') || isKind(value, 'list'));
}

function reportWeights(weights: TorchWeights, facts: FactsBuilder): void {
  const { tally } = weights;
  if (weights.isPartial) {
    const message = 'the file has more objects than are looked at; its tensors are not all counted';
    facts.finding('info', 'too-large-to-show', message);
  } else {
    facts.property('parameter_count', tally.parameters);
  }
  facts.property('precision', tally.precision);
  if (weights.isLora) facts.property('adapter', 'lora');
  reportTensors(tally, facts);
}

/** What a training run notes beside the weights: Lightning's names, and those of ordinary scripts. */
function reportCheckpoint(entries: ReadonlyMap<string, PickleValue>, facts: FactsBuilder): void {
  const isCheckpoint = [...MODEL_KEYS, 'epoch', 'pytorch-lightning_version'].some((key) => entries.has(key));
  if (!isCheckpoint) return;
  const version = entries.get('torch_version') ?? entries.get('pytorch_version');
  if (typeof version === 'string') facts.property('framework_version', version.slice(0, MAX_NAME_BYTES));
  facts.details.checkpoint = {
    lightning_version: plain(entries.get('pytorch-lightning_version')),
    epoch: plain(entries.get('epoch')),
    global_step: plain(entries.get('global_step')),
    keys: [...entries.keys()].slice(0, MAX_LIST_ENTRIES).map((key) => key.slice(0, MAX_NAME_BYTES)),
  };
  const parameters = ['hyper_parameters', 'hparams', 'hyperparameters', 'args']
    .map((key) => scalars(entries.get(key)))
    .find((found) => found.length > 0);
  if (parameters !== undefined) facts.property('hyperparameters', Object.fromEntries(parameters));
  const metrics = [...entries].filter(([key, value]) => METRIC_KEY.test(key) && value instanceof JsonNumber);
  if (metrics.length > 0) facts.property('metrics', Object.fromEntries(metrics.slice(0, MAX_LIST_ENTRIES)));
}

function plain(value: PickleValue | undefined): unknown {
  if (value instanceof JsonNumber) return value.toNumber();
  return typeof value === 'string' ? value.slice(0, MAX_NAME_BYTES) : null;
}

/** The scalars of a dict or of a namespace. */
function scalars(value: PickleValue | undefined): [string, unknown][] {
  return [...entriesOf(value), ...attributesOf(value)]
    .filter(([key, item]) => isShown(key) && isScalar(item))
    .slice(0, MAX_HYPERPARAMETERS)
    .map(([key, item]) => [key, typeof item === 'string' ? item.slice(0, MAX_NAME_BYTES) : item]);
}

function isShown(key: string): boolean {
  return key !== '' && !key.startsWith('_') && key.length <= MAX_NAME_BYTES;
}

function isScalar(value: PickleValue): boolean {
  return typeof value === 'string' || typeof value === 'boolean' || value instanceof JsonNumber;
}
