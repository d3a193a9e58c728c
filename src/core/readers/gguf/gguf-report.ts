import { checkChatTemplate } from '../chat-template.ts';
import type { FactsBuilder } from '../facts.ts';
import { MAX_LIST_ENTRIES } from '../limits.ts';
import type { GgufArray, GgufKeys, GgufScalar } from './gguf-keys.ts';
import { GGUF_FILE_TYPES } from './gguf-types.ts';

/** Fills the properties and details that GGUF keys state. */
export function reportKeys(keys: GgufKeys, facts: FactsBuilder): void {
  const text = (key: string) => asText(keys.get(key));
  const whole = (key: string) => asWhole(keys.get(key));
  const architecture = text('general.architecture');
  const own = (name: string) => (architecture === undefined ? undefined : whole(`${architecture}.${name}`));
  facts.own('name', text('general.name'));
  facts.own('description', text('general.description'));
  facts.own('author', text('general.author'));
  facts.property('framework', 'llama.cpp');
  facts.property('architecture', architecture);
  const fileType = whole('general.file_type');
  if (fileType !== undefined) facts.property('quantization', GGUF_FILE_TYPES.get(Number(fileType)));
  facts.property('context_length', own('context_length'));
  facts.property('embedding_length', own('embedding_length'));
  facts.property('vocab_size', own('vocab_size') ?? lengthOf(keys.get('tokenizer.ggml.tokens')));
  facts.property('block_count', own('block_count'));
  facts.property('license', text('general.license'));
  facts.property('base_model', oneOrMany(repositories(keys, 'base_model')));
  facts.property('tags', textList(keys.get('general.tags')));
  facts.property('languages', textList(keys.get('general.languages')));
  facts.property(
    'datasets',
    textList(keys.get('general.datasets')) ?? manyOrNone(repositories(keys, 'dataset')),
  );
  facts.details.tokenizer_model = text('tokenizer.ggml.model') ?? null;
  facts.details.chat_template = keys.has('tokenizer.chat_template');
  facts.details.keys = Object.fromEntries([...keys].map(([key, value]) => [key, shown(value)]));
  checkTemplates(keys, facts);
}

function asText(value: GgufScalar | GgufArray | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function asWhole(value: GgufScalar | GgufArray | undefined): bigint | undefined {
  if (typeof value === 'bigint') return value;
  return typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : undefined;
}

function lengthOf(value: GgufScalar | GgufArray | undefined): number | undefined {
  return typeof value === 'object' ? value.length : undefined;
}

function textList(value: GgufScalar | GgufArray | undefined): string[] | undefined {
  if (typeof value !== 'object') return undefined;
  return manyOrNone(value.values.filter((item) => typeof item === 'string'));
}

function manyOrNone(list: readonly string[]): string[] | undefined {
  return list.length === 0 ? undefined : list.slice(0, MAX_LIST_ENTRIES);
}

function oneOrMany(list: readonly string[]): string | readonly string[] | undefined {
  return list.length > 1 ? list : list[0];
}

/** `general.base_model.0.repo_url` and its like, as `org/name`; without a URL, organisation and name. */
function repositories(keys: GgufKeys, kind: 'base_model' | 'dataset'): string[] {
  const found: string[] = [];
  for (let index = 0; index < MAX_LIST_ENTRIES; index += 1) {
    const part = (name: string) => asText(keys.get(`general.${kind}.${index}.${name}`));
    const url = part('repo_url');
    const name = part('name');
    const organization = part('organization');
    if (url !== undefined) found.push(repositoryOf(url));
    else if (name !== undefined) found.push(organization === undefined ? name : `${organization}/${name}`);
    else break;
  }
  return found;
}

function repositoryOf(url: string): string {
  return /^https?:\/\/[^/]+\/(?:datasets\/)?([^/?#]+\/[^/?#]+)/.exec(url)?.[1] ?? url;
}

/** Plain JSON data: arrays by type and length, integers beyond 2^53 and what JSON has no number for as text. */
function shown(value: GgufScalar | GgufArray): unknown {
  if (typeof value === 'object') return { type: value.type, length: value.length };
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value.toString();
  }
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}

function checkTemplates(keys: GgufKeys, facts: FactsBuilder): void {
  for (const [key, value] of keys) {
    if (!key.startsWith('tokenizer.chat_template') || typeof value !== 'string') continue;
    checkChatTemplate(value, key, facts);
  }
}
