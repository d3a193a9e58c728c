import { describe, expect, it } from 'vitest';
import { isOmlmdError } from '../../../src/core/errors.ts';
import {
  MAX_DESCRIPTORS,
  MAX_MANIFEST_BYTES,
  parseManifest,
  parseNode,
  referrerOf,
  successorsOf,
} from '../../../src/core/oci/manifest.ts';
import { MediaType } from '../../../src/core/oci/media-types.ts';

const digest = `sha256:${'ab'.repeat(32)}` as const;
const layer = { mediaType: 'application/x-mlmodel', digest, size: 3 };
const manifest = { schemaVersion: 2, mediaType: MediaType.manifest, config: layer, layers: [layer] };
const index = {
  schemaVersion: 2,
  mediaType: MediaType.index,
  manifests: [{ ...layer, mediaType: MediaType.manifest }],
};

function bytes(document: unknown): Uint8Array {
  return new TextEncoder().encode(typeof document === 'string' ? document : JSON.stringify(document));
}

function failureOf(document: unknown, declared?: string): string {
  try {
    parseNode(bytes(document), declared);
  } catch (error) {
    if (isOmlmdError(error)) return `${error.code} ${error.message}`;
    throw error;
  }
  return 'accepted';
}

describe('parseNode', () => {
  it('reads a manifest and an index, with what they point at', () => {
    const one = parseNode(bytes(manifest), MediaType.manifest);
    expect(one.kind).toBe('manifest');
    expect(successorsOf(one).map((d) => d.mediaType)).toEqual([layer.mediaType, layer.mediaType]);
    const two = parseNode(bytes(index));
    expect(two).toMatchObject({ kind: 'index', mediaType: MediaType.index });
    expect(successorsOf(two)).toHaveLength(1);
  });

  it('reads the Docker forms, and a manifest that leaves its type to the descriptor', () => {
    const { mediaType: _, ...untyped } = manifest;
    expect(parseNode(bytes(untyped), MediaType.dockerManifest).mediaType).toBe(MediaType.dockerManifest);
    expect(parseNode(bytes(untyped)).mediaType).toBe(MediaType.manifest);
    expect(parseNode(bytes({ ...index, mediaType: MediaType.dockerIndex })).kind).toBe('index');
  });

  it('reads null as absent, as Go programs write it', () => {
    const document = {
      ...manifest,
      annotations: null,
      subject: null,
      layers: [{ ...layer, annotations: null, urls: null }],
    };
    expect(parseManifest(bytes(document))).toMatchObject({ annotations: undefined, subject: undefined });
  });

  it.each([
    ['both shapes', { ...manifest, manifests: [] }],
    ['both shapes', { ...index, layers: [] }],
    ['both shapes to a reader that does not mind case', { ...manifest, Manifests: [] }],
    ['both shapes to a reader that does not mind case', { ...index, CONFIG: layer }],
  ])('refuses %s', (_, document) => {
    expect(failureOf(document)).toContain('both');
  });

  it('refuses a type that contradicts the one it was served with', () => {
    expect(failureOf(manifest, MediaType.dockerManifest)).toContain('served as');
    expect(failureOf(index, MediaType.manifest)).toContain('served as');
    expect(failureOf({ ...manifest, mediaType: MediaType.index })).toContain('manifest-invalid');
    expect(failureOf({ ...index, mediaType: MediaType.manifest })).toContain('manifest-invalid');
    expect(failureOf({ ...manifest, mediaType: 7 }, MediaType.manifest)).toContain('manifest-invalid');
    expect(failureOf({ ...manifest, mediaType: undefined }, 'text/html')).toContain('manifest-invalid');
  });

  it.each([-1, 1.5, 2 ** 53, 1e300, '3', null, true, [3], {}].map((size) => [size]))(
    'refuses the size %j',
    (size) => {
      expect(failureOf({ ...manifest, layers: [{ ...layer, size }] })).toMatch(/^manifest-invalid .*size/);
    },
  );

  it.each(['', 'sha256:00', `sha256:${'../'.repeat(21)}a`, digest.toUpperCase(), `md5:${'0'.repeat(32)}`, 7])(
    'refuses the digest %j before anything can use it',
    (bad) => {
      for (const document of [
        { ...manifest, config: { ...layer, digest: bad } },
        { ...manifest, layers: [{ ...layer, digest: bad }] },
        { ...manifest, subject: { ...layer, digest: bad } },
        { ...index, manifests: [{ ...layer, digest: bad }] },
      ])
        expect(failureOf(document)).toMatch(/^manifest-invalid .*digest/);
    },
  );

  it.each([
    ['not JSON', '<html>'],
    ['text that is no UTF-8', Buffer.from([0x7b, 0xff, 0x7d]).toString('latin1')],
    ['a byte order mark', `\ufeff${JSON.stringify(manifest)}`],
    ['null', 'null'],
    ['a number', '7'],
    ['a list', '[]'],
    ['a duplicate key', JSON.stringify(manifest).replace('"layers"', '"layers":[],"layers"')],
    ['an old schema', { ...manifest, schemaVersion: 1 }],
    ['no config', { schemaVersion: 2, layers: [] }],
    ['annotations that are not text', { ...manifest, annotations: { a: 1 } }],
  ])('refuses %s', (_, document) => {
    expect(failureOf(document)).toMatch(/^manifest-invalid/);
  });

  it('stops at its limits', () => {
    expect(failureOf(' '.repeat(MAX_MANIFEST_BYTES + 1))).toMatch(/^limit-exceeded/);
    expect(failureOf(`{"a":${'['.repeat(100)}`)).toMatch(/^limit-exceeded/);
    const many = Array.from({ length: MAX_DESCRIPTORS + 1 }, () => ({ ...layer, mediaType: 'a' }));
    expect(failureOf({ ...manifest, layers: many })).toMatch(/^manifest-invalid/);
  });
});

describe('referrerOf', () => {
  const descriptor = { mediaType: MediaType.manifest, digest, size: 9, annotations: { from: 'elsewhere' } };

  it('is nothing without a subject', () => {
    expect(referrerOf(descriptor, parseNode(bytes(manifest)))).toBeUndefined();
  });

  it('takes the artifact type, or the type of the config', () => {
    const typed = parseNode(
      bytes({ ...manifest, subject: layer, artifactType: 'a/b', annotations: { k: 'v' } }),
    );
    expect(referrerOf(descriptor, typed)?.descriptor).toEqual({
      mediaType: MediaType.manifest,
      digest,
      size: 9,
      artifactType: 'a/b',
      annotations: { k: 'v' },
    });
    const untyped = parseNode(bytes({ ...manifest, subject: layer }));
    expect(referrerOf(descriptor, untyped)?.descriptor.artifactType).toBe(layer.mediaType);
  });
});
