/// <reference lib="dom" />
import type { GridColumn } from '../contract.ts';
import { element } from './element.ts';
import type { Sorting } from './grid-order.ts';

/** The row of headings. A click, Enter or Space on one sorts by it. */
export class GridHeading {
  readonly root: HTMLElement;
  readonly #cells: readonly HTMLElement[];

  constructor(columns: readonly GridColumn[], sort: (column: number) => void) {
    this.#cells = columns.map((column, index) => drawHeading(column, index, sort));
    this.root = element('div', { class: 'row', role: 'row', 'aria-rowindex': '1' }, ...this.#cells);
  }

  mark(sorting: Sorting | undefined): void {
    for (const [index, cell] of this.#cells.entries()) {
      cell.setAttribute('aria-sort', sorting?.column === index ? sorting.direction : 'none');
    }
  }
}

function drawHeading(
  { title, amounts, bars }: GridColumn,
  index: number,
  sort: (column: number) => void,
): HTMLElement {
  const cell = element(
    'div',
    {
      class: amounts === undefined || bars ? 'cell' : 'cell amount',
      role: 'columnheader',
      'aria-colindex': String(index + 1),
      'aria-sort': 'none',
      tabindex: '-1',
    },
    element('span', {}, title),
  );
  cell.addEventListener('click', () => sort(index));
  cell.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    sort(index);
  });
  return cell;
}
