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

function body({ rows, columns }: TableView): readonly HTMLElement[] {
  return rows.map((row) =>
    element(
      'tr',
      {},
      ...row.map((cell, index) =>
        columns.length === 0 && index === 0 ? element('th', { scope: 'row' }, cell) : textCell(cell),
      ),
    ),
  );
}

/** Longest text that is never broken, characters: a size with its unit, a type. */
const UNBROKEN = 12;

function textCell(text: string): HTMLElement {
  return element('td', text.length <= UNBROKEN ? { class: 'short' } : {}, text);
}
