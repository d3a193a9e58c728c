/// <reference lib="dom" />
import type { TableView } from '../contract.ts';
import { element } from './element.ts';

/** A table under its title; one that is collapsed opens on a click or Enter. */
export function drawTable(view: TableView): HTMLElement {
  const { title, note, rows, collapsed } = view;
  const table = element('table', { 'aria-label': title }, ...head(view), element('tbody', {}, ...body(view)));
  const below = note === undefined ? undefined : element('p', { class: 'note' }, note);
  if (!collapsed) return element('section', {}, element('h2', {}, title), table, below);
  const summary = element('summary', {}, title, element('span', { class: 'count' }, String(rows.length)));
  return element('details', {}, summary, table, below);
}

function head({ columns }: TableView): readonly HTMLElement[] {
  if (columns.length === 0) return [];
  return [
    element(
      'thead',
      {},
      element('tr', {}, ...columns.map((column) => element('th', { scope: 'col' }, column))),
    ),
  ];
}

function body(view: TableView): readonly HTMLElement[] {
  const { rows, columns, bars } = view;
  const most = bars === undefined ? 0 : Math.max(1, ...rows.map((row) => countOf(row[bars])));
  return rows.map((row) =>
    element(
      'tr',
      {},
      ...row.map((cell, index) => {
        if (columns.length === 0 && index === 0) return element('th', { scope: 'row' }, cell);
        return index === bars && most > 1 ? barCell(cell, countOf(cell) / most) : textCell(cell);
      }),
    ),
  );
}

/** Longest text that is never broken, characters: a size with its unit, a type. */
const UNBROKEN = 12;

function textCell(text: string): HTMLElement {
  return element('td', text.length <= UNBROKEN ? { class: 'short' } : {}, text);
}

function barCell(text: string, share: number): HTMLElement {
  const bar = element('span', { class: 'bar', 'aria-hidden': 'true' });
  // Through the object model: a `style` attribute would be refused by the content security policy.
  bar.style.inlineSize = `${Math.max(1, Math.round(share * 100))}%`;
  return element(
    'td',
    { class: 'bars' },
    element('span', { class: 'number' }, text),
    element('span', {}, bar),
  );
}

function countOf(cell: string | undefined): number {
  return Number((cell ?? '').replaceAll(/[^0-9.]/g, '')) || 0;
}
