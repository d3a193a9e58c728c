import { OmlmdError } from '../errors.ts';
import { fromPlain, type JsonValue, parseJson, toPlain } from '../oci/json.ts';
import { METADATA_FIELDS, type ModelMetadata, metadataFromObject, metadataToObject } from './metadata.ts';
import { formatPythonJson } from './python-json.ts';
import { formatPythonYaml } from './python-yaml.ts';

/** Spaces that upstream indents the JSON document by. */
const JSON_INDENT = 4;
/** Ending of an annotation key whose value is JSON, not text. */
export const JSON_ANNOTATION_SUFFIX = '+json';

/** The JSON document of an artifact, byte for byte as upstream 0.1.6 writes it; no line break at the end. */
export function metadataToJson(metadata: ModelMetadata): string {
  return formatPythonJson(metadataToObject(metadata), JSON_INDENT);
}

/** The YAML document of an artifact, byte for byte as upstream 0.1.6 writes it. */
export function metadataToYaml(metadata: ModelMetadata): string {
  return formatPythonYaml(metadataToObject(metadata));
}

/** Manifest annotations: text as it is, null left out, anything else as JSON under the key with `+json` behind. */
export function metadataToAnnotations(metadata: ModelMetadata): Record<string, string> {
  const annotations: Record<string, string> = {};
  for (const field of METADATA_FIELDS) {
    const value = metadata[field];
    if (typeof value === 'string') annotations[field] = value;
    else if (value !== null) annotations[field + JSON_ANNOTATION_SUFFIX] = formatPythonJson(value);
  }
  return annotations;
}

/** The metadata that annotations carry; what is not JSON where it should be is left out. */
export function metadataFromAnnotations(annotations: Readonly<Record<string, string>>): ModelMetadata {
  const object = new Map<string, JsonValue>();
  const own = new Map(Object.entries(annotations));
  for (const field of METADATA_FIELDS) {
    const json = own.get(field + JSON_ANNOTATION_SUFFIX);
    const value = own.get(field) ?? (json === undefined ? undefined : tryParseJson(json));
    if (value !== undefined) object.set(field, value);
  }
  return metadataFromObject(object);
}

function tryParseJson(text: string): JsonValue | undefined {
  try {
    return parseJson(text, { duplicateKeys: 'last' });
  } catch {
    return undefined;
  }
}

/** Metadata from the JSON document of an artifact; `metadata-invalid` if it is not a JSON object. */
export function metadataFromJson(text: string): ModelMetadata {
  let value: JsonValue;
  try {
    value = parseJson(text, { duplicateKeys: 'last' });
  } catch (error) {
    if (error instanceof OmlmdError) throw error;
    const what = error instanceof Error ? error.message : 'not JSON';
    throw new OmlmdError('metadata-invalid', `read metadata: ${what}`, { cause: error });
  }
  if (value instanceof Map) return metadataFromObject(value);
  throw new OmlmdError('metadata-invalid', 'read metadata: expected a JSON object');
}

/** Plain data with exactly the seven keys, for JSON output and webviews; numbers become doubles. */
export function metadataToPlain(metadata: ModelMetadata): Record<string, unknown> {
  return Object.fromEntries(METADATA_FIELDS.map((field) => [field, toPlain(metadata[field])]));
}

/** The reverse of {@link metadataToPlain}. */
export function metadataFromPlain(plain: Readonly<Record<string, unknown>>): ModelMetadata {
  return metadataFromObject(new Map(Object.entries(plain).map(([key, value]) => [key, fromPlain(value)])));
}
