import {
  escapeControls,
  JsonNumber,
  type JsonValue,
  METADATA_FIELDS,
  type ModelMetadata,
  type Origin,
} from '../core/index.ts';

/** One value of a model's metadata as it is shown: text is escaped, and cut where a row could not hold it. */
export interface MetadataRow {
  /** `author`, `customProperties.accuracy`. */
  readonly path: string;
  /** The path as people read it: `author`, `accuracy`. */
  readonly label: string;
  readonly value: string;
  readonly origin?: Origin;
}

/** Longest value of a row, characters; a list of 64 class names is not read in a row anyway. */
const MAX_VALUE_CHARACTERS = 300;

/** The values that are there, in the document's order; objects become one row a leaf. */
export function metadataRows(
  metadata: ModelMetadata,
  origins: ReadonlyMap<string, Origin> = new Map(),
): readonly MetadataRow[] {
  const rows: MetadataRow[] = [];
  for (const field of METADATA_FIELDS) addRows(field, metadata[field], origins, rows);
  return rows;
}

function addRows(
  path: string,
  value: JsonValue,
  origins: ReadonlyMap<string, Origin>,
  rows: MetadataRow[],
): void {
  if (value === null) return;
  if (value instanceof Map) {
    for (const [key, member] of value) addRows(`${path}.${key}`, member, origins, rows);
    return;
  }
  const origin = originOf(path, origins);
  rows.push({
    path,
    label: escapeControls(path.replace(/^customProperties\./, '')),
    value: cut(escapeControls(valueText(value))),
    ...(origin === undefined ? {} : { origin }),
  });
}

/** Of the value itself, or of the object that it is a part of. */
function originOf(path: string, origins: ReadonlyMap<string, Origin>): Origin | undefined {
  for (let at = path; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('.')))) {
    const origin = origins.get(at);
    if (origin !== undefined) return origin;
  }
  return undefined;
}

/** A value in one line, as JSON would have it but without quotes around text. */
function valueText(value: JsonValue): string {
  if (typeof value === 'string') return value;
  if (value instanceof JsonNumber) return value.text;
  if (Array.isArray(value)) return value.map(valueText).join(', ');
  if (value instanceof Map) {
    return `{${[...value].map(([key, member]) => `${key}: ${valueText(member)}`).join(', ')}}`;
  }
  return String(value);
}

function cut(text: string): string {
  return text.length > MAX_VALUE_CHARACTERS ? `${text.slice(0, MAX_VALUE_CHARACTERS)}…` : text;
}
