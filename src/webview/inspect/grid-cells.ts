/// <reference lib="dom" />
import type { GridColumn, GridView } from '../contract.ts';
import { element } from './element.ts';

/** Characters of the widest column that is not the one that takes what is left. */
const MAX_FITTED = 40;
/** Characters that the column which takes what is left has at least. */
const LEAST_STRETCHED = 22;
/** Characters that a column is wider than its text: its padding, and the sign of sorting. */
const SPARE = 4;
/** Characters that a sign takes, and bold text beyond plain. */
const MARK = 4;

/** The columns of a grid, the same for every row. */
export interface GridWidths {
  /** For `grid-template-columns`. */
  readonly columns: string;
  /** Characters of a row at least; a narrower page scrolls. */
  readonly least: number;
}

/** Each column is as wide as its longest text; one takes what is left: the last if it is text or bars, else the first. */
export function gridWidths({ columns }: GridView): GridWidths {
  const last = columns.at(-1);
  const isLast = last !== undefined && (last.bars || (last.amounts ?? last.marks) === undefined);
  const stretched = isLast ? columns.length - 1 : 0;
  const widths = columns.map((column, index) =>
    index === stretched ? LEAST_STRETCHED : fittedWidth(column),
  );
  return {
    columns: widths
      .map((width, index) => (index === stretched ? `minmax(${width}ch, 1fr)` : `${width}ch`))
      .join(' '),
    least: widths.reduce((sum, width) => sum + width, 0),
  };
}

function fittedWidth(column: GridColumn): number {
  const longest = Math.min(MAX_FITTED, Math.max(column.title.length, longestOf(column)));
  return longest + SPARE + (column.marks === undefined ? 0 : MARK);
}

function longestOf({ cells }: GridColumn): number {
  return cells.reduce((longest, { length }) => Math.max(longest, length), 0);
}

/** The largest amount of each column, for bars. */
export function mostOf({ columns }: GridView): readonly number[] {
  return columns.map(({ amounts = [] }) => amounts.reduce((most, amount) => Math.max(most, amount), 1));
}

/**
 * @param at where the row stands in the list as it is shown; the heading is row 1
 * @param most {@link mostOf} the grid
 */
export function drawRow(
  { columns }: GridView,
  index: number,
  at: number,
  most: readonly number[],
): HTMLElement {
  const cells = columns.map((column, number) => drawCell(column, index, number, most[number] ?? 1));
  return element('div', { class: 'row', role: 'row', 'aria-rowindex': String(at + 2) }, ...cells);
}

function drawCell(column: GridColumn, index: number, number: number, most: number): HTMLElement {
  const text = column.cells[index] ?? '';
  const mark = column.marks?.[index];
  const amount = column.amounts?.[index];
  return element(
    'div',
    {
      class: ['cell', amount === undefined ? '' : 'amount', mark ?? ''].join(' ').trim(),
      role: 'gridcell',
      'aria-colindex': String(number + 1),
      tabindex: '-1',
      title: text,
    },
    ...(column.bars && amount !== undefined ? [barOf(amount / most)] : []),
    element('span', { class: 'text' }, text),
  );
}

function barOf(share: number): HTMLElement {
  const bar = element('span', { class: 'bar', 'aria-hidden': 'true' });
  bar.style.inlineSize = `${Math.max(1, Math.round(share * 100))}%`;
  return element('span', { class: 'track', 'aria-hidden': 'true' }, bar);
}
