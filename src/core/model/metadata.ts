import type { JsonObject, JsonValue } from '../oci/json.ts';

/** The seven fields of an omlmd metadata document, in the order they are written (docs/formats/omlmd.md). */
export const METADATA_FIELDS = [
  'name',
  'description',
  'author',
  'customProperties',
  'uri',
  'model_format_name',
  'model_format_version',
] as const;
export type MetadataField = (typeof METADATA_FIELDS)[number];

const FIELDS: ReadonlySet<string> = new Set(METADATA_FIELDS);

export function isMetadataField(key: string): key is MetadataField {
  return FIELDS.has(key);
}

/**
 * What is known of a model and goes into its artifact. Fields other than `customProperties` are text or null by
 * contract, but upstream writes whatever it was given, so any JSON value is carried through unchanged.
 */
export interface ModelMetadata {
  readonly name: JsonValue;
  readonly description: JsonValue;
  readonly author: JsonValue;
  readonly customProperties: JsonObject;
  readonly uri: JsonValue;
  readonly model_format_name: JsonValue;
  readonly model_format_version: JsonValue;
}

export function emptyMetadata(): ModelMetadata {
  return {
    name: null,
    description: null,
    author: null,
    customProperties: new Map(),
    uri: null,
    model_format_name: null,
    model_format_version: null,
  };
}

/** The document as it is written: all seven fields, in order. */
export function metadataToObject(metadata: ModelMetadata): JsonObject {
  return new Map(METADATA_FIELDS.map((field): [string, JsonValue] => [field, metadata[field]]));
}

/**
 * Metadata from a document. A key that is no field becomes a custom property, before those of `customProperties`, as
 * upstream takes flat keys; where both name one, that of `customProperties` counts. A `customProperties` that is no
 * object is taken for none: whoever reads a person's file checks that first.
 */
export function metadataFromObject(object: JsonObject): ModelMetadata {
  const field = (name: Exclude<MetadataField, 'customProperties'>): JsonValue => object.get(name) ?? null;
  const own = object.get('customProperties');
  const flat = [...object].filter(([key]) => !isMetadataField(key));
  return {
    name: field('name'),
    description: field('description'),
    author: field('author'),
    customProperties: new Map([...flat, ...(own instanceof Map ? own : [])]),
    uri: field('uri'),
    model_format_name: field('model_format_name'),
    model_format_version: field('model_format_version'),
  };
}

/** Where a value came from: read from the model file, from a person's metadata file, or typed by a person. */
export type Origin = 'auto' | 'file' | 'user';
