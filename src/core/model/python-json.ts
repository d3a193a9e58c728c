import { JsonNumber, type JsonValue } from '../oci/json.ts';
import { formatPythonNumber } from './python-number.ts';

/** Escapes that JSON names; every other character outside printable ASCII is `\uXXXX`. */
const NAMED_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

/** A string as Python's `json.dumps` writes it with `ensure_ascii`: DEL and astral pairs are escaped too. */
export function formatPythonJsonString(text: string): string {
  const escaped = text.replace(
    /["\\]|[^\x20-\x7e]/g,
    (unit) => NAMED_ESCAPES[unit] ?? `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `"${escaped}"`;
}

/** A value as Python's `json.dumps` writes it: with `indent` over lines, without on one line with `, ` and `: `. */
export function formatPythonJson(value: JsonValue, indent?: number): string {
  return format(value, indent, '\n');
}

function format(value: JsonValue, indent: number | undefined, lineStart: string): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return formatPythonJsonString(value);
  if (value instanceof JsonNumber) return formatPythonNumber(value);
  const inner = indent === undefined ? '' : lineStart + ' '.repeat(indent);
  const members = Array.isArray(value)
    ? value.map((item) => format(item, indent, inner))
    : [...value].map(([key, item]) => `${formatPythonJsonString(key)}: ${format(item, indent, inner)}`);
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  if (members.length === 0) return open + close;
  if (indent === undefined) return open + members.join(', ') + close;
  return open + inner + members.join(`,${inner}`) + lineStart + close;
}
