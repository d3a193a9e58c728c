import { quote } from '../../errors.ts';
import { companionPath } from '../companion-path.ts';
import type { FactsBuilder } from '../facts.ts';
import { MAX_COMPANIONS, MAX_INDEX_BYTES } from '../limits.ts';
import { stemOf } from '../model-name.ts';
import { JsonCursor } from '../parse/json-cursor.ts';
import { ParseStop } from '../parse/parse-stop.ts';
import { textStartsWith } from '../parse/text-start.ts';
import { collectFacts, type Reading } from '../read-file.ts';
import type { ModelReader } from '../reader.ts';
import { indexStem } from './shard-names.ts';

/** The first entry of a weight map, where it stands in the head: the file tells the format. */
const FIRST_ENTRY = /"weight_map"\s*:\s*\{\s*"(?:[^"\\]|\\.)*"\s*:\s*"([^"]*)"/;

/** `model.safetensors.index.json`: which shard holds which tensor. */
export const safetensorsIndexReader = indexReader('safetensors', ['.safetensors'], '.safetensors.index.json');

/** `pytorch_model.bin.index.json`: the same for PyTorch's own files. */
export const pytorchIndexReader = indexReader('pytorch', ['.bin', '.pt', '.pth'], '.bin.index.json');

function indexReader(id: string, shardEndings: readonly string[], extension: string): ModelReader {
  return {
    id,
    extensions: [extension],
    recognizes(path, head) {
      if (!textStartsWith(head, '{')) return false;
      const text = new TextDecoder().decode(head);
      const [, file] = FIRST_ENTRY.exec(text) ?? [];
      // A map that begins after the head is taken at its name's word.
      const named = indexStem(path) !== undefined && path.toLowerCase().includes(extension.slice(0, -5));
      return file === undefined ? named : shardEndings.some((ending) => file.toLowerCase().endsWith(ending));
    },
    async read(file, options) {
      const facts = await collectFacts(file, readIndex, { ...options, maxBytes: MAX_INDEX_BYTES + 1 });
      return facts.build(id, stemOf(file.path, [extension]));
    },
  };
}

async function readIndex({ cursor, facts, memory }: Reading): Promise<void> {
  const bytes = cursor.left;
  if (bytes > MAX_INDEX_BYTES) {
    throw new ParseStop('too-large-to-show', `the index has ${bytes} bytes; its shards are not listed`, 0);
  }
  await cursor.need(bytes);
  const text = cursor.text(bytes);
  cursor.release();
  const json = new JsonCursor(text, memory);
  const shards = new Map<string, number>();
  try {
    json.object((key) => {
      if (key === 'weight_map') readWeightMap(json, shards);
      else if (key === 'metadata') readTotals(json, facts);
      else json.skip();
    });
    json.end();
  } finally {
    reportShards(shards, facts);
  }
}

function readWeightMap(json: JsonCursor, shards: Map<string, number>): void {
  json.object(() => {
    const file = json.stringOrSkip();
    if (file === undefined) return;
    const count = shards.get(file);
    if (count !== undefined || shards.size < MAX_COMPANIONS) shards.set(file, (count ?? 0) + 1);
  });
}

/** What the writer of the index says of the whole; the shards are counted all the same. */
function readTotals(json: JsonCursor, facts: FactsBuilder): void {
  json.object((key) => {
    const value = json.numberOrSkip();
    const isTotal = key === 'total_size' || key === 'total_parameters';
    if (isTotal && value !== undefined) facts.details[key] = value;
  });
}

function reportShards(shards: ReadonlyMap<string, number>, facts: FactsBuilder): void {
  const known = new Map<string, number>();
  for (const [file, count] of shards) {
    const path = companionPath(file);
    if (path === undefined) {
      const message = `weights are said to be in ${quote(file)}, which is not a file in the model's folder`;
      facts.finding('critical', 'external-path', message, 'weight_map');
    } else {
      facts.companion(path);
      known.set(path, count);
    }
  }
  facts.details.tensors_by_file = Object.fromEntries(known);
}
