/** A `key: value` line of a block mapping. Lines and columns from 0, as editors count. */
export interface OutlineEntry {
  /** Keys from the top; a list item is `-`. */
  readonly path: readonly string[];
  readonly line: number;
  readonly keyStart: number;
  readonly keyEnd: number;
  /** Column of the value; the line's length where there is none. */
  readonly valueStart: number;
  /** What stands on the line after the colon, comment included. */
  readonly value: string;
}

/** Where a cursor stands. */
export type OutlinePosition =
  /** In a key, or where one can begin. */
  | { readonly kind: 'key'; readonly parent: readonly string[]; readonly start: number }
  /** After a key's colon. */
  | { readonly kind: 'value'; readonly path: readonly string[]; readonly start: number }
  /** After the dash of a list item. */
  | { readonly kind: 'item'; readonly path: readonly string[]; readonly start: number };

/**
 * The keys of a YAML text by its indentation. Unlike a parser it makes sense of a text that is being typed; it knows
 * block mappings, block lists and block scalars, which is how metadata files are written.
 */
export function outlineYaml(lines: readonly string[]): readonly OutlineEntry[] {
  const entries: OutlineEntry[] = [];
  const open: OpenKey[] = [];
  let scalarIndent: number | undefined;
  for (const [line, text] of lines.entries()) {
    const indent = indentOf(text);
    if (indent === text.length || text[indent] === '#') continue;
    if (scalarIndent !== undefined && indent > scalarIndent) continue;
    scalarIndent = undefined;
    const key = readKey(text, indent);
    closeTo(open, key?.column ?? indent, text[indent] === '-');
    if (key === undefined) continue;
    const path = [...(open.at(-1)?.path ?? []), ...(key.column > indent ? ['-'] : []), key.name];
    entries.push({
      path,
      line,
      keyStart: key.start,
      keyEnd: key.end,
      valueStart: key.valueStart,
      value: key.value,
    });
    open.push({ indent: key.column, path });
    if (/^[|>][-+0-9]*(?:\s|$)/.test(key.value)) scalarIndent = indent;
  }
  return entries;
}

/** What stands at a position of a text that may be incomplete. */
export function positionInYaml(lines: readonly string[], line: number, character: number): OutlinePosition {
  const before = (lines[line] ?? '').slice(0, character);
  const indent = indentOf(before);
  const key = readKey(before, indent);
  const above = outlineYaml(lines.slice(0, line));
  if (key !== undefined && character >= key.valueStart) {
    const parent = parentAt(above, key.column, false);
    return { kind: 'value', path: [...parent, key.name], start: key.valueStart };
  }
  const dash = /^\s*-\s+/.exec(before)?.[0].length;
  if (dash !== undefined) return { kind: 'item', path: parentAt(above, indent, true), start: dash };
  return { kind: 'key', parent: parentAt(above, indent, false), start: indent };
}

interface OpenKey {
  readonly indent: number;
  readonly path: readonly string[];
}

/** A list may stand at the column of its own key; everything else that is not further in ends the key. */
function closeTo(open: OpenKey[], column: number, isItem: boolean): void {
  for (let last = open.at(-1); last !== undefined; last = open.at(-1)) {
    if (isItem ? last.indent <= column : last.indent < column) return;
    open.pop();
  }
}

function parentAt(above: readonly OutlineEntry[], column: number, isItem: boolean): readonly string[] {
  const open: OpenKey[] = [];
  for (const { path, keyStart } of above) {
    closeTo(open, keyStart, false);
    open.push({ indent: keyStart, path });
  }
  closeTo(open, column, isItem);
  return open.at(-1)?.path ?? [];
}

interface Key {
  readonly name: string;
  /** Column that counts as the mapping's indentation. */
  readonly column: number;
  readonly start: number;
  readonly end: number;
  readonly valueStart: number;
  readonly value: string;
}

function readKey(text: string, indent: number): Key | undefined {
  const start = indent + (/^(?:-\s+)+/.exec(text.slice(indent))?.[0].length ?? 0);
  const mark = text[start];
  const quoted = mark === '"' || mark === "'";
  const close = quoted ? text.indexOf(mark, start + 1) : start;
  if (close < 0) return undefined;
  const colon = text.slice(close).search(/:(?=\s|$)/);
  if (colon < 0 || text.slice(close, close + colon).includes(' #')) return undefined;
  const end = quoted ? close + 1 : close + text.slice(close, close + colon).trimEnd().length;
  const after = text.slice(close + colon + 1);
  const valueStart = text.length - after.trimStart().length;
  const name = quoted ? text.slice(start + 1, close) : text.slice(start, end);
  return { name, column: start, start, end, valueStart, value: after.trim() };
}

function indentOf(text: string): number {
  return text.length - text.trimStart().length;
}
