import { describe, expect, it } from 'vitest';
import { rowWindow, scrollTo } from '../../../src/webview/inspect/grid-window.ts';

const ROW = 28;

describe('the rows that are drawn', () => {
  it('are few, however long the list is', () => {
    for (const top of [0, 1, 1_234_567, 100_000 * ROW]) {
      const { first, end } = rowWindow({ top, height: 14 * ROW }, ROW, 100_000);
      expect(end - first).toBeLessThanOrEqual(14 + 1 + 2 * 8);
    }
  });

  it('cover what is seen, and some around it', () => {
    expect(rowWindow({ top: 100 * ROW, height: 10 * ROW }, ROW, 1000)).toEqual({ first: 92, end: 118 });
  });

  it('end with the list', () => {
    expect(rowWindow({ top: 0, height: 400 }, ROW, 3)).toEqual({ first: 0, end: 3 });
    expect(rowWindow({ top: 1e9, height: 400 }, ROW, 3)).toEqual({ first: 3, end: 3 });
    expect(rowWindow({ top: -50, height: 400 }, ROW, 0)).toEqual({ first: 0, end: 0 });
  });
});

describe('scrolling to a row', () => {
  const seen = { top: 10 * ROW, height: 5 * ROW };

  it('stays where the row is seen', () => {
    expect(scrollTo(10, seen, ROW)).toBe(seen.top);
    expect(scrollTo(14, seen, ROW)).toBe(seen.top);
  });

  it('goes as far as is needed, up or down', () => {
    expect(scrollTo(9, seen, ROW)).toBe(9 * ROW);
    expect(scrollTo(15, seen, ROW)).toBe(11 * ROW);
  });
});
