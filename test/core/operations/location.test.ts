import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isOmlmdError } from '../../../src/core/errors.ts';
import {
  formatLocation,
  parseListing,
  parseLocation,
  selectorOf,
  tagsToSet,
} from '../../../src/core/operations/location.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;

describe('a location', () => {
  it.each([
    ['localhost:5000/team/churn:v1', 'registry'],
    [`ghcr.io/a/b@${DIGEST}`, 'registry'],
    ['ghcr.io/a/b:v1,latest', 'registry'],
    ['local/iris', 'local'],
    ['local/team/iris:v1', 'local'],
    ['oci-layout:/models/churn:v1', 'layout'],
    [`oci-layout:/models/with:colon/x@${DIGEST}`, 'layout'],
  ])('%s is a %s and formats back to itself', (text, kind) => {
    const location = parseLocation(text);
    expect(location.kind).toBe(kind);
    expect(formatLocation(location)).toBe(text);
  });

  it('takes latest where no tag was typed, and sets none where a digest was', () => {
    expect(selectorOf(parseLocation('local/a'))).toBe('latest');
    expect(tagsToSet(parseLocation('local/a'))).toEqual(['latest']);
    expect(tagsToSet(parseLocation(`local/a@${DIGEST}`))).toEqual([]);
    expect(tagsToSet(parseLocation('oci://h.io/a:v1,v2'))).toEqual(['v1', 'v2']);
  });

  it('never throws anything but reference-invalid, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 300 }),
        fc.constantFrom('', 'local/', 'oci-layout:', 'h.io/'),
        (tail, head) => {
          try {
            parseLocation(head + tail);
          } catch (error) {
            expect(isOmlmdError(error, 'reference-invalid')).toBe(true);
          }
        },
      ),
    );
  });

  it('a listing is a registry, the store or a repository', () => {
    expect(parseListing('ghcr.io')).toEqual({ kind: 'registry', registry: 'ghcr.io' });
    expect(parseListing('localhost:5000')).toEqual({ kind: 'registry', registry: 'localhost:5000' });
    expect(parseListing('local')).toEqual({ kind: 'store' });
    expect(parseListing('local/a').kind).toBe('repository');
    expect(() => parseListing('team')).toThrow(/no host/);
  });
});
