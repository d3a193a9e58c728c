/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import type { GridView, PageWords } from '../contract.ts';
import { element } from './element.ts';
import { drawRow, gridWidths, mostOf } from './grid-cells.ts';
import { GridHeading } from './grid-heading.ts';
import { type GridPlace, moveFocus } from './grid-keys.ts';
import { GridOrder, nextSorting, type Sorting } from './grid-order.ts';
import { rowWindow, scrollTo } from './grid-window.ts';

/** Pixels; `--row` in grid.css is the same. */
const ROW_HEIGHT = 28;
/** Rows that are seen at once; longer lists scroll. */
const MAX_SEEN_ROWS = 14;

/**
 * A list that is drawn only where it is seen, with one tab stop: arrows, page keys, Home and End walk through it, Enter
 * on a heading sorts.
 */
export class Grid {
  readonly root: HTMLElement;
  /** The text of the focused cell, where the cell is too narrow for it. */
  readonly whole = element('p', { class: 'whole', 'aria-hidden': 'true' });
  readonly #view: GridView;
  readonly #words: PageWords;
  readonly #most: readonly number[];
  readonly #order: GridOrder;
  readonly #heading: GridHeading;
  readonly #body = element('div', { class: 'rows', role: 'rowgroup' });
  readonly #drawn = new Map<number, HTMLElement>();
  #shown: Uint32Array;
  #filter = '';
  #sorting: Sorting | undefined;
  #place: GridPlace = { row: 1, column: 0 };

  constructor(view: GridView, words: PageWords) {
    this.#view = view;
    this.#words = words;
    this.#most = mostOf(view);
    this.#order = new GridOrder(view);
    this.#shown = this.#order.rowsOf('');
    this.#heading = new GridHeading(view.columns, (column) => this.#sort(column));
    const { columns, title } = view;
    this.root = element(
      'div',
      { class: 'grid', role: 'grid', 'aria-label': title, 'aria-colcount': String(columns.length) },
      element('div', { role: 'rowgroup', class: 'head' }, this.#heading.root),
      this.#body,
    );
    // Through the object model: a `style` attribute would be refused by the content security policy.
    const widths = gridWidths(view);
    this.root.style.setProperty('--columns', widths.columns);
    this.root.style.setProperty('--least', `${widths.least}ch`);
    this.root.style.setProperty('--seen', String(Math.min(this.#shown.length, MAX_SEEN_ROWS)));
    this.#listen();
    this.#reset();
  }

  /** Rows that are shown under the filter. */
  get shown(): number {
    return this.#shown.length;
  }

  filter(text: string): void {
    this.#filter = text;
    this.#update();
    this.root.scrollTop = 0;
    this.#reset();
  }

  /** Gives the focus to the list. */
  focus(): void {
    this.#focusPlace();
  }

  #listen(): void {
    this.root.addEventListener('scroll', () => requestAnimationFrame(() => this.#draw()), { passive: true });
    this.root.addEventListener('keydown', (event) => this.#press(event));
    this.root.addEventListener('focusin', ({ target }) => this.#focused(target));
    this.root.addEventListener('focusout', () => this.whole.replaceChildren());
    this.root.addEventListener('copy', (event) => this.#copy(event));
    new ResizeObserver(() => this.#draw()).observe(this.root);
  }

  #sort(column: number): void {
    const view = this.#view.columns[column];
    if (view === undefined) return;
    this.#sorting = nextSorting(this.#sorting, column, view);
    this.#heading.mark(this.#sorting);
    this.#update();
  }

  /** Looks up the rows anew, and draws them. */
  #update(): void {
    this.#shown = this.#order.rowsOf(this.#filter, this.#sorting);
    this.#body.replaceChildren();
    this.#drawn.clear();
    this.#draw();
  }

  #reset(): void {
    this.#place = { row: Math.min(1, this.#shown.length), column: 0 };
    this.root.setAttribute('aria-rowcount', String(this.#shown.length + 1));
    this.#draw();
  }

  #draw(): void {
    const rows = this.#shown.length;
    this.#body.style.blockSize = `${Math.max(rows, 1) * ROW_HEIGHT}px`;
    const { first, end } = rowWindow(this.#scroll(), ROW_HEIGHT, rows);
    const wanted = new Set([this.#place.row - 1]);
    for (let at = first; at < end; at += 1) wanted.add(at);
    for (const [at, row] of this.#drawn) {
      if (wanted.has(at)) continue;
      row.remove();
      this.#drawn.delete(at);
    }
    for (const at of wanted) this.#drawAt(at);
    if (rows === 0) this.#body.replaceChildren(element('p', { class: 'none' }, this.#words.noMatch));
    this.#markPlace();
  }

  #drawAt(at: number): void {
    const index = this.#shown[at];
    if (index === undefined || this.#drawn.has(at)) return;
    const row = drawRow(this.#view, index, at, this.#most);
    row.style.insetBlockStart = `${at * ROW_HEIGHT}px`;
    this.#drawn.set(at, row);
    this.#body.append(row);
  }

  #scroll() {
    return { top: this.root.scrollTop, height: Math.max(0, this.root.clientHeight - ROW_HEIGHT) };
  }

  #press(event: KeyboardEvent): void {
    if (event.altKey || event.metaKey || event.shiftKey) return;
    const { height } = this.#scroll();
    const size = {
      rows: this.#shown.length,
      columns: this.#view.columns.length,
      page: Math.floor(height / ROW_HEIGHT) - 1,
    };
    const place = moveFocus(event, this.#place, size);
    if (place === undefined) return;
    event.preventDefault();
    this.#place = place;
    this.#focusPlace();
  }

  #focusPlace(): void {
    if (this.#place.row > 0) this.root.scrollTop = scrollTo(this.#place.row - 1, this.#scroll(), ROW_HEIGHT);
    this.#draw();
    this.#cellAt(this.#place)?.focus({ preventScroll: true });
    // The list is scrolled by rows above; the page is where a list that is partly out of sight is not.
    this.#cellAt(this.#place)?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }

  #focused(target: EventTarget | null): void {
    if (!(target instanceof HTMLElement)) return;
    const cell = target.closest<HTMLElement>('[aria-colindex]');
    const row = cell?.closest<HTMLElement>('[aria-rowindex]');
    if (cell === null || row === null || row === undefined) return;
    this.#place = {
      row: Number(row.getAttribute('aria-rowindex')) - 1,
      column: Number(cell.getAttribute('aria-colindex')) - 1,
    };
    this.#markPlace();
    const cut = cell.scrollWidth > cell.clientWidth;
    this.whole.replaceChildren(cut ? (cell.textContent ?? '') : '');
  }

  /** One cell can be tabbed to: the one that has the focus, or will have it. */
  #markPlace(): void {
    for (const cell of this.root.querySelectorAll('[tabindex="0"]')) cell.setAttribute('tabindex', '-1');
    this.#cellAt(this.#place)?.setAttribute('tabindex', '0');
  }

  #cellAt({ row, column }: GridPlace): HTMLElement | undefined {
    const cells = row === 0 ? this.#heading.root.children : this.#drawn.get(row - 1)?.children;
    const cell = cells?.[column];
    return cell instanceof HTMLElement ? cell : undefined;
  }

  /** Copies the focused cell where no text is selected. */
  #copy(event: ClipboardEvent): void {
    if (event.clipboardData === null || !(window.getSelection()?.isCollapsed ?? true)) return;
    event.clipboardData.setData('text/plain', this.#cellAt(this.#place)?.textContent ?? '');
    event.preventDefault();
  }
}
