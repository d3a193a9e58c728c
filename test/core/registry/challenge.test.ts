import { describe, expect, it } from 'vitest';
import { parseChallenges } from '../../../src/core/registry/challenge.ts';

function parsed(header: string): [string, Record<string, string>][] {
  return parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);
}

describe('parseChallenges', () => {
  it('reads schemes and names in any case, quoted and bare values', () => {
    expect(parsed('BEARER Realm="https://a/token",SERVICE=registry.example , scope="a:b:pull,push"')).toEqual(
      [['bearer', { realm: 'https://a/token', service: 'registry.example', scope: 'a:b:pull,push' }]],
    );
    expect(parsed('Basic realm="a \\"quoted\\", word"')).toEqual([['basic', { realm: 'a "quoted", word' }]]);
  });

  it('reads several, with those it does not know', () => {
    expect(parsed('Negotiate YIIabc==, Basic realm="x", Bearer realm="y",service="z"')).toEqual([
      ['negotiate', {}],
      ['basic', { realm: 'x' }],
      ['bearer', { realm: 'y', service: 'z' }],
    ]);
    expect(parsed('Negotiate, Basic')).toEqual([
      ['negotiate', {}],
      ['basic', {}],
    ]);
  });

  it('keeps the first of two values, so that a second cannot replace it', () => {
    expect(parsed('Bearer realm="a",realm="b"')).toEqual([['bearer', { realm: 'a' }]]);
  });

  it('takes linear time over hostile text', () => {
    const started = performance.now();
    for (const text of [
      '"'.repeat(1e6),
      `Bearer ${'a='.repeat(1e6)}`,
      `B ${'\\'.repeat(1e6)}`,
      ','.repeat(1e6),
    ])
      parseChallenges(text);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});
