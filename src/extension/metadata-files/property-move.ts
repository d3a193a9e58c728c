import { type OutlineEntry, outlineYaml } from './yaml-outline.ts';

/** Whole lines to take out, and lines to put before another line; both by their numbers in the old text. */
export interface PropertyMove {
  readonly from: number;
  /** The line after the last one. */
  readonly to: number;
  readonly before: number;
  readonly lines: readonly string[];
  /** Line whose value (`{}`, `null`) goes, and the column where it begins. */
  readonly emptied?: { readonly line: number; readonly column: number };
}

const FIELD = 'customProperties';

/**
 * Moves a top-level key, with everything that belongs to it, to the head of `customProperties`: there it keeps its
 * place in the artifact, where unknown keys come first. Undefined where `customProperties` is written in a way that
 * lines cannot be put into.
 */
export function movePropertyLines(lines: readonly string[], keyLine: number): PropertyMove | undefined {
  const outline = outlineYaml(lines);
  const top = outline.filter(({ path }) => path.length === 1);
  const entry = top.find(({ line }) => line === keyLine);
  const name = entry?.path[0];
  if (entry === undefined || name === FIELD) return undefined;
  const isThere = outline.some(({ path }) => path.length === 2 && path[0] === FIELD && path[1] === name);
  if (isThere) return undefined;
  const to = blockEnd(lines, top, entry);
  const target = top.find(({ path }) => path[0] === FIELD);
  const indent = indentInside(outline);
  const block = lines.slice(keyLine, to).map((text) => (text.trim() === '' ? text : indent + text));
  const move = { from: keyLine, to };
  if (target === undefined) return { ...move, before: keyLine, lines: [`${FIELD}:`, ...block] };
  const value = target.value.replace(/(?:^|\s)#.*$/, '').trim();
  if (value === '') return { ...move, before: target.line + 1, lines: block };
  if (!['{}', 'null', '~'].includes(value)) return undefined;
  const emptied = { line: target.line, column: target.valueStart };
  return { ...move, before: target.line + 1, lines: block, emptied };
}

/** The block ends before the next key, whose own comments stay with it. */
function blockEnd(lines: readonly string[], top: readonly OutlineEntry[], entry: OutlineEntry): number {
  const next = top.find(({ line }) => line > entry.line)?.line ?? lines.length;
  let end = next;
  while (end > entry.line + 1 && /^(?:\s*|#.*)$/.test(lines[end - 1] ?? '')) end -= 1;
  return end;
}

function indentInside(outline: readonly OutlineEntry[]): string {
  const inside = outline.find(({ path }) => path.length === 2 && path[0] === FIELD);
  return ' '.repeat(inside?.keyStart ?? 2);
}
