import { OmlmdError, quote } from '../errors.ts';
import { type JsonObject, type JsonValue, MAX_JSON_DEPTH } from '../oci/json.ts';
import { METADATA_FIELDS, type ModelMetadata, metadataFromObject, type Origin } from './metadata.ts';
import type { SetValue } from './set-value.ts';

/** Metadata from one place. */
export interface MetadataLayer {
  readonly origin: Origin;
  readonly metadata: ModelMetadata;
}

/** What several places said together. */
export interface MergedMetadata {
  readonly metadata: ModelMetadata;
  /** Where each value came from, by path with dots: `name`, `customProperties.metrics.f1`. */
  readonly origins: ReadonlyMap<string, Origin>;
}

/**
 * Merges layers, later ones over earlier ones, and what a person typed over all. A null field of a layer says nothing;
 * custom properties are merged by name, mappings member by member, anything else as a whole. A key keeps the place in
 * the order that it was given first.
 */
export function mergeMetadata(
  layers: readonly MetadataLayer[],
  set: readonly SetValue[] = [],
): MergedMetadata {
  const merged: JsonObject = new Map([['customProperties', new Map()]]);
  const origins = new Map<string, Origin>();
  for (const { origin, metadata } of layers) {
    for (const field of METADATA_FIELDS) {
      const value = metadata[field];
      if (value !== null) put(merged, [field], value, origin, origins);
    }
  }
  for (const { path, value } of set) put(merged, path, value, 'user', origins);
  return { metadata: metadataFromObject(merged), origins };
}

/** Sets a value at a path. The objects along it are owned by the merge, so they can be changed in place. */
function put(
  into: JsonObject,
  path: readonly string[],
  value: JsonValue,
  origin: Origin,
  origins: Map<string, Origin>,
): void {
  if (path.length > MAX_JSON_DEPTH) {
    throw new OmlmdError(
      'limit-exceeded',
      `set ${quote(path.join('.'))}: deeper than ${MAX_JSON_DEPTH} levels`,
    );
  }
  const [owner, key] = ownerOf(into, path, origins);
  const before = owner.get(key);
  if (!(value instanceof Map && before instanceof Map)) forget(origins, path, before);
  if (!(value instanceof Map)) {
    owner.set(key, value);
    origins.set(path.join('.'), origin);
    return;
  }
  if (!(before instanceof Map)) owner.set(key, new Map());
  if (value.size === 0 && path.length > 1) origins.set(path.join('.'), origin);
  for (const [member, inner] of value) put(into, [...path, member], inner, origin, origins);
}

/** The object that holds the last key of a path, made where it is missing or is no object. */
function ownerOf(
  root: JsonObject,
  path: readonly string[],
  origins: Map<string, Origin>,
): [JsonObject, string] {
  let owner = root;
  for (const [depth, key] of path.slice(0, -1).entries()) {
    const next = owner.get(key);
    if (next instanceof Map) {
      owner = next;
      continue;
    }
    const inner: JsonObject = new Map();
    forget(origins, path.slice(0, depth + 1), next);
    owner.set(key, inner);
    owner = inner;
  }
  return [owner, path.at(-1) ?? ''];
}

/** Forgets where a value that is about to go came from, and its members. */
function forget(origins: Map<string, Origin>, path: readonly string[], value: JsonValue | undefined): void {
  const name = path.join('.');
  origins.delete(name);
  if (!(value instanceof Map)) return;
  for (const known of origins.keys()) if (known.startsWith(`${name}.`)) origins.delete(known);
}
