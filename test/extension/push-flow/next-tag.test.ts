import { describe, expect, it } from 'vitest';
import { nextTag } from '../../../src/extension/push-flow/next-tag.ts';

describe('the suggested tag', () => {
  it.each([
    [[], 'v1'],
    [['latest'], 'v1'],
    [['v1'], 'v2'],
    [['v2', 'v10', 'v9', 'latest'], 'v11'],
    [['1.2.3'], '1.2.4'],
    [['v1.2.9', 'v1.10.0'], 'v1.10.1'],
    [['2.0.0', 'v3'], 'v4'],
  ])('after %j is %s', (tags, expected) => {
    expect(nextTag(tags)).toBe(expected);
  });

  it('never names a tag that is there', () => {
    const tags = ['v1', 'v2', 'v3', '1.0.0', '1.0.1'];
    expect(tags).not.toContain(nextTag(tags));
  });
});
