import { quote } from '../../errors.ts';
import { FactsBuilder } from '../facts.ts';
import { MAX_MISSING_SHARDS_NAMED } from '../limits.ts';
import { baseName } from '../model-name.ts';
import type { FolderReader, FolderReadOptions, ModelFacts } from '../reader.ts';
import { isShardOrIndex } from './shard-names.ts';
import { findShardSets, type ShardSet } from './shard-sets.ts';
import { reportWeights } from './weights.ts';

/** A model in several files of one format, with an index or numbered: its format is that of the files. */
export const shardedReader: FolderReader = {
  id: 'sharded',
  recognizes: ({ files }) => files.some(({ path }) => isShardOrIndex(path)),
  async read(folder, options) {
    const [set] = await findShardSets(folder, options.readFile);
    if (set === undefined) return undefined;
    const shards = await readShards(set, options);
    const [first] = shards;
    if (first === undefined) return undefined;
    const facts = new FactsBuilder();
    facts.inherit(first.facts, stemOfShard(first.path));
    reportWeights([{ prefix: '', files: shards.map((shard) => shard.facts) }], facts);
    facts.property('file_count', folder.files.length);
    facts.details.files = shards.map(({ path }) => path);
    const there = new Set(folder.files.map(({ path }) => path));
    const missing = set.paths.filter((path) => !there.has(path));
    if (set.index === undefined) reportMissing(missing, facts);
    if (missing.length === 0) await checkCounts(set, shards, facts, options);
    return facts.build(first.facts.format.name, folder.path);
  },
};

interface Shard {
  readonly path: string;
  readonly facts: ModelFacts;
}

/** The shards that are there and of one format, that of the first known; without any, the index stands for them. */
async function readShards(set: ShardSet, { readFile }: FolderReadOptions): Promise<readonly Shard[]> {
  const shards: Shard[] = [];
  for (const path of set.paths) {
    const facts = await readFile(path);
    if (facts === undefined || facts.format.name === 'unknown') continue;
    if (facts.format.name === (shards[0]?.facts ?? facts).format.name) shards.push({ path, facts });
  }
  if (shards.length > 0 || set.index === undefined) return shards;
  const index = await readFile(set.index);
  return index === undefined ? [] : [{ path: set.index, facts: index }];
}

/** The name that a reader of files gives a shard which says none of its own. */
function stemOfShard(path: string): string {
  return baseName(path).replace(/\.[^.]+$/, '');
}

function reportMissing(missing: readonly string[], facts: FactsBuilder): void {
  for (const path of missing.slice(0, MAX_MISSING_SHARDS_NAMED)) {
    facts.finding('high', 'truncated', `the shard ${quote(baseName(path))} is not there`, path);
  }
  const more = missing.length - MAX_MISSING_SHARDS_NAMED;
  if (more > 0) facts.finding('high', 'truncated', `${more} more shards are not there`);
}

/** What the shards hold against what index or first shard say they hold. */
async function checkCounts(
  set: ShardSet,
  shards: readonly Shard[],
  facts: FactsBuilder,
  { readFile }: FolderReadOptions,
): Promise<void> {
  const index = set.index === undefined ? undefined : await readFile(set.index);
  const stated = statedCount(index?.details, shards[0]?.facts.details);
  const count = facts.details.tensor_count;
  if (stated === undefined || typeof count !== 'number' || stated === count) return;
  facts.finding('medium', 'malformed', `${stated} tensors are stated, the shards hold ${count}`, set.index);
}

function statedCount(
  index: ModelFacts['details'] = {},
  first: ModelFacts['details'] = {},
): number | undefined {
  const byFile = Object.values(Object(index.tensors_by_file));
  if (byFile.length > 0) return byFile.reduce<number>((sum, count) => sum + Number(count), 0);
  const split = Object(first.keys)['split.tensors.count'];
  return typeof split === 'number' ? split : undefined;
}
