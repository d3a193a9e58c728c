import * as vscode from 'vscode';
import { escapeControls, formatBytes } from '../../core/index.ts';
import type { TableView } from '../../webview/contract.ts';

type Details = Readonly<Record<string, unknown>>;

/** Rows of one table; what is beyond is counted below it. A browser draws some thousand rows at once, not a million. */
const MAX_ROWS = 200;
/** Longest text of a cell, characters. */
const MAX_CELL_CHARACTERS = 200;

/** What a reader saw in a model beyond its metadata, as tables: those that every reader names alike, then the rest. */
export function detailTables(details: Details): readonly TableView[] {
  const { inputs, outputs, tensors, tensor_count, operators, imports, ...rest } = details;
  return [
    ...valueTable(vscode.l10n.t('Inputs'), inputs, true),
    ...valueTable(vscode.l10n.t('Outputs'), outputs, true),
    ...tensorTable(tensors, tensor_count),
    ...operatorTable(operators),
    ...importTable(imports),
    ...otherTables(rest),
  ];
}

function valueTable(title: string, values: unknown, half: boolean): readonly TableView[] {
  const rows = records(values).map((value) => [text(value.name), text(value.dtype), shapeText(value.shape)]);
  if (rows.length === 0) return [];
  const columns = [vscode.l10n.t('Name'), vscode.l10n.t('Type'), vscode.l10n.t('Shape')];
  return [{ title, columns, half, ...limited(rows, rows.length) }];
}

function tensorTable(tensors: unknown, count: unknown): readonly TableView[] {
  const all = records(tensors);
  if (all.length === 0) return [];
  const sized = all.some(({ bytes }) => typeof bytes === 'number');
  const rows = all.map((tensor) => {
    const cells = [text(tensor.name), text(tensor.dtype), shapeText(tensor.shape)];
    return sized ? [...cells, typeof tensor.bytes === 'number' ? formatBytes(tensor.bytes) : ''] : cells;
  });
  const columns = [vscode.l10n.t('Name'), vscode.l10n.t('Type'), vscode.l10n.t('Shape')];
  const total = typeof count === 'number' ? count : rows.length;
  return [
    {
      title: vscode.l10n.t('Tensors'),
      columns: sized ? [...columns, vscode.l10n.t('Size')] : columns,
      ...limited(rows, total),
    },
  ];
}

function operatorTable(operators: unknown): readonly TableView[] {
  if (!isRecord(operators) || Object.keys(operators).length === 0) return [];
  const rows = Object.entries(operators).map(([name, count]) => [text(name), text(count)]);
  const columns = [vscode.l10n.t('Operator'), vscode.l10n.t('Count')];
  return [{ title: vscode.l10n.t('Operators'), columns, bars: 1, ...limited(rows, rows.length) }];
}

function importTable(imports: unknown): readonly TableView[] {
  const rows = records(imports).map(({ module, name, verdict }) => [
    text(`${module}.${name}`),
    text(verdict),
  ]);
  if (rows.length === 0) return [];
  const columns = [vscode.l10n.t('Name'), vscode.l10n.t('Verdict')];
  return [{ title: vscode.l10n.t('Imports'), columns, ...limited(rows, rows.length) }];
}

/** What only some readers know: short values together in one table, lists and objects each in their own. */
function otherTables(rest: Details): readonly TableView[] {
  const short: string[][] = [];
  const long: TableView[] = [];
  for (const [key, value] of Object.entries(rest)) {
    if (isEmpty(value)) continue;
    if (Array.isArray(value) || isRecord(value)) long.push(...nestedTable(key, value));
    else short.push([text(key), text(value)]);
  }
  if (short.length === 0) return long;
  return [
    { title: vscode.l10n.t('More'), columns: [], ...limited(short, short.length), collapsed: true },
    ...long,
  ];
}

function nestedTable(key: string, value: readonly unknown[] | Details): readonly TableView[] {
  const rows = Array.isArray(value)
    ? value.map((item, index) => [String(index), text(item)])
    : Object.entries(value).map(([name, member]) => [text(name), text(member)]);
  return [{ title: heading(key), columns: [], ...limited(rows, rows.length), collapsed: true }];
}

/** `metadata_props` → `Metadata props`. */
function heading(key: string): string {
  const words = text(key).replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function limited(rows: readonly (readonly string[])[], total: number): Pick<TableView, 'rows' | 'note'> {
  const shown = rows.slice(0, MAX_ROWS);
  const more = total - shown.length;
  return more > 0
    ? { rows: shown, note: vscode.l10n.t('and {0} more', more.toLocaleString('en')) }
    : { rows: shown };
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === '') return true;
  if (Array.isArray(value)) return value.length === 0;
  return isRecord(value) && Object.keys(value).length === 0;
}

function isRecord(value: unknown): value is Details {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function records(value: unknown): readonly Details[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

function shapeText(shape: unknown): string {
  if (!Array.isArray(shape)) return '';
  return shape.length === 0
    ? vscode.l10n.t('scalar')
    : shape.map((size) => (size === null ? '?' : text(size))).join(' × ');
}

function text(value: unknown): string {
  const plain = typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value);
  const cut = plain.length > MAX_CELL_CHARACTERS ? `${plain.slice(0, MAX_CELL_CHARACTERS)}…` : plain;
  return escapeControls(cut);
}
