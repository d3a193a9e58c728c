import { escapeControls } from '../../core/index.ts';

/** Plain JSON data as readers put it into `details`. */
export type Details = Readonly<Record<string, unknown>>;

/** Longest text of a cell, characters. */
const MAX_CELL_CHARACTERS = 300;

export function isRecord(value: unknown): value is Details {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The objects of a list; none for anything else. */
export function recordsOf(value: unknown): readonly Details[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

export function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === '') return true;
  if (Array.isArray(value)) return value.length === 0;
  return isRecord(value) && Object.keys(value).length === 0;
}

/** An object of a list, and how many others it is within. */
export interface Branch {
  readonly record: Details;
  readonly depth: number;
}

/** Nesting of lists that is shown; a class tree has a few levels. */
const MAX_BRANCH_DEPTH = 16;

/** The objects of a list, each followed by those of a list within it. */
export function branchesOf(records: readonly Details[], depth = 0): readonly Branch[] {
  if (depth > MAX_BRANCH_DEPTH) return [];
  return records.flatMap((record) => {
    const own = Object.entries(record).filter(([, value]) => recordsOf(value).length === 0);
    const within = Object.values(record).flatMap((value) => branchesOf(recordsOf(value), depth + 1));
    return [{ record: Object.fromEntries(own), depth }, ...within];
  });
}

/** The entries of an object whose values are all counts: operators by name, layers by class. */
export function countsOf(value: unknown): readonly (readonly [string, number])[] {
  if (!isRecord(value)) return [];
  const entries = Object.entries(value);
  const counts = entries.flatMap(([name, count]) =>
    typeof count === 'number' && Number.isFinite(count) ? [[name, count] as const] : [],
  );
  return counts.length === entries.length ? counts : [];
}

/** Nesting of an object that is shown key by key; deeper values are one text. */
const MAX_DEPTH = 4;

/** What an object holds, by path: `{env: {conda: 'c.yaml'}}` → `env.conda: c.yaml`. A list goes by its indexes. */
export function leavesOf(value: Details | readonly unknown[]): readonly (readonly [string, string])[] {
  const leaves: (readonly [string, string])[] = [];
  const visit = (path: string, member: unknown, depth: number) => {
    if (!isRecord(member) || isDescribed(member) || depth >= MAX_DEPTH)
      leaves.push([path, valueText(member)]);
    else
      for (const [key, inner] of Object.entries(member)) visit(`${path}.${cellText(key)}`, inner, depth + 1);
  };
  for (const [key, member] of Object.entries(value)) visit(cellText(key), member, 1);
  return leaves;
}

/** A value in one line. Lists and objects that readers describe by type, shape and length are said in their way. */
export function valueText(value: unknown): string {
  if (typeof value === 'string') return cellText(value);
  if (value === undefined || value === null) return '';
  if (isRecord(value)) return cellText(describe(value));
  return cellText(
    Array.isArray(value) && value.every((item) => typeof item !== 'object')
      ? value.join(', ')
      : JSON.stringify(value),
  );
}

/** `{type: 'STRING', length: 100}` → `STRING × 100`, `{class, dtype, shape}` → `numpy.ndarray F64 (3 × 4)`. */
function describe(value: Details): string {
  if (!isDescribed(value)) {
    return leavesOf(value)
      .map(([path, text]) => `${path}: ${text}`)
      .join(', ');
  }
  const { class: named, global, type, dtype, shape, length } = value;
  const known = [named, global, type, dtype].filter((part) => typeof part === 'string');
  const size = Array.isArray(shape)
    ? ` (${shapeText(shape)})`
    : typeof length === 'number'
      ? ` × ${length}`
      : '';
  return known.join(' ') + size;
}

function isDescribed(value: Details): boolean {
  const { class: named, global, type, dtype, shape: _, length: __, ...rest } = value;
  return (
    [named, global, type, dtype].some((part) => typeof part === 'string') && Object.keys(rest).length === 0
  );
}

/** `[3, null, 'batch']` → `3 × ? × batch`; a scalar has no dimensions. */
export function shapeText(shape: unknown, scalar = ''): string {
  if (!Array.isArray(shape)) return '';
  if (shape.length === 0) return scalar;
  return shape.map((size) => (size === null ? '?' : cellText(String(size)))).join(' × ');
}

/** Foreign text for a cell: controls shown, and cut. */
export function cellText(text: string): string {
  const cut = text.length > MAX_CELL_CHARACTERS ? `${text.slice(0, MAX_CELL_CHARACTERS)}…` : text;
  return escapeControls(cut);
}

/** `metadata_props` → `Metadata props`. */
export function headingText(key: string): string {
  const words = cellText(key).replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
