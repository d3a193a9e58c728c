import { describe, expect, it } from 'vitest';
import { readMagicLine } from '../../../src/extension/notebook/magic-line.ts';

describe('readMagicLine', () => {
  it.each([
    ['%', { kind: 'magic', start: 0 }],
    ['%%oml', { kind: 'magic', start: 0 }],
    ['  %omlmd ', { kind: 'verb', start: 9 }],
    ['%omlmd pu', { kind: 'verb', start: 7 }],
    ['%%omlmd push ', { kind: 'argument', start: 13, verb: 'push' }],
    ['%omlmd push local/a:v1 --mo', { kind: 'flag', start: 23, verb: 'push' }],
    ['%omlmd diff local/a:v1 local/', { kind: 'argument', start: 23, verb: 'diff' }],
  ])('reads %j', (before, position) => {
    expect(readMagicLine(before)).toEqual(position);
  });

  it.each(['', 'x = 1', 'a % b', '%time omlmd ', 'omlmd push ', '%%%omlmd push '])(
    'passes over %j',
    (before) => {
      expect(readMagicLine(before)).toBeUndefined();
    },
  );
});
