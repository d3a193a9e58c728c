import { JsonNumber, type JsonValue } from '../oci/json.ts';
import { compareCodePoints } from './code-points.ts';
import { formatPythonYamlNumber } from './python-number.ts';
import { formatYamlScalar, isSimpleKey, type ScalarPlace } from './python-yaml-scalar.ts';

/** Columns a nested collection or a folded line moves to the right. */
const INDENT = 2;

/**
 * A value as PyYAML's `yaml.dump(value, default_flow_style=False)` writes it: keys sorted by code point at every
 * level, block collections, lines folded after column 80, no anchors.
 */
export function formatPythonYaml(value: JsonValue): string {
  if (isFilled(value)) return `${block(value, 0)}\n`;
  const text = inline(value, { column: 0, indent: INDENT, key: false });
  const isOpenEnded = !isCollection(value) && !/^['"]/.test(text);
  return isOpenEnded ? `${text}\n...\n` : `${text}\n`;
}

type Collection = Extract<JsonValue, object>;

function isCollection(value: JsonValue): value is Exclude<Collection, JsonNumber> {
  return Array.isArray(value) || value instanceof Map;
}

/** Whether the value stands on lines of its own: a collection that is not empty. */
function isFilled(value: JsonValue): value is Exclude<Collection, JsonNumber> {
  return Array.isArray(value) ? value.length > 0 : value instanceof Map && value.size > 0;
}

/** The lines of a collection whose first line is already at column `indent`; no line break at the end. */
function block(value: Exclude<Collection, JsonNumber>, indent: number): string {
  const lines = Array.isArray(value)
    ? value.map((item) => `-${nested(item, indent)}`)
    : [...value]
        .sort(([a], [b]) => compareCodePoints(a, b))
        .map(([key, member]) => entry(key, member, indent));
  return lines.join(`\n${' '.repeat(indent)}`);
}

/** What follows `-`, `?` or `:` at column `indent`: a collection starts on the same line, {@link INDENT} further. */
function nested(value: JsonValue, indent: number): string {
  if (isFilled(value)) return ` ${block(value, indent + INDENT)}`;
  return ` ${inline(value, { column: indent + INDENT, indent: indent + INDENT, key: false })}`;
}

function entry(key: string, value: JsonValue, indent: number): string {
  if (!isSimpleKey(key)) {
    return `?${nested(key, indent)}\n${' '.repeat(indent)}:${nested(value, indent)}`;
  }
  const start = `${formatYamlScalar(key, { column: indent, indent: indent + INDENT, key: true })}:`;
  if (isFilled(value)) {
    // A list under a key is not indented.
    const inner = Array.isArray(value) ? indent : indent + INDENT;
    return `${start}\n${' '.repeat(inner)}${block(value, inner)}`;
  }
  const place = { column: indent + start.length + 1, indent: indent + INDENT, key: false };
  return `${start} ${inline(value, place)}`;
}

function inline(value: JsonValue, place: ScalarPlace): string {
  if (typeof value === 'string') return formatYamlScalar(value, place);
  if (value instanceof JsonNumber) return formatPythonYamlNumber(value);
  if (Array.isArray(value)) return '[]';
  return value instanceof Map ? '{}' : String(value);
}
