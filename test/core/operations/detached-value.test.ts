import { describe, expect, it } from 'vitest';
import { JsonNumber } from '../../../src/core/oci/json.ts';
import { detached, weigh } from '../../../src/core/operations/detached-value.ts';

const VALUE = {
  short: 'a',
  long: 'a long text of latin letters: é',
  other: 'шире, чем latin-1, и \ud800 alone',
  list: [1, 2n, null, undefined, true, { deep: ['a member of a list'] }],
  map: new Map<string, unknown>([['the key of a map', new JsonNumber('12345678901234567890')]]),
  ['__proto__']: 'its own',
};

describe('a copy of plain data', () => {
  it('is equal to it', () => {
    expect(detached(VALUE)).toEqual(VALUE);
    expect(Object.keys(detached(VALUE))).toEqual(Object.keys(VALUE));
  });

  it('weighs as much, and more than its texts', () => {
    expect(weigh(detached(VALUE))).toBe(weigh(VALUE));
    expect(weigh('x'.repeat(1000))).toBeGreaterThan(1000);
    expect(weigh(Array.from({ length: 100 }, () => [1]))).toBeGreaterThan(100 * 16);
    expect(weigh({ [`k${'x'.repeat(1000)}`]: 1 })).toBeGreaterThan(1000);
  });
});
