import { escapeControls, type Finding, formatBytes, fromPlain, worstFirst } from '../../core/index.ts';
import { formatColumns } from './columns.ts';
import { formatValue, MAX_VALUE_CHARACTERS } from './value.ts';

/** Rows of a table in a card; what is not shown is counted. The whole is in `--format json`. */
const MAX_ROWS = 8;
/** Entries of a histogram on its line. */
const MAX_COUNTS = 12;
/** Findings of a card; a file may have hundreds. */
const MAX_FINDINGS_SHOWN = 20;

type Rows = readonly (readonly string[])[];
type Details = Readonly<Record<string, unknown>>;

/** A titled table; nothing where there are no rows. */
export function section(title: string, rows: Rows): string {
  return rows.length === 0 ? '' : `\n\n${title}\n${formatColumns(rows, '  ')}`;
}

/** Details with a table of their own, in the order of a card. */
const TABLES: Readonly<Record<string, (item: Details) => readonly string[]>> = {
  inputs: signatureRow,
  outputs: signatureRow,
  steps: classRow,
  layers: classRow,
  tensors: (item) => [...signatureRow(item), typeof item.bytes === 'number' ? formatBytes(item.bytes) : ''],
};

/** What a reader found in one model: what goes in and out, what it is made of, the biggest tensors, and the rest. */
export function modelSections(details: Details): string {
  const tables = Object.entries(TABLES).map(([key, row]) => table(key, itemsOf(details[key]), row));
  const rest = Object.entries(details).filter(
    ([key, value]) => itemsOf(value).length === 0 || !(key in TABLES),
  );
  return [...tables, importsTable(details), section('Details', rest.flatMap(detailRow))].join('');
}

/** The gravest first, each with its place. */
export function findingsSection(findings: readonly Finding[]): string {
  const sorted = worstFirst(findings);
  return section(
    findings.length > MAX_FINDINGS_SHOWN
      ? `Findings (${MAX_FINDINGS_SHOWN} of ${findings.length})`
      : 'Findings',
    sorted
      .slice(0, MAX_FINDINGS_SHOWN)
      .map(({ severity, code, message, where }) => [
        severity,
        code,
        escapeControls(where === undefined ? message : `${message} (${where})`),
      ]),
  );
}

/** The items of a list that are objects. */
function itemsOf(value: unknown): readonly Details[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'object' && item !== null) : [];
}

function table(key: string, items: readonly Details[], row: (item: Details) => readonly string[]): string {
  const shown =
    key === 'tensors' ? items.toSorted((a, b) => Number(b.bytes ?? 0) - Number(a.bytes ?? 0)) : items;
  const title = key[0]?.toUpperCase() + key.slice(1);
  const more =
    items.length > MAX_ROWS
      ? ` (${MAX_ROWS} of ${items.length}${key === 'tensors' ? ', the biggest' : ''})`
      : '';
  return section(title + more, shown.slice(0, MAX_ROWS).map(row));
}

function text(value: unknown): string {
  return value === undefined || value === null ? '' : formatValue(fromPlain(value));
}

function signatureRow({ name, dtype, shape }: Details): readonly string[] {
  const sizes = Array.isArray(shape)
    ? `[${shape.map((size) => (size === null ? '?' : text(size))).join(', ')}]`
    : '';
  return [text(name), text(dtype), sizes];
}

function classRow({ name, class: className, config_class: other }: Details): readonly string[] {
  return [text(name), text(className ?? other)];
}

/** Imports that nobody vouches for; the others are only counted. */
function importsTable({ imports }: Details): string {
  const others = itemsOf(imports).filter(({ verdict }) => verdict !== 'allowed');
  return table('imports', others, ({ module, name, verdict }) => [
    text(verdict),
    `${text(module)}.${text(name)}`,
  ]);
}

function detailRow([key, value]: readonly [string, unknown]): Rows {
  const shown = detailText(value);
  return shown === '' ? [] : [[escapeControls(key), shown]];
}

/** A value that fits its line; of a larger one, how much it is. */
function detailText(value: unknown): string {
  if (Array.isArray(value)) {
    const isList = value.every((item) => typeof item === 'string' || typeof item === 'number');
    const joined = value.map(text).join(', ');
    return isList && joined.length <= MAX_VALUE_CHARACTERS
      ? joined
      : value.length === 0
        ? ''
        : `${value.length} entries`;
  }
  if (typeof value !== 'object' || value === null) return text(value);
  const entries = Object.entries(value);
  if (entries.length === 0) return '';
  if (entries.every(([, count]) => typeof count === 'number')) return countsText(entries);
  const whole = text(value);
  return whole.endsWith('…') ? `${entries.length} entries` : whole;
}

function countsText(entries: readonly (readonly [string, unknown])[]): string {
  const shown = entries.slice(0, MAX_COUNTS).map(([name, count]) => `${escapeControls(name)} ${text(count)}`);
  const more = entries.length - shown.length;
  return [...shown, ...(more > 0 ? [`${more} more`] : [])].join(', ');
}
