import type * as z from 'zod';
import { OmlmdError } from '../errors.ts';
import { type JsonObject, type JsonValue, toPlain } from '../oci/json.ts';
import { emptyMetadata, type ModelMetadata, metadataFromObject } from './metadata.ts';
import { readMetadataText } from './metadata-reading.ts';
import { type ArtifactBlock, ArtifactBlockSchema } from './schema.ts';
import { pathKey, type YamlReading } from './yaml-document.ts';
import type { Span } from './yaml-nodes.ts';

/** What a person's metadata file says. */
export interface MetadataFile {
  readonly metadata: ModelMetadata;
  /** Where it is to be pushed; never sent. */
  readonly artifact?: ArtifactBlock;
}

/** A push needs what it knows of the block; `validate` names what it does not know. */
const LenientArtifactBlock = ArtifactBlockSchema.strip();

/**
 * Reads a metadata file (`.omlmd.yaml`, or any JSON or YAML given with `-m`). Fields keep whatever value they have, as
 * upstream does. Throws `metadata-invalid` with line and column, or `limit-exceeded`.
 */
export function parseMetadataFile(text: string, path: string): MetadataFile {
  const reading = readMetadataText(text);
  const fail = (
    span: Span,
    what: string,
    code: 'metadata-invalid' | 'limit-exceeded' = 'metadata-invalid',
  ) => {
    const { line, column } = reading.rangeOf(span);
    return new OmlmdError(code, `read ${path}:${line}:${column}: ${what}`);
  };
  const [issue] = reading.issues;
  if (issue !== undefined) {
    throw fail(
      issue.span,
      issue.message,
      issue.code === 'yaml-limit' ? 'limit-exceeded' : 'metadata-invalid',
    );
  }
  const { value } = reading;
  if (value === null) return { metadata: emptyMetadata() };
  if (!(value instanceof Map)) throw fail([0, 0], `expected a mapping of fields, got ${kindOf(value)}`);
  const properties = value.get('customProperties') ?? null;
  if (properties !== null && !(properties instanceof Map)) {
    throw fail(
      spanAt(reading, ['customProperties']),
      `customProperties: expected a mapping, got ${kindOf(properties)}`,
    );
  }
  const { block, rest } = takeArtifactBlock(value);
  const metadata = metadataFromObject(rest);
  if (block === undefined) return { metadata };
  const result = LenientArtifactBlock.safeParse(toPlain(withoutNulls(block)));
  if (result.success) return { metadata, artifact: result.data };
  const [wrong] = result.error.issues;
  const at = ['artifact', ...(wrong?.path ?? [])];
  throw fail(
    spanAt(reading, at),
    `${at.join('.')}: ${wrong === undefined ? 'invalid' : describeSchemaIssue(wrong)}`,
  );
}

/** An `artifact` that is no mapping is not the block but a property, as it is in files made for upstream. */
function takeArtifactBlock(object: JsonObject): { block: JsonObject | undefined; rest: JsonObject } {
  const block = object.get('artifact') ?? null;
  if (block !== null && !(block instanceof Map)) return { block: undefined, rest: object };
  return {
    block: block ?? undefined,
    rest: new Map([...object].filter(([key]) => key !== 'artifact')),
  };
}

/** A key without a value (`reference:`) says nothing. */
export function withoutNulls(object: JsonObject): JsonObject {
  return new Map([...object].filter(([, value]) => value !== null));
}

/** Where the value of a path stands, or the nearest thing around it. */
export function spanAt(reading: YamlReading, path: readonly PropertyKey[]): Span {
  for (let length = path.length; length >= 0; length -= 1) {
    const spans = reading.spans.get(pathKey(path.slice(0, length)));
    if (spans !== undefined) return length === path.length ? spans.value : (spans.key ?? spans.value);
  }
  return [0, 0];
}

/** What a value is, for people. */
export function kindOf(value: JsonValue): string {
  if (value === null) return 'nothing';
  if (typeof value === 'string') return 'text';
  if (typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return 'a list';
  return value instanceof Map ? 'a mapping' : `the number ${value.text}`;
}

const TYPE_NAMES: Readonly<Record<string, string>> = { string: 'text', array: 'a list', object: 'a mapping' };

/** A schema's complaint in the words of a metadata file. */
export function describeSchemaIssue(issue: z.core.$ZodIssue): string {
  return issue.code === 'invalid_type'
    ? `expected ${TYPE_NAMES[issue.expected] ?? issue.expected}`
    : issue.message;
}
