import { quote } from '../../errors.ts';
import { bitsOf } from '../dtypes.ts';
import type { FactsBuilder } from '../facts.ts';
import { MAX_TF_OBJECT_GRAPH_BYTES } from '../limits.ts';
import { ByteCursor } from '../parse/byte-cursor.ts';
import { RangeSource } from '../parse/byte-source.ts';
import { PagedSource } from '../parse/paged-source.ts';
import { ParseStop } from '../parse/parse-stop.ts';
import type { FolderReadOptions, ModelFolder } from '../reader.ts';
import { elementsOf, reportParameters, reportTensors, TensorTally } from '../tensor-tally.ts';
import { type BundleEntry, type BundleIndex, readBundleIndex } from './bundle-index.ts';
import { OBJECT_GRAPH_KEY, readCheckpointNames } from './checkpoint-names.ts';

const PREFIX = 'variables/variables';
const VALUE = '/.ATTRIBUTES/VARIABLE_VALUE';

/** The variables of a SavedModel: types and shapes from the index, names from the object graph among the values. */
export async function reportVariables(
  folder: ModelFolder,
  options: FolderReadOptions,
  facts: FactsBuilder,
): Promise<void> {
  const content = await folder.open(`${PREFIX}.index`);
  if (content === undefined) {
    // A model without variables has no such folder, or an empty one.
    facts.property('parameter_count', 0);
    return;
  }
  const index = await readBundleIndex(new PagedSource(content, { ...options }));
  checkShards(index, folder, facts);
  const names = await namesOf(index, folder, options, facts);
  // Keras exports its variables twice: in all, and by model.
  const isTwice = index.entries.some(({ key }) => key.startsWith('variables/'));
  const tally = new TensorTally();
  for (const entry of index.entries) {
    const name = names.get(entry.key) ?? entry.key.replace(VALUE, '');
    if (!isWeight(entry, name) || (isTwice && entry.key.startsWith('_all_variables/'))) continue;
    const elements = elementsOf(entry.shape);
    const { dtype, shape, size } = entry;
    tally.add({ name, dtype, shape, bytes: size }, dtype === 'STRING' ? 0n : elements, BigInt(size));
    checkSize(entry, name, elements, facts);
  }
  reportParameters(tally, facts);
  reportTensors(tally, facts);
}

/** Not the optimizer's memory, counters of saves and steps, or the state of random numbers. */
function isWeight({ key }: BundleEntry, name: string): boolean {
  if (key === OBJECT_GRAPH_KEY || /^(?:save_counter|global_step|optimizer|keras_api)(?:\/|$)/.test(key))
    return false;
  return !key.includes('/.OPTIMIZER_SLOT/') && !/(?:^|\/)seed_generator_state/.test(name);
}

function checkSize(entry: BundleEntry, name: string, elements: bigint, facts: FactsBuilder): void {
  const bits = bitsOf(entry.dtype);
  if (bits === undefined || (elements * BigInt(bits) + 7n) / 8n === BigInt(entry.size)) return;
  const message = `the variable ${quote(name)} takes ${entry.size} bytes, which is not its shape times its type`;
  facts.finding('medium', 'malformed', message, `${PREFIX}.index: ${quote(name)}`);
}

function shardPath(shard: number, shards: number): string {
  const number = (value: number) => String(value).padStart(5, '0');
  return `${PREFIX}.data-${number(shard)}-of-${number(shards)}`;
}

/** The files that hold the values must be there, and be long enough. */
function checkShards({ shards, entries }: BundleIndex, folder: ModelFolder, facts: FactsBuilder): void {
  const sizes = new Map(folder.files.map(({ path, size }) => [path, size]));
  const ends = new Map<number, number>();
  for (const { shard, offset, size } of entries)
    ends.set(shard, Math.max(ends.get(shard) ?? 0, offset + size));
  for (const [shard, end] of ends) {
    const path = shardPath(shard, shards);
    const size = sizes.get(path);
    if (size !== undefined && size >= end) continue;
    const what = size === undefined ? 'is not there' : `has ${size} of ${end} bytes`;
    facts.finding('high', 'truncated', `${quote(path)}, which holds variables, ${what}`, path);
  }
}

async function namesOf(
  { shards, entries }: BundleIndex,
  folder: ModelFolder,
  options: FolderReadOptions,
  facts: FactsBuilder,
): Promise<ReadonlyMap<string, string>> {
  const graph = entries.find(({ key }) => key === OBJECT_GRAPH_KEY);
  const content = graph && (await folder.open(shardPath(graph.shard, shards)));
  if (graph === undefined || content === undefined) return new Map();
  const bounds = { ...options, maxBytes: MAX_TF_OBJECT_GRAPH_BYTES };
  const part = content.slice(graph.offset, graph.offset + graph.size);
  try {
    return await readCheckpointNames(new ByteCursor(new RangeSource(part, bounds)));
  } catch (error) {
    if (!(error instanceof ParseStop)) throw error;
    facts.stopped(new ParseStop(error.code, `the names of the variables: ${error.message}`, error.offset));
    return new Map();
  }
}
