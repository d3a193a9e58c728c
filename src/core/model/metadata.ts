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

/** Where a value came from: read from the model file, from a person's metadata file, or typed by a person. */
export type Origin = 'auto' | 'file' | 'user';
