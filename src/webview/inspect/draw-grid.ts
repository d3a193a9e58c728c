/// <reference lib="dom" />
import type { GridView, PageWords } from '../contract.ts';
import { element } from './element.ts';
import { Grid } from './grid.ts';

/** Rows from which on a list is filtered rather than read. */
const FILTERED_FROM = 12;

/** A list under its title, with a field to filter it where it is long. */
export function drawGrid(view: GridView, words: PageWords): HTMLElement {
  const grid = new Grid(view, words);
  const all = grid.shown;
  const heading = [
    element('h2', {}, view.title),
    element('span', { class: 'count' }, countText(all)),
    element('span', { class: 'space' }),
  ];
  const filter = all < FILTERED_FROM ? [] : drawFilter(grid, view.title, all, words);
  const note = view.note === undefined ? undefined : element('p', { class: 'note' }, view.note);
  return element(
    'section',
    {},
    element('div', { class: 'grid-top' }, ...heading, ...filter),
    grid.root,
    grid.whole,
    note,
  );
}

function drawFilter(grid: Grid, title: string, all: number, words: PageWords): readonly HTMLElement[] {
  const says = element('span', { class: 'shown', role: 'status' });
  const field = element('input', {
    type: 'search',
    class: 'filter',
    placeholder: words.filter,
    'aria-label': `${words.filter} ${title}`,
    spellcheck: 'false',
  });
  field.addEventListener('input', () => {
    grid.filter(field.value);
    const counted = words.shown.replace('{0}', countText(grid.shown)).replace('{1}', countText(all));
    says.replaceChildren(field.value.trim() === '' ? '' : counted);
  });
  field.addEventListener('keydown', (event) => {
    if (event.key !== 'ArrowDown' || grid.shown === 0) return;
    event.preventDefault();
    grid.focus();
  });
  return [says, field];
}

function countText(count: number): string {
  return count.toLocaleString('en');
}
