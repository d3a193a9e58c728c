import { describe, expect, it } from 'vitest';
import { parseJsonTree } from '../../../../src/core/readers/parse/json-tree.ts';

const BOUNDS = { maxDepth: 5, maxValues: 10 };

describe('a JSON document of bounded size', () => {
  it.each(['{"a":[1,"x\\"]}",null],"b":{"c":true}}', '[]', '"[[[[[[[["', '7'])(
    '%s is what JSON.parse gives',
    (text) => {
      expect(parseJsonTree(text, BOUNDS)).toEqual(JSON.parse(text));
    },
  );

  it.each([
    ['[[[[[[1]]]]]]', 'malformed'],
    ['['.repeat(1000), 'malformed'],
    ['[1,2,3,4,5,6,7,8,9,10,11]', 'too-large-to-show'],
    ['{"a":1,', 'malformed'],
    ['"open', 'malformed'],
    ['"open\\', 'malformed'],
  ])('%s stops as %s', (text, code) => {
    expect(() => parseJsonTree(text, BOUNDS)).toThrow(expect.objectContaining({ code }));
  });
});
