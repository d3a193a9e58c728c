/// <reference lib="dom" />
import type { GridColumn, GridView } from '../contract.ts';
import { element } from './element.ts';

/** Characters of the widest column that is as wide as its text; others share what is left. */
const MAX_FITTED = 26;
/** Characters that a column is wider than its text: its padding, and the sign of sorting. */
const SPARE = 4;
/** Characters that a sign takes, and bold text beyond plain. */
const MARK = 4;

/** Widths of the columns for `grid-template-columns`: the same for every row, by the longest text. */
export function gridTemplate({ columns }: GridView): string {
  return columns
    .map((column, index) => {
      if (column.bars) return 'minmax(18ch, 1fr)';
      const longest = Math.max(column.title.length, longestOf(column));
      if (index === 0 || longest > MAX_FITTED) return 'minmax(22ch, 2fr)';
      return `${longest + SPARE + (column.marks === undefined ? 0 : MARK)}ch`;
    })
    .join(' ');
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
