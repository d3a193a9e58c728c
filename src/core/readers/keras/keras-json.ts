import { MAX_HEADER_JSON_DEPTH, MAX_KERAS_CONFIG_VALUES } from '../limits.ts';
import { isRecord, type JsonTree, parseJsonTree } from '../parse/json-tree.ts';
import { ParseStop } from '../parse/parse-stop.ts';

const BOUNDS = { maxDepth: MAX_HEADER_JSON_DEPTH, maxValues: MAX_KERAS_CONFIG_VALUES };
/** What Python writes for numbers that JSON does not have. */
const NO_NUMBER = /([:,[]\s*)(?:NaN|-?Infinity)(?=\s*[,}\]])/g;

/** JSON that Keras wrote; numbers that are none become null. */
export function parseKerasJson(text: string): JsonTree {
  try {
    return parseJsonTree(text, BOUNDS);
  } catch (error) {
    if (!(error instanceof ParseStop) || error.code !== 'malformed' || text.search(NO_NUMBER) < 0)
      throw error;
    return parseJsonTree(text.replace(NO_NUMBER, '$1null'), BOUNDS);
  }
}

/** A member of an object; undefined for anything else. */
export function member(value: JsonTree | undefined, key: string): JsonTree | undefined {
  return isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

export function textMember(value: JsonTree | undefined, key: string): string | undefined {
  const found = member(value, key);
  return typeof found === 'string' ? found : undefined;
}

export function listMember(value: JsonTree | undefined, key: string): readonly JsonTree[] {
  const found = member(value, key);
  return Array.isArray(found) ? found : [];
}
