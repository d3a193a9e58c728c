import { escapeControls, formatPythonJson, JsonNumber, type JsonValue } from '../../core/index.ts';

/** Longest value that a card shows on its line; the whole is in `--format json`. */
export const MAX_VALUE_CHARACTERS = 96;

/** A value on one line, foreign text escaped. */
export function formatValue(value: JsonValue): string {
  const text =
    typeof value === 'string'
      ? escapeControls(value)
      : value instanceof JsonNumber
        ? value.text
        : formatPythonJson(value);
  return text.length > MAX_VALUE_CHARACTERS ? `${text.slice(0, MAX_VALUE_CHARACTERS - 1)}…` : text;
}
