import { pyYamlKind } from './yaml-resolution.ts';

/** Where a scalar is written. */
export interface ScalarPlace {
  /** Column of its first character, the opening quote included. */
  readonly column: number;
  /** Columns a folded line starts at. */
  readonly indent: number;
  /** Whether it is a simple key, which never folds. */
  readonly key: boolean;
}

/** The column after which PyYAML folds. Lines may be longer: it looks before it writes a word, not after. */
const BEST_WIDTH = 80;
/** PyYAML allows 127 characters for a simple key and counts the tag `!!str` among them. */
const MAX_SIMPLE_KEY_LENGTH = 122;

/** Line breaks of YAML 1.1; all but `\n` are escaped where they are written. */
const BREAK = /[\n\x85\u2028\u2029]/;
const LEADING_INDICATOR = /^(?:[#,[\]{}&*!|>'"%@`]|---|\.\.\.|[?:-](?:[\0 \t\r\n]|$))/;
const INNER_INDICATOR = /:(?:[\0 \t\r\n]|$)|[\0 \t\r\n]#/;

/** Whether a key can be written before `:` on one line; the others are written as `? key`. */
export function isSimpleKey(key: string): boolean {
  return key !== '' && !BREAK.test(key) && [...key].length <= MAX_SIMPLE_KEY_LENGTH;
}

/** A string in the style that PyYAML chooses for it: plain, single or double quoted. */
export function formatYamlScalar(text: string, place: ScalarPlace): string {
  if (/[^\x20-\x7e\n]/.test(text) || / \n|\n /.test(text)) return doubleQuoted(text, place);
  return canBePlain(text) ? plain(text, place) : singleQuoted(text, place);
}

/** Whether a text without control characters means itself to PyYAML when it is written without quotes. */
export function canBePlain(text: string): boolean {
  return !(
    /^[ \n]|[ \n]$|\n/.test(text) ||
    LEADING_INDICATOR.test(text) ||
    INNER_INDICATOR.test(text) ||
    pyYamlKind(text) !== 'text'
  );
}

/** Runs of spaces, runs of breaks, runs of anything else. */
const RUNS = / +|\n+|[^ \n]+/g;

function plain(text: string, place: ScalarPlace): string {
  let column = place.column;
  let written = '';
  for (const run of text.match(RUNS) ?? []) {
    if (run === ' ' && column > BEST_WIDTH && !place.key) {
      written += `\n${' '.repeat(place.indent)}`;
      column = place.indent;
    } else {
      written += run;
      column += run.length;
    }
  }
  return written;
}

function singleQuoted(text: string, place: ScalarPlace): string {
  const lineStart = `\n${' '.repeat(place.indent)}`;
  const runs = text.match(RUNS) ?? [];
  let column = place.column + 1;
  let written = "'";
  for (const [index, run] of runs.entries()) {
    const isInner = index > 0 && index < runs.length - 1;
    if (run.startsWith('\n')) {
      written += '\n'.repeat(run.length) + lineStart;
      column = place.indent;
    } else if (run === ' ' && isInner && column > BEST_WIDTH && !place.key) {
      written += lineStart;
      column = place.indent;
    } else {
      const escaped = run.replaceAll("'", "''");
      written += escaped;
      column += escaped.length;
    }
  }
  return `${written}'`;
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['\0', '\\0'],
  ['\x07', '\\a'],
  ['\b', '\\b'],
  ['\t', '\\t'],
  ['\n', '\\n'],
  ['\v', '\\v'],
  ['\f', '\\f'],
  ['\r', '\\r'],
  ['\x1b', '\\e'],
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\x85', '\\N'],
  ['\xa0', '\\_'],
  ['\u2028', '\\L'],
  ['\u2029', '\\P'],
]);

function escapeSequence(character: string): string {
  const named = ESCAPES.get(character);
  if (named !== undefined) return named;
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16).toUpperCase();
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}

function isEscaped(character: string): boolean {
  return character === '"' || character === '\\' || !/^[\x20-\x7e]$/.test(character);
}

/**
 * PyYAML collects plain characters and writes them before an escape, a fold or the end, so the column at which it
 * asks whether to fold is `column` plus what is `pending`; it asks at a space, and where nothing is pending.
 */
function doubleQuoted(text: string, place: ScalarPlace): string {
  const characters = [...text];
  let column = place.column + 1;
  let pending = '';
  let written = '"';
  const flush = (more: string) => {
    written += pending + more;
    column += pending.length + more.length;
    pending = '';
  };
  for (const [index, character] of characters.entries()) {
    const escaped = isEscaped(character);
    if (escaped) flush(escapeSequence(character));
    const mayFold = index > 0 && index < characters.length - 1 && !place.key;
    // PyYAML counts an escape it has just written as one column less than it takes.
    const columnSeen = escaped ? column - 1 : column + pending.length;
    if (mayFold && (character === ' ' || pending === '') && columnSeen > BEST_WIDTH) {
      flush('\\');
      const next = escaped ? characters[index + 1] : character;
      written += `\n${' '.repeat(place.indent)}`;
      column = place.indent;
      if (next === ' ') flush('\\');
    }
    if (!escaped) pending += character;
  }
  flush('"');
  return written;
}
