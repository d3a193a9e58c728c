import { describe, expect, it } from 'vitest';
import { type GridPlace, moveFocus } from '../../../src/webview/inspect/grid-keys.ts';

const SIZE = { rows: 100, columns: 4, page: 10 };

function press(
  key: string,
  row: number,
  column: number,
  ctrlKey = false,
  size = SIZE,
): GridPlace | undefined {
  return moveFocus({ key, ctrlKey }, { row, column }, size);
}

describe('keys in a grid', () => {
  it('go to the neighbour, the heading above the first row included', () => {
    expect(press('ArrowDown', 3, 1)).toEqual({ row: 4, column: 1 });
    expect(press('ArrowUp', 1, 1)).toEqual({ row: 0, column: 1 });
    expect(press('ArrowRight', 3, 1)).toEqual({ row: 3, column: 2 });
    expect(press('ArrowLeft', 3, 1)).toEqual({ row: 3, column: 0 });
  });

  it('stay inside', () => {
    expect(press('ArrowUp', 0, 0)).toEqual({ row: 0, column: 0 });
    expect(press('ArrowDown', 100, 3)).toEqual({ row: 100, column: 3 });
    expect(press('ArrowRight', 5, 3)).toEqual({ row: 5, column: 3 });
    expect(press('PageDown', 95, 0)).toEqual({ row: 100, column: 0 });
  });

  it('go by pages; up to the first row, not into the heading', () => {
    expect(press('PageDown', 1, 2)).toEqual({ row: 11, column: 2 });
    expect(press('PageUp', 15, 2)).toEqual({ row: 5, column: 2 });
    expect(press('PageUp', 5, 2)).toEqual({ row: 1, column: 2 });
    expect(press('PageDown', 1, 0, false, { ...SIZE, page: 0 })).toEqual({ row: 2, column: 0 });
  });

  it('go to the ends of a row, with Ctrl of the list', () => {
    expect(press('Home', 7, 2)).toEqual({ row: 7, column: 0 });
    expect(press('End', 7, 2)).toEqual({ row: 7, column: 3 });
    expect(press('Home', 7, 2, true)).toEqual({ row: 1, column: 0 });
    expect(press('End', 7, 2, true)).toEqual({ row: 100, column: 3 });
  });

  it('leave a heading alone where nothing matches', () => {
    const none = { ...SIZE, rows: 0 };
    for (const key of ['ArrowDown', 'PageDown', 'PageUp']) expect(press(key, 0, 1, false, none)?.row).toBe(0);
    expect(press('End', 0, 0, true, none)).toEqual({ row: 0, column: 3 });
  });

  it('are left to the page where they are for something else', () => {
    for (const key of ['Tab', 'Enter', 'a', 'Escape']) expect(press(key, 1, 1)).toBeUndefined();
  });
});
