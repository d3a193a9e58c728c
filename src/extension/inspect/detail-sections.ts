import * as vscode from 'vscode';
import { formatBytes } from '../../core/index.ts';
import type { GridColumn, GridView, Mark, SectionView, TableView } from '../../webview/contract.ts';
import {
  branchesOf,
  cellText,
  countsOf,
  type Details,
  headingText,
  isEmpty,
  isRecord,
  leavesOf,
  recordsOf,
  shapeText,
  valueText,
} from './detail-values.ts';
import { type Histogram, modelPictures } from './model-pictures.ts';
import { signatureRows } from './signature-rows.ts';
import { type TensorRow, tensorRows } from './tensor-shares.ts';

/** Rows of a plain table; longer lists are grids. */
const MAX_TABLE_ROWS = 24;

/** What a reader saw in a model beyond its metadata, by the names that every reader uses. */
export function detailSections(details: Details): readonly SectionView[] {
  const { inputs, outputs, tensors, tensor_count, dtypes, operators, layers } = details;
  const { imports, steps, keys, signatures, opsets } = details;
  const rows = tensorRows(tensors, vscode.l10n.t('scalar'));
  return [
    ...valueSection(vscode.l10n.t('Inputs'), inputs),
    ...valueSection(vscode.l10n.t('Outputs'), outputs),
    ...modelPictures(rows, histograms(layers, operators)),
    ...listSection(vscode.l10n.t('Steps'), steps),
    ...importGrid(imports),
    ...listSection(vscode.l10n.t('Layers'), layers),
    ...tensorGrid(rows, tensor_count),
    ...(rows.length === 0 ? countGrid(vscode.l10n.t('Tensors by type'), dtypes) : []),
    ...countGrid(vscode.l10n.t('Operators'), operators),
    ...signatureGrid(signatures),
    ...pairsSection(vscode.l10n.t('Keys'), keys, false),
    ...pairsSection(vscode.l10n.t('Opsets'), opsets, false),
  ];
}

function valueSection(title: string, values: unknown): readonly SectionView[] {
  const rows = recordsOf(values).map(({ name, dtype, shape }) => [
    valueText(name),
    valueText(dtype),
    shapeText(shape, vscode.l10n.t('scalar')),
  ]);
  if (rows.length === 0) return [];
  const columns = [vscode.l10n.t('Name'), vscode.l10n.t('Type'), vscode.l10n.t('Shape')];
  if (rows.length > MAX_TABLE_ROWS) return [gridOf(title, columns, rows)];
  return [{ kind: 'table', title, columns, rows, half: true }];
}

function tensorGrid(rows: readonly TensorRow[], count: unknown): readonly GridView[] {
  if (rows.length === 0) return [];
  const sized = rows.some(({ bytes }) => bytes !== undefined);
  const columns: GridColumn[] = [
    { title: vscode.l10n.t('Name'), cells: rows.map(({ name }) => name) },
    { title: vscode.l10n.t('Type'), cells: rows.map(({ dtype }) => dtype) },
    { title: vscode.l10n.t('Shape'), cells: rows.map(({ shape }) => shape) },
    amountColumn(
      vscode.l10n.t('Elements'),
      rows.map(({ elements }) => elements),
      (elements) => elements.toLocaleString('en'),
    ),
  ];
  if (sized) {
    const bytes = rows.map((row) => row.bytes);
    columns.push(amountColumn(vscode.l10n.t('Size'), bytes, formatBytes));
  }
  const more = typeof count === 'number' ? count - rows.length : 0;
  const note = more > 0 ? { note: vscode.l10n.t('and {0} more', more.toLocaleString('en')) } : {};
  return [{ kind: 'grid', title: vscode.l10n.t('Tensors'), columns, ...note }];
}

function amountColumn(
  title: string,
  amounts: readonly (number | undefined)[],
  say: (amount: number) => string,
): GridColumn {
  return {
    title,
    cells: amounts.map((amount) => (amount === undefined ? '' : say(amount))),
    amounts: amounts.map((amount) => amount ?? -1),
  };
}

/** Operators, or layers by type, with their counts as bars. */
function countGrid(title: string, value: unknown): readonly GridView[] {
  const counts = countsOf(value);
  if (counts.length === 0) return [];
  const amounts = counts.map(([, count]) => count);
  const counted = amountColumn(vscode.l10n.t('Count'), amounts, (count) => count.toLocaleString('en'));
  const names = { title: vscode.l10n.t('Name'), cells: counts.map(([name]) => cellText(name)) };
  return [{ kind: 'grid', title, columns: [names, { ...counted, bars: true }] }];
}

const MARKS: Readonly<Record<string, Mark>> = { allowed: 'good', unknown: 'doubtful', dangerous: 'bad' };
/** The worst first. */
const VERDICTS = ['dangerous', 'unknown', 'allowed'];

function importGrid(imports: unknown): readonly GridView[] {
  const rows = recordsOf(imports)
    .map(({ module, name, verdict }) => ({
      name: cellText(`${String(module)}.${String(name)}`),
      verdict: String(verdict),
    }))
    .sort((a, b) => VERDICTS.indexOf(a.verdict) - VERDICTS.indexOf(b.verdict));
  if (rows.length === 0) return [];
  const columns: GridColumn[] = [
    { title: vscode.l10n.t('Name'), cells: rows.map(({ name }) => name) },
    {
      title: vscode.l10n.t('Verdict'),
      cells: rows.map(({ verdict }) => verdictText(verdict)),
      marks: rows.map(({ verdict }) => MARKS[verdict] ?? 'doubtful'),
    },
  ];
  return [{ kind: 'grid', title: vscode.l10n.t('Imports'), columns }];
}

