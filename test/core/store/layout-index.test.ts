import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Descriptor } from '../../../src/core/oci/descriptor.ts';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { MAX_DESCRIPTORS } from '../../../src/core/oci/manifest.ts';
import { MediaType } from '../../../src/core/oci/media-types.ts';
import {
  EMPTY_INDEX,
  findDigest,
  findTag,
  formatLayoutIndex,
  manifestsOf,
  parseLayoutIndex,
  tagsOf,
  withManifest,
  withoutManifest,
  withoutTag,
  withTag,
} from '../../../src/core/store/layout-index.ts';

function manifest(n: number): Descriptor {
  return { mediaType: MediaType.manifest, digest: digestOf(Buffer.from(String(n))), size: n };
}

describe('the index of a layout', () => {
  it('knows, after any changes, the same names and manifests as two plain collections', () => {
    const change = fc.record({
      what: fc.constantFrom(
        'add' as const,
        'tag' as const,
        'tag' as const,
        'untag' as const,
        'remove' as const,
      ),
      n: fc.integer({ min: 0, max: 3 }),
      tag: fc.constantFrom('a', 'b', 'c'),
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
        const tags = new Map<string, number>();
        const listed = new Set<number>();
        let index = EMPTY_INDEX;
        for (const { what, n, tag } of changes) {
          if (what === 'add' || what === 'tag') listed.add(n);
          if (what === 'add') index = withManifest(index, manifest(n));
          if (what === 'tag') {
            tags.set(tag, n);
            index = withTag(index, manifest(n), tag);
          }
          if (what === 'untag') {
            tags.delete(tag);
            index = withoutTag(index, tag);
          }
          if (what === 'remove') {
            listed.delete(n);
            for (const [name, named] of tags) if (named === n) tags.delete(name);
            index = withoutManifest(index, manifest(n).digest);
          }
          index = parseLayoutIndex(Buffer.from(formatLayoutIndex(index)));
          expect([...tagsOf(index)].sort()).toEqual([...tags.keys()].sort());
          for (const [name, named] of tags) expect(findTag(index, name)).toEqual(manifest(named));
          expect(
            manifestsOf(index)
              .map((d) => d.size)
              .sort(),
          ).toEqual([...listed].sort());
          for (const each of listed) expect(findDigest(index, manifest(each).digest)).toEqual(manifest(each));
          // Once a name, or once without any.
          const named = new Set(tags.values());
          expect(index.manifests).toHaveLength(
            tags.size + [...listed].filter((each) => !named.has(each)).length,
          );
        }
      }),
    );
  });

  it('is not written where nobody would read it', () => {
    const manifests = Array.from({ length: MAX_DESCRIPTORS + 1 }, (_, i) => manifest(i));
    expect(() => formatLayoutIndex({ ...EMPTY_INDEX, manifests: manifests as never })).toThrow('more than');
  });
});
