import fc from 'fast-check';
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
import { declared, honest, isValid, type Json, lie, write } from './lying-manifests.ts';

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
  ])('refuses what is %s', (_, document) => {
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

describe('parseNode on manifests with lies', () => {
  const seen = { accepted: 0, refused: 0 };

  /** Takes what is valid, as it stands, and refuses all else with the one code. */
  function hold(source: string, servedAs: string | undefined, valid: boolean): void {
    const document = JSON.parse(source);
    let node: ReturnType<typeof parseNode>;
    try {
      node = parseNode(bytes(source), servedAs);
    } catch (error) {
      if (!isOmlmdError(error, 'manifest-invalid') || valid) throw error;
      seen.refused += 1;
      return;
    }
    expect(valid, 'it was taken').toBe(true);
    seen.accepted += 1;
    expect(node.kind).toBe('manifests' in document ? 'index' : 'manifest');
    const usual = node.kind === 'index' ? MediaType.index : MediaType.manifest;
    expect(node.mediaType).toBe(document.mediaType ?? servedAs ?? usual);
    const named = node.kind === 'index' ? document.manifests : [document.config, ...document.layers];
    const names = ({ mediaType, digest: name, size }: Json) => ({ mediaType, digest: name, size });
    expect(successorsOf(node).map((each) => names({ ...each }))).toEqual(named.map(names));
    const body = node.kind === 'index' ? node.index : node.manifest;
    expect(body.subject?.digest).toBe(document.subject?.digest ?? undefined);
  }

  it('gives a consistent value or manifest-invalid, never anything else', () => {
    fc.assert(
      fc.property(honest, fc.array(lie, { maxLength: 3 }), declared, (truth, lies, servedAs) => {
        const source = write(lies.reduce((document, tell) => tell(document), truth as Json));
        hold(source, servedAs, isValid(JSON.parse(source), servedAs));
      }),
      { numRuns: 2000 },
    );
    expect(Math.min(seen.accepted, seen.refused)).toBeGreaterThan(100);
  });

  it('refuses a key that stands twice, at any depth and however it is written', () => {
    const spelled = (key: string) =>
      fc.constantFrom(key, `\\u${key.charCodeAt(0).toString(16).padStart(4, '0')}${key.slice(1)}`);
    const twice = fc.tuple(honest, fc.nat(), fc.jsonValue({ maxDepth: 1 })).chain(([truth, pick, value]) => {
      const source = write(truth);
      const keys = [...source.matchAll(/[{,]"([A-Za-z]+)":/g)];
      const [found = '', key = ''] = keys[pick % keys.length] ?? [];
      const at = source.indexOf(found) + 1;
      return spelled(key).map(
        (other) => `${source.slice(0, at)}"${other}":${JSON.stringify(value)},${source.slice(at)}`,
      );
    });
    fc.assert(
      fc.property(twice, (source) => hold(source, undefined, false)),
      { numRuns: 500 },
    );
  });

  it('says no fault of ours of bytes that are no manifest', () => {
    const cutOrChanged = fc.tuple(honest, fc.nat(), fc.integer({ min: 0, max: 255 }), fc.boolean());
    fc.assert(
      fc.property(cutOrChanged, ([truth, pick, byte, cut]) => {
        const whole = bytes(write(truth));
        const at = pick % whole.byteLength;
        const changed = cut ? whole.slice(0, at) : whole.slice();
        if (!cut) changed[at] = byte;
        try {
          parseNode(changed);
        } catch (error) {
          if (!isOmlmdError(error, 'manifest-invalid')) throw error;
        }
      }),
      { numRuns: 1000 },
    );
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
