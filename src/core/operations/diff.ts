import { isDeepStrictEqual } from 'node:util';
import { METADATA_FIELDS, type ModelMetadata } from '../model/metadata.ts';
import type { CallOptions } from '../oci/content.ts';
import type { Digest } from '../oci/digest.ts';
import { JsonNumber, type JsonValue } from '../oci/json.ts';
import type { Context } from './context.ts';
import { type ArtifactReport, inspectArtifact } from './inspect.ts';
import type { Location } from './location.ts';

export type ChangeKind = 'added' | 'removed' | 'changed';

/** One difference; `a` is absent for what was added, `b` for what was removed. */
export interface Change<T> {
  /** A metadata path (`customProperties.accuracy`), a file title or an annotation key. */
  readonly path: string;
  readonly kind: ChangeKind;
  readonly a?: T;
  readonly b?: T;
}

export interface FileState {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
}

/** The document of `diff` (docs/cli.md). */
export interface DiffReport {
  readonly a: { readonly reference: string; readonly digest: Digest };
  readonly b: { readonly reference: string; readonly digest: Digest };
  readonly metadata: readonly Change<JsonValue>[];
  readonly files: readonly Change<FileState>[];
  readonly annotations: readonly Change<string>[];
  /** What the readers see in the model files, flattened; unverified, as it is read by ranges. */
  readonly models: readonly Change<unknown>[];
}

/** Compares two artifacts without downloading their weights. */
export async function diff(
  context: Context,
  a: Location,
  b: Location,
  options: CallOptions = {},
): Promise<DiffReport> {
  const [left, right] = await Promise.all([
    inspectArtifact(context, a, options),
    inspectArtifact(context, b, options),
  ]);
  return {
    a: { reference: left.reference, digest: left.digest },
    b: { reference: right.reference, digest: right.digest },
    metadata: compare(flattenMetadata(left.metadata), flattenMetadata(right.metadata)),
    files: compare(filesOf(left), filesOf(right)),
    annotations: compare(
      new Map(Object.entries(left.annotations)),
      new Map(Object.entries(right.annotations)),
    ),
    models: compare(modelsOf(left), modelsOf(right)),
  };
}

/** Whether a diff found nothing. */
export function isSame(report: DiffReport): boolean {
  return (
    report.metadata.length + report.files.length + report.annotations.length + report.models.length === 0
  );
}

function compare<T>(a: ReadonlyMap<string, T>, b: ReadonlyMap<string, T>): readonly Change<T>[] {
  const changes: Change<T>[] = [];
  for (const [path, value] of a) {
    const other = b.get(path);
    if (other === undefined) changes.push({ path, kind: 'removed', a: value });
    else if (!isDeepStrictEqual(value, other)) changes.push({ path, kind: 'changed', a: value, b: other });
  }
  for (const [path, value] of b) if (!a.has(path)) changes.push({ path, kind: 'added', b: value });
  return changes;
}

function flattenMetadata(metadata: ModelMetadata): ReadonlyMap<string, JsonValue> {
  const flat = new Map<string, JsonValue>();
  for (const field of METADATA_FIELDS) flatten(field, metadata[field], flat);
  return flat;
}

/** Objects become dotted paths; null and empty objects are what an absent value is. */
function flatten(path: string, value: JsonValue, into: Map<string, JsonValue>): void {
  if (value === null) return;
  if (value instanceof Map) for (const [key, member] of value) flatten(`${path}.${key}`, member, into);
  else into.set(path, value);
}

function filesOf(report: ArtifactReport): ReadonlyMap<string, FileState> {
  return new Map(
    report.files.map(({ title, mediaType, digest, size }) => [title ?? digest, { mediaType, digest, size }]),
  );
}

/** Model facts worth comparing: the format and the short facts of each model, not its tensor list. */
function modelsOf(report: ArtifactReport): ReadonlyMap<string, unknown> {
  const flat = new Map<string, unknown>();
  const titles = new Set(report.files.map((file) => file.title));
  for (const { title: own, format, metadata, details } of report.models ?? []) {
    // All files as one model are called after the repository, which may be another on each side.
    const title = titles.has(own) ? own : 'all files';
    flat.set(`${title}: format`, `${format.name}${format.version === null ? '' : ` ${format.version}`}`);
    for (const [key, value] of metadata.customProperties) flat.set(`${title}: ${key}`, shorten(value));
    const operators = details.operators;
    if (operators !== undefined) flat.set(`${title}: operators`, operators);
  }
  return flat;
}

function shorten(value: JsonValue): unknown {
  return value instanceof JsonNumber ? value.text : value;
}
