import { type JsonObject, parseJson } from '../../oci/json.ts';
import { MAX_STRING_BYTES } from '../limits.ts';

/** The object that a text inside a model file is, as JSON; undefined where it is none. */
export function embeddedObject(text: string | undefined): JsonObject | undefined {
  if (text === undefined || text.length > MAX_STRING_BYTES) return undefined;
  try {
    const value = parseJson(text, { duplicateKeys: 'last' });
    return value instanceof Map ? value : undefined;
  } catch {
    return undefined;
  }
}
