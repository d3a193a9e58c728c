import { describe, expect, it } from 'vitest';
import { relativeTime } from '../../../src/extension/lenses/relative-time.ts';

const SECOND = 1000;
const HOUR = 3600 * SECOND;

describe('relativeTime', () => {
  it.each([
    [59 * SECOND, undefined],
    [60 * SECOND, '1m ago'],
    [2 * HOUR + 59 * SECOND, '2h ago'],
    [49 * HOUR, '2d ago'],
    [400 * 24 * HOUR, '1y ago'],
  ])('says of %d ms ago %s', (ago, text) => {
    expect(relativeTime(1_000_000, 1_000_000 + ago, 'en')).toBe(text);
  });

  it('takes a clock that was set back for now', () => {
    expect(relativeTime(2000, 1000, 'en')).toBeUndefined();
  });

  it('speaks the language of the editor', () => {
    expect(relativeTime(0, 2 * HOUR, 'de')).toBe('vor 2 Std.');
  });
});
