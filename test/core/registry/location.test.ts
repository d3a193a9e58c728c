import { describe, expect, it } from 'vitest';
import { isOmlmdError } from '../../../src/core/errors.ts';
import { nextLink, resolveLocation } from '../../../src/core/registry/location.ts';

describe('nextLink', () => {
  it('finds the next page among other links, in any writing', () => {
    expect(nextLink('</v2/a/tags/list?n=2&last=b>; rel="next"')).toBe('/v2/a/tags/list?n=2&last=b');
    expect(nextLink('<https://h/x>; rel=next')).toBe('https://h/x');
    expect(nextLink('<a>; rel="prev", <b?x=1,2>; title="t"; REL="next"')).toBe('b?x=1,2');
  });

  it('finds none where there is none', () => {
    for (const header of [
      undefined,
      '',
      '<a>; rel="prev"',
      'a; rel="next"',
      '<a; rel="next"',
      '<a>; rel="nextish"',
    ])
      expect(nextLink(header)).toBeUndefined();
  });

  it('takes linear time over hostile text', () => {
    const started = performance.now();
    for (const text of ['<'.repeat(1e6), '<>'.repeat(5e5), `<a>${'; rel='.repeat(2e5)}`]) nextLink(text);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe('resolveLocation', () => {
  const from = new URL('https://registry.example:8443/v2/a/blobs/uploads/');

  it('takes relative and absolute locations, and keeps https where a proxy hides it', () => {
    expect(resolveLocation('/v2/x?s=%2F', from, 'push').href).toBe(
      'https://registry.example:8443/v2/x?s=%2F',
    );
    expect(resolveLocation('abc', from, 'push').pathname).toBe('/v2/a/blobs/uploads/abc');
    expect(resolveLocation('http://registry.example/v2/x?s=1', from, 'push').href).toBe(
      'https://registry.example:8443/v2/x?s=1',
    );
  });

  it('refuses plain HTTP elsewhere, and what is no http URL', () => {
    for (const bad of ['http://other.example/x', 'file:///etc/passwd', 'http://[', 'javascript:alert(1)'])
      try {
        resolveLocation(bad, from, 'push');
        expect.unreachable(bad);
      } catch (error) {
        expect(isOmlmdError(error, 'registry-failed')).toBe(true);
      }
  });
});
