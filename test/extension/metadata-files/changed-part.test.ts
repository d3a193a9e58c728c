import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { changedPart } from '../../../src/extension/metadata-files/changed-part.ts';

describe('changedPart', () => {
  it('is the smallest change', () => {
    expect(changedPart('a: v1 # x', 'a: v2 # x')).toEqual({ start: 4, end: 5, text: '2' });
    expect(changedPart('aa', 'aaa')).toEqual({ start: 2, end: 2, text: 'a' });
    expect(changedPart('same', 'same')).toBeUndefined();
  });

  it('makes the one text of the other', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '\n'), maxLength: 12 });
    fc.assert(
      fc.property(text, text, (before, after) => {
        const change = changedPart(before, after);
        const { start, end, text } = change ?? { start: 0, end: 0, text: '' };
        expect(before.slice(0, start) + text + before.slice(end)).toBe(after);
      }),
    );
  });
});
