import { describe, expect, it } from 'vitest';
import { newestNameFirst } from '../../../src/extension/tree/natural-order.ts';
import { Pager } from '../../../src/extension/tree/pager.ts';

describe('a list that is read page by page', () => {
  it('reads no further than it was asked to', async () => {
    let read = 0;
    const pager = new Pager(
      (async function* () {
        for (read = 1; read <= 100; read += 1) yield read;
      })(),
    );
    await pager.more(10);
    expect(pager.items).toHaveLength(10);
    expect(read).toBe(10);
    expect(pager.done).toBe(false);
    await pager.more(1000);
    expect(pager.items).toHaveLength(100);
    expect(pager.done).toBe(true);
  });

  it('keeps what it read before an error', async () => {
    const pager = new Pager(
      (async function* () {
        yield 1;
        throw new Error('gone');
      })(),
    );
    await expect(pager.more(5)).rejects.toThrow('gone');
    expect(pager.items).toEqual([1]);
  });
});

it('orders names by the numbers in them, the greatest first', () => {
  expect(['v1', 'v10', 'v9', 'latest'].toSorted(newestNameFirst)).toEqual(['v10', 'v9', 'v1', 'latest']);
});
