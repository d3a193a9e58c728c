import { readdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { CallOptions } from '../oci/content.ts';
import { openFileContent } from '../oci/file-content.ts';
import { FIRST_WINDOW_BYTES } from '../readers/limits.ts';
import { indexPaths, shardName, shardPaths } from '../readers/shards/shard-names.ts';
import { type CollectedFile, collectFiles, findBeside } from './collect-files.ts';
import { besideTitle, type ModelPart, ModelParts } from './model-parts.ts';

/** Formats whose weights go with a config and a tokenizer that lie beside them. */
const WITH_CONFIG: ReadonlySet<string> = new Set([
  'safetensors',
  'pytorch',
  'gguf',
  'onnx',
  'keras',
  'openvino',
]);
const CONFIG = /^(?:(?:adapter_|generation_|preprocessor_|processor_)?config\.json)$/;
const TOKENIZER =
  /^(?:tokenizer.*|special_tokens_map\.json|added_tokens\.json|vocab\.(?:json|txt)|merges\.txt|spiece\.model|chat_template\.(?:jinja|json))$/;
const DESCRIPTION =
  /^(?:readme|license|licence|notice|model_card)(?:\.(?:md|txt|rst))?$|^requirements\.txt$/i;

/** A file beside a model that may go with it. */
export interface Companion {
  /** As a push names it: its path from the model's folder. */
  readonly title: string;
  /** Bytes. */
  readonly size: number;
  /** The model cannot be loaded without it: a push takes it along unless it is told not to. */
  readonly needed: boolean;
}

/** What lies beside a model file and belongs to it, the needed first. None for a folder, which is pushed whole. */
export async function findCompanions(path: string, options: CallOptions = {}): Promise<readonly Companion[]> {
  const { files } = await collectFiles([{ path }], 'push');
  const [model] = files;
  if (model === undefined || join(model.folder, model.title) !== resolve(path)) return [];
  const set = new ModelParts([localPart(model)], { ...options, concurrency: 1 });
  const needed = (await filesOfModels(set, [model])).files.map(({ title, size }) => ({
    title,
    size,
    needed: true,
  }));
  const format = (await set.read(model.title))?.format.name ?? 'unknown';
  const names = (await readdir(dirname(resolve(path)))).sort();
  const others: Companion[] = [];
  for (const name of names) {
    if (!belongsTo(name, format) || name === basename(path) || set.has(name)) continue;
    const file = await findBeside(model.folder, name);
    if (file !== undefined && file !== 'outside')
      others.push({ title: name, size: file.size, needed: false });
  }
  return [...needed, ...others];
}

function belongsTo(name: string, format: string): boolean {
  return DESCRIPTION.test(name) || (WITH_CONFIG.has(format) && (CONFIG.test(name) || TOKENIZER.test(name)));
}

/** A file on this machine, with what lies beside it. */
export function localPart({ path, folder, title, size }: CollectedFile): ModelPart {
  return {
    title,
    size,
    open: () => openFileContent(path, { ahead: FIRST_WINDOW_BYTES }),
    async beside(name) {
      const found = await findBeside(folder, name);
      return found === undefined || found === 'outside' ? undefined : openFileContent(found.path);
    },
  };
}

interface Belonging {
  readonly files: readonly CollectedFile[];
  /** Titles of companions that a link leads out of the model's folder. */
  readonly outside: readonly string[];
}

/**
 * Which files belong to the models that were named: those that they cannot be loaded without (external data, shards and
 * their index), and what those name in turn. Each is added to `set`.
 */
export async function filesOfModels(set: ModelParts, named: readonly CollectedFile[]): Promise<Belonging> {
  const found: CollectedFile[] = [];
  const outside: string[] = [];
  const waiting = named.map(({ folder, title }) => ({ folder, title }));
  const seen = new Set(waiting.map(({ title }) => title));
  const seenSets = new Set<string>();
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const { folder, title } = next;
    const facts = await set.read(title);
    const named = (facts?.companions ?? []).map((path) => besideTitle(title, path));
    for (const companion of [...named, ...shardsBeside(title, seenSets)]) {
      if (seen.has(companion) || set.has(companion)) continue;
      seen.add(companion);
      const file = await findBeside(folder, companion);
      if (file === 'outside') outside.push(companion);
      if (file === undefined || file === 'outside') continue;
      found.push(file);
      set.add(localPart(file));
      waiting.push({ folder, title: companion });
    }
  }
  return { files: found, outside };
}

/** Titles of the files that a part names by its own name: of its set's shards the first that is seen names all. */
function shardsBeside(title: string, seen: Set<string>): readonly string[] {
  const shard = shardName(title);
  if (shard === undefined) return [];
  const set = JSON.stringify([shard.stem, shard.ending, shard.count]);
  if (seen.has(set)) return [];
  seen.add(set);
  return [...indexPaths(shard), ...shardPaths(shard)];
}

/** The chosen among the files beside a model. */
export async function filesBeside(
  model: CollectedFile,
  titles: readonly string[],
): Promise<readonly CollectedFile[]> {
  const found: CollectedFile[] = [];
  for (const title of titles) {
    const file = await findBeside(model.folder, title);
    if (file !== undefined && file !== 'outside') found.push(file);
  }
  return found;
}