function verdictText(verdict: string): string {
  switch (verdict) {
    case 'allowed':
      return vscode.l10n.t('usual');
    case 'unknown':
      return vscode.l10n.t('unknown');
    case 'dangerous':
      return vscode.l10n.t('dangerous');
    default:
      return cellText(verdict);
  }
}

function signatureGrid(signatures: unknown): readonly GridView[] {
  const rows = signatureRows(signatures).map(({ signature, isInput, name, dtype, shape }) => [
    cellText(signature),
    isInput ? vscode.l10n.t('input') : vscode.l10n.t('output'),
    cellText(name),
    cellText(dtype),
    shapeText(shape, vscode.l10n.t('scalar')),
  ]);
  if (rows.length === 0) return [];
  const columns = [
    vscode.l10n.t('Signature'),
    vscode.l10n.t('Direction'),
    vscode.l10n.t('Name'),
    vscode.l10n.t('Type'),
    vscode.l10n.t('Shape'),
  ];
  return [gridOf(vscode.l10n.t('Signatures'), columns, rows)];
}

/** A list of objects, a column a key; or counts; or plain values. */
function listSection(title: string, value: unknown): readonly SectionView[] {
  const counted = countGrid(title, value);
  if (counted.length > 0) return counted;
  const records = recordsOf(value);
  if (!Array.isArray(value) || records.length !== value.length) return pairsSection(title, value, false);
  if (records.length === 0) return [];
  const branches = branchesOf(records);
  const keys = [...new Set(branches.flatMap(({ record }) => Object.keys(record)))].slice(0, MAX_COLUMNS);
  const rows = branches.map(({ record, depth }) =>
    keys.map((key, column) => {
      const said = key === 'shape' ? shapeText(record[key]) : valueText(record[key]);
      return column === 0 ? INDENT.repeat(depth) + said : said;
    }),
  );
  return [gridOf(title, keys.map(headingText), rows)];
}

/** Before what is a part of the row above. */
const INDENT = '\u2003';

/** Columns of a list of objects; what has more is for other tools. */
const MAX_COLUMNS = 6;

/** Entries of a list of counts that is seen whole, with bars of its own: a picture would say the same. */
const SHORT_LIST = 14;

function histograms(layers: unknown, operators: unknown): readonly Histogram[] {
  const long = (counts: Histogram['counts']) => (counts.length > SHORT_LIST ? counts : []);
  return [
    { title: vscode.l10n.t('Layers by type'), counts: layerCounts(layers) },
    { title: vscode.l10n.t('Layers by type'), counts: long(countsOf(layers)) },
    { title: vscode.l10n.t('Operators by count'), counts: long(countsOf(operators)) },
  ];
}

/** How many layers there are of each class or type. */
function layerCounts(layers: unknown): readonly (readonly [string, number])[] {
  const counts = new Map<string, number>();
  for (const { class: named, type, class_name } of recordsOf(layers)) {
    const kind = [named, type, class_name].find((name) => typeof name === 'string');
    if (typeof kind === 'string') counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return [...counts];
}

/** What only some readers know: short values together in one table, lists and objects each in their own. */
export function otherSections(details: Details): readonly SectionView[] {
  const { inputs, outputs, tensors, tensor_count, dtypes, operators, layers, ...others } = details;
  const { imports, steps, keys, signatures, opsets, metadata, ...rest } = others;
  const short: string[][] = [];
  const own = vscode.l10n.t('What the file says of itself');
  const long = [
    ...(recordsOf(metadata).length > 0 ? listSection(own, metadata) : pairsSection(own, metadata, true)),
  ];
  for (const [key, value] of Object.entries(rest)) {
    if (isEmpty(value)) continue;
    if (isShort(value)) short.push([cellText(key), valueText(value)]);
    else if (recordsOf(value).length > 0) long.push(...listSection(headingText(key), value));
    else long.push(...pairsSection(headingText(key), value, true));
  }
  if (short.length === 0) return long;
  const more: TableView = {
    kind: 'table',
    title: vscode.l10n.t('More'),
    columns: [],
    rows: short,
    collapsed: true,
  };
  return [...long, more];
}

/** Characters of a list that stands in one line. */
const MAX_LINE = 100;

function isShort(value: unknown): boolean {
  if (!Array.isArray(value)) return !isRecord(value);
  return recordsOf(value).length === 0 && valueText(value).length <= MAX_LINE;
}

/** An object by its keys, a list by its indexes. */
function pairsSection(title: string, value: unknown, collapsed: boolean): readonly SectionView[] {
  if (isEmpty(value)) return [];
  const rows = leavesOf(isRecord(value) || Array.isArray(value) ? value : { [title]: value });
  if (rows.length <= MAX_TABLE_ROWS) return [{ kind: 'table', title, columns: [], rows, collapsed }];
  return [gridOf(title, [vscode.l10n.t('Name'), vscode.l10n.t('Value')], rows)];
}

function gridOf(title: string, titles: readonly string[], rows: readonly (readonly string[])[]): GridView {
  const columns = titles.map((name, index) => ({ title: name, cells: rows.map((row) => row[index] ?? '') }));
  return { kind: 'grid', title, columns };
}
