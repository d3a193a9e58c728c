import { baseName } from '../model-name.ts';
import type { FolderReadOptions, ModelFacts, ModelFolder } from '../reader.ts';
import { isShardOrIndex } from './shard-names.ts';
import { findShardSets } from './shard-sets.ts';

/** Endings of weights, in the order in which loaders prefer them: a folder often holds the same weights several times. */
const PREFERRED = ['.safetensors', '.bin', '.pt', '.pth', '.gguf', '.h5', '.keras', '.msgpack', '.onnx'];
/** What loaders look for by name. */
const USUAL_NAME =
  /^(?:model|pytorch_model|adapter_model|diffusion_pytorch_model|tf_model|flax_model)\.[a-z0-9]+$/;
const SHARD_NUMBERS = /-\d{5}-of-\d{5}/;
/** What training leaves beside the weights. */
const NOT_WEIGHTS = /^(?:training_args|optimizer|scheduler|scaler|rng_state.*)\.(?:bin|pt|pth)$/;

/** The files that hold one set of weights, and what their readers say. */
export interface ChosenWeights {
  /** Missing shards included. */
  readonly paths: readonly string[];
  readonly files: readonly ModelFacts[];
}

interface Candidate {
  readonly paths: readonly string[];
  readonly size: number;
  readonly rank: number;
  readonly isUsual: boolean;
}

/** The weights that a loader of this folder would take; of its own files only, not of its folders' (`inside` names one). */
export async function chooseWeights(
  folder: ModelFolder,
  inside: string,
  { readFile }: FolderReadOptions,
): Promise<ChosenWeights | undefined> {
  const own = folder.files.filter(({ path }) => path.slice(0, path.lastIndexOf('/') + 1) === inside);
  const sets = await findShardSets({ files: own }, readFile);
  const candidates = [
    ...sets.map(({ paths, size }) => candidate(paths, size)),
    ...own.filter(({ path }) => isWeights(path)).map(({ path, size }) => candidate([path], size)),
  ].sort((a, b) => a.rank - b.rank || Number(b.isUsual) - Number(a.isUsual) || b.size - a.size);
  for (const { paths } of candidates) {
    const files: ModelFacts[] = [];
    for (const path of paths) {
      const facts = await readFile(path);
      if (facts !== undefined && facts.format.name !== 'unknown') files.push(facts);
    }
    if (files.length > 0) return { paths, files };
  }
  return undefined;
}

function isWeights(path: string): boolean {
  return rankOf(path) < PREFERRED.length && !isShardOrIndex(path) && !NOT_WEIGHTS.test(baseName(path));
}

function candidate(paths: readonly string[], size: number): Candidate {
  const [first = ''] = paths;
  const isUsual = USUAL_NAME.test(baseName(first).replace(SHARD_NUMBERS, ''));
  return { paths, size, isUsual, rank: rankOf(first) };
}

function rankOf(path: string): number {
  const rank = PREFERRED.indexOf(/\.[^./]+$/.exec(path.toLowerCase())?.[0] ?? '');
  return rank === -1 ? PREFERRED.length : rank;
}
