import { describe, expect, it } from 'vitest';
import type { GridColumn } from '../../../src/webview/contract.ts';
import { GridOrder, nextSorting, type Sorting } from '../../../src/webview/inspect/grid-order.ts';

const NAMES: GridColumn = { title: 'Name', cells: ['layer.10.w', 'layer.9.w', 'head', 'layer.9.b'] };
const SIZES: GridColumn = {
  title: 'Size',
  cells: ['1 KB', '2 MB', '', '1 KB'],
  amounts: [1000, 2e6, -1, 1000],
};

function namesOf(filter: string, sorting?: Sorting): readonly (string | undefined)[] {
  const order = new GridOrder({ columns: [NAMES, SIZES] });
  return [...order.rowsOf(filter, sorting)].map((row) => NAMES.cells[row]);
}

describe('the order of a grid', () => {
  it('is the file’s until something is asked for', () => {
    expect(namesOf('')).toEqual(NAMES.cells);
  });

  it('takes numbers in names for numbers', () => {
    const sorting = { column: 0, direction: 'ascending' } as const;
    expect(namesOf('', sorting)).toEqual(['head', 'layer.9.b', 'layer.9.w', 'layer.10.w']);
    expect(namesOf('', { ...sorting, direction: 'descending' }).at(-1)).toBe('head');
  });

  it('goes by amounts, not by their text; equal ones keep the file’s order, unknown ones come last from the top', () => {
    const largest = namesOf('', { column: 1, direction: 'descending' });
    expect(largest).toEqual(['layer.9.w', 'layer.10.w', 'layer.9.b', 'head']);
  });

  it('keeps the rows that hold every word, whatever the case and the column', () => {
    expect(namesOf('LAYER kb')).toEqual(['layer.10.w', 'layer.9.b']);
    expect(namesOf('  head ')).toEqual(['head']);
    expect(namesOf('no such')).toEqual([]);
  });

  it('sorts what the filter leaves', () => {
    expect(namesOf('kb', { column: 0, direction: 'ascending' })).toEqual(['layer.9.b', 'layer.10.w']);
  });

  it('takes a list of nothing', () => {
    expect([...new GridOrder({ columns: [] }).rowsOf('x', { column: 3, direction: 'ascending' })]).toEqual(
      [],
    );
  });
});

describe('clicks on a heading', () => {
  it('ask for text from A, from Z, and for the file’s order', () => {
    const first = nextSorting(undefined, 0, NAMES);
    expect(first).toEqual({ column: 0, direction: 'ascending' });
    const second = nextSorting(first, 0, NAMES);
    expect(second).toEqual({ column: 0, direction: 'descending' });
    expect(nextSorting(second, 0, NAMES)).toBeUndefined();
  });

  it('ask for the largest amounts first, also after another column', () => {
    expect(nextSorting({ column: 0, direction: 'descending' }, 1, SIZES)).toEqual({
      column: 1,
      direction: 'descending',
    });
  });
});
