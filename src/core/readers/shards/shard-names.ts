import { MAX_SHARDS } from '../limits.ts';
import { baseName } from '../model-name.ts';

/** `model-00001-of-00003.safetensors`, `tiny.Q4_K_M-00001-of-00002.gguf`, diffusers' `…-00001-of-00002.fp16.safetensors`. */
const SHARD = /^(.+)-(\d{5})-of-(\d{5})((?:\.[A-Za-z0-9_]+)?\.(?:safetensors|gguf|bin|pt|pth))$/i;
/** `model.safetensors.index.json`, also with a variant: `model.safetensors.index.fp16.json`. */
const INDEX = /^(.+)\.(safetensors|bin)\.index(?:\.([A-Za-z0-9_]+))?\.json$/i;

/** What a shard's name says: the set it belongs to, and its place in it. */
export interface ShardName {
  /** Folder and name without the numbers: alike for all shards of a set. */
  readonly stem: string;
  readonly ending: string;
  /** From 1. */
  readonly number: number;
  readonly count: number;
}

/** Undefined for a name that is not that of a shard. */
export function shardName(path: string): ShardName | undefined {
  const name = baseName(path);
  const [, stem, number, count, ending] = SHARD.exec(name) ?? [];
  if (stem === undefined || ending === undefined) return undefined;
  const found = { number: Number(number), count: Number(count) };
  if (found.number < 1 || found.number > found.count || found.count > MAX_SHARDS) return undefined;
  return { stem: path.slice(0, path.length - name.length) + stem, ending, ...found };
}

/** The names of all shards of a set, in order. */
export function shardPaths({ stem, ending, count }: ShardName): readonly string[] {
  const five = (number: number) => String(number).padStart(5, '0');
  return Array.from({ length: count }, (_, i) => `${stem}-${five(i + 1)}-of-${five(count)}${ending}`);
}

/** The stem of the shards that an index is called after; undefined for a name that is not that of an index. */
export function indexStem(path: string): string | undefined {
  const name = baseName(path);
  const stem = INDEX.exec(name)?.[1];
  return stem === undefined ? undefined : path.slice(0, path.length - name.length) + stem;
}

/** Where the index of a set of shards may lie; formats without an index have none. */
export function indexPaths({ stem, ending }: ShardName): readonly string[] {
  const format = /\.(safetensors|bin)$/i.exec(ending)?.[1];
  if (format === undefined) return [];
  const variant = /^\.([^.]+)\.[^.]+$/.exec(ending)?.[1];
  // transformers puts a variant before the numbers, diffusers after them.
  const [, plainStem, stemVariant] = /^(.+)\.([^./]+)$/.exec(stem) ?? [];
  return [
    `${stem}.${format}.index.json`,
    ...(variant === undefined ? [] : [`${stem}.${format}.index.${variant}.json`]),
    ...(stemVariant === undefined ? [] : [`${plainStem}.${format}.index.${stemVariant}.json`]),
  ];
}

/** Whether a file is one of several that make one model. */
export function isShardOrIndex(path: string): boolean {
  return shardName(path) !== undefined || indexStem(path) !== undefined;
}
