import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isOmlmdError } from '../../../src/core/errors.ts';
import {
  fromPlain,
  type JsonNumber,
  MAX_JSON_DEPTH,
  parseJson,
  toPlain,
} from '../../../src/core/oci/json.ts';

/** Plain data with ordinary prototypes, so that it compares with what `JSON.parse` gives. */
function plain(text: string): unknown {
  return JSON.parse(JSON.stringify(toPlain(parseJson(text))));
}

describe('parseJson', () => {
  it('agrees with JSON.parse on every document', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6, noUnicodeString: false }), (text) => {
        expect(plain(text)).toEqual(JSON.parse(text));
        const spaced = JSON.stringify(JSON.parse(text), null, '\t');
        expect(plain(` \r\n${spaced}\n`)).toEqual(JSON.parse(spaced));
      }),
      { numRuns: 500 },
    );
  });

  it('refuses what JSON.parse refuses, and takes what it takes', () => {
    const piece = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '"a"',
      '1',
      '-',
      '0',
      '.5',
      'e+1',
      'true',
      'nul',
      'null',
      ' ',
      '\\',
      '\\u12',
      '\n',
      '\u0001',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const text = pieces.join('');
        let expected: unknown;
        try {
          expected = JSON.parse(text);
        } catch {
          expect(() => parseJson(text, { duplicateKeys: 'last' })).toThrow(SyntaxError);
          return;
        }
        expect(JSON.stringify(toPlain(parseJson(text, { duplicateKeys: 'last' })))).toBe(
          JSON.stringify(expected),
        );
      }),
      { numRuns: 5000 },
    );
  });

  it.each([
    '',
    '  ',
    '01',
    '1.',
    '.5',
    '+1',
    '-',
    '1e',
    "'a'",
    '{a:1}',
    '[1,]',
    '{"a":1,}',
    '[1 2]',
    'NaN',
    'Infinity',
    '"\u0000"',
    '"a',
    '"\\x"',
    '"\\u12g4"',
    '\ufeff1',
    '1 1',
    'tru',
  ])('refuses %j', (text) => {
    expect(() => parseJson(text)).toThrow(SyntaxError);
  });

  it('refuses a key that stands twice, unless the last may win', () => {
    expect(() => parseJson('{"a":1,"a":2}')).toThrow('twice');
    expect(() => parseJson('{"a":1,"\\u0061":2}')).toThrow('twice');
    expect(toPlain(parseJson('{"a":1,"a":2}', { duplicateKeys: 'last' }))).toEqual({ a: 2 });
  });

  it('keeps the text of numbers', () => {
    const texts = ['1', '1.0', '-0', '9223372036854775808', '1E400', '0.1000', '-1e-7'];
    const numbers = parseJson(`[${texts.join(',')}]`) as JsonNumber[];
    expect(numbers.map((n) => n.text)).toEqual(texts);
    expect(numbers.map((n) => n.isInteger)).toEqual([true, false, true, true, false, false, false]);
  });

  it('keeps keys and their order, also those that are special to JavaScript', () => {
    const text = '{"b":1,"10":2,"2":3,"__proto__":{"x":4},"constructor":5}';
    const value = parseJson(text);
    expect(value instanceof Map && [...value.keys()]).toEqual(['b', '10', '2', '__proto__', 'constructor']);
    const object = toPlain(value) as Record<string, unknown>;
    expect(Object.getPrototypeOf(object)).toBeNull();
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });

  it('follows nesting to its limit and no further', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    expect(() => parseJson(nested(MAX_JSON_DEPTH + 1))).not.toThrow();
    for (const text of [nested(MAX_JSON_DEPTH + 2), '['.repeat(1_000_000), '{"a":'.repeat(1_000_000)]) {
      try {
        parseJson(text);
        expect.unreachable();
      } catch (error) {
        expect(isOmlmdError(error, 'limit-exceeded')).toBe(true);
      }
    }
  });

  it('comes back from plain data', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        expect(JSON.stringify(toPlain(fromPlain(value)))).toBe(JSON.stringify(value));
      }),
    );
  });
});
