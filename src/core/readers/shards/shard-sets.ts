import type { FolderReadOptions, ModelFacts, ModelFolder } from '../reader.ts';
import { indexPaths, indexStem, shardName, shardPaths } from './shard-names.ts';

/** Files of a folder that make one model together. */
export interface ShardSet {
  /** The index that names the shards, where there is one; its own facts name those that are missing. */
  readonly index?: string;
  /** In order, missing ones included. */
  readonly paths: readonly string[];
  /** Bytes of those that are there. */
  readonly size: number;
}

type Folder = Pick<ModelFolder, 'files'>;

/** The sets of shards in a folder, the largest first. */
export async function findShardSets(
  folder: Folder,
  readFile: FolderReadOptions['readFile'],
): Promise<readonly ShardSet[]> {
  const sizes = new Map(folder.files.map(({ path, size }) => [path, size]));
  const sets: ShardSet[] = [];
  const taken = new Set<string>();
  const take = (paths: readonly string[], index?: string) => {
    for (const path of paths) taken.add(path);
    const size = paths.reduce((sum, path) => sum + (sizes.get(path) ?? 0), 0);
    sets.push({ paths, size, ...(index === undefined ? {} : { index }) });
  };
  for (const { path } of folder.files) {
    if (indexStem(path) === undefined) continue;
    const named = shardsOf(path, await readFile(path));
    if (named.length > 0) take(named, path);
  }
  for (const { path } of folder.files) {
    const shard = taken.has(path) ? undefined : shardName(path);
    if (shard === undefined) continue;
    const index = indexPaths(shard).find((candidate) => sizes.has(candidate));
    take(shardPaths(shard), index);
  }
  return sets.sort((a, b) => b.size - a.size);
}

/** What an index names, as paths of the folder that the index lies in. */
function shardsOf(path: string, facts: ModelFacts | undefined): readonly string[] {
  const folder = path.slice(0, path.lastIndexOf('/') + 1);
  return (facts?.companions ?? []).map((name) => folder + name);
}
