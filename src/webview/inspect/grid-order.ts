import type { GridColumn, GridView } from '../contract.ts';

export type Direction = 'ascending' | 'descending';

export interface Sorting {
  /** Index of the column. */
  readonly column: number;
  readonly direction: Direction;
}

/**
 * Which rows of a grid are shown, and in which order. What costs time for 100,000 rows, comparing texts and lowering
 * their case, is done once and kept.
 */
export class GridOrder {
  readonly #columns: readonly GridColumn[];
  /** Of each column that was sorted by: the place of each row; equal rows share one. */
  readonly #ranks = new Map<number, Float64Array>();
  #haystack: readonly string[] | undefined;

  constructor({ columns }: Pick<GridView, 'columns'>) {
    this.#columns = columns;
  }

  get rows(): number {
    return this.#columns[0]?.cells.length ?? 0;
  }

  /** Indexes of the rows that hold every word of the filter, in the file's order unless sorted. */
  rowsOf(filter: string, sorting?: Sorting): Uint32Array {
    const matching = this.#matching(filter);
    if (sorting === undefined) return matching;
    const ranks = this.#ranksOf(sorting.column);
    const sign = sorting.direction === 'ascending' ? 1 : -1;
    return matching.sort((a, b) => sign * ((ranks[a] ?? 0) - (ranks[b] ?? 0)) || a - b);
  }

  #matching(filter: string): Uint32Array {
    const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
    const found = new Uint32Array(this.rows);
    if (words.length === 0) return found.map((_, row) => row);
    this.#haystack ??= Array.from(found, (_, row) => this.#textOf(row));
    let count = 0;
    for (const [row, text] of this.#haystack.entries()) {
      if (words.every((word) => text.includes(word))) found[count++] = row;
    }
    return found.subarray(0, count);
  }

  #textOf(row: number): string {
    return this.#columns.map(({ cells }) => cells[row]?.toLowerCase() ?? '').join('\n');
  }

  #ranksOf(column: number): Float64Array {
    const kept = this.#ranks.get(column);
    if (kept !== undefined) return kept;
    const { cells = [], amounts } = this.#columns[column] ?? {};
    const ranks = amounts === undefined ? textRanks(cells) : Float64Array.from(amounts);
    this.#ranks.set(column, ranks);
    return ranks;
  }
}

/** Places of texts in a list in which numbers compare as numbers: `layer.9` before `layer.10`. */
function textRanks(cells: readonly string[]): Float64Array {
  const { compare } = new Intl.Collator('en', { numeric: true });
  const distinct = [...new Set(cells)].sort(compare);
  const places = new Map(distinct.map((text, place) => [text, place]));
  return Float64Array.from(cells, (text) => places.get(text) ?? 0);
}

/** What a click on a heading asks for next: amounts begin with the largest; the third click gives the file's order. */
export function nextSorting(
  now: Sorting | undefined,
  column: number,
  { amounts }: Pick<GridColumn, 'amounts'>,
): Sorting | undefined {
  const first: Direction = amounts === undefined ? 'ascending' : 'descending';
  if (now?.column !== column) return { column, direction: first };
  if (now.direction !== first) return undefined;
  return { column, direction: first === 'ascending' ? 'descending' : 'ascending' };
}
