import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WrittenRanges } from '../../../src/core/store/written-ranges.ts';

const SIZE = 40;

describe('written ranges', () => {
  it('know every byte that was added, in whatever order, and join where they meet', () => {
    const range = fc.tuple(fc.nat(SIZE), fc.nat(SIZE));
    fc.assert(
      fc.property(fc.array(range), (added) => {
        const ranges = new WrittenRanges();
        const there = new Array<boolean>(SIZE).fill(false);
        for (const [start, end] of added) {
          ranges.add(start, end);
          if (start < end) there.fill(true, start, end);
        }
        const missing = new Array<boolean>(SIZE).fill(false);
        for (const { start, end } of ranges.gaps(SIZE)) missing.fill(true, start, end);
        expect(missing).toEqual(there.map((is) => !is));
        expect(ranges.bytes).toBe(there.filter(Boolean).length);
        const first = there.indexOf(false);
        expect(ranges.frontier).toBe(first < 0 ? SIZE : first);
        for (const [i, { start }] of ranges.ranges.entries())
          expect(start).toBeGreaterThan(ranges.ranges[i - 1]?.end ?? -1);
      }),
    );
  });
});
