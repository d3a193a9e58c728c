import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isOmlmdError } from '../../../src/core/errors.ts';
import type { PackedArtifact, PackFile } from '../../../src/core/formats/format.ts';
import { findFormat, formatOf } from '../../../src/core/formats/index.ts';
import { omlmdFormat } from '../../../src/core/formats/omlmd.ts';
import { emptyMetadata, type ModelMetadata } from '../../../src/core/model/metadata.ts';
import { metadataFromJson, metadataToJson } from '../../../src/core/model/metadata-text.ts';
import { bytesContent, type Content, readAll, textContent } from '../../../src/core/oci/content.ts';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { JsonNumber, type JsonValue } from '../../../src/core/oci/json.ts';
import { parseManifest } from '../../../src/core/oci/manifest.ts';
import type { Fetcher } from '../../../src/core/oci/target.ts';

/** What upstream 0.1.6 pushed to a registry: see make_vectors.py. */
interface ArtifactVectors {
  readonly model: string;
  readonly artifacts: readonly { title: string; json: string; yaml: string; manifest: string }[];
}

const vectors: ArtifactVectors = JSON.parse(
  readFileSync(new URL('../../fixtures/omlmd/artifacts.json', import.meta.url), 'utf8'),
);

function fileOf(title: string, text: string): PackFile {
  const bytes = new TextEncoder().encode(text);
  return { title, digest: digestOf(bytes), size: bytes.byteLength, content: bytesContent(bytes) };
}

function pack(metadata: ModelMetadata, files: readonly PackFile[] = [fileOf('m.onnx', 'model')]) {
  return omlmdFormat.pack({ metadata, files, annotations: {} });
}

async function textOf(content: Content): Promise<string> {
  return new TextDecoder().decode(await readAll(content, 1 << 20));
}

function fetcherOf(packed: PackedArtifact): Fetcher {
  const contents = new Map(packed.contents.map((c) => [c.descriptor.digest, c.content]));
  return {
    fetch: async (target) => {
      const content = contents.get(target.digest);
      if (content === undefined) throw new Error(`no ${target.digest}`);
      return content;
    },
  };
}

const seed: ModelMetadata = {
  ...emptyMetadata(),
  name: 'Model Example',
  author: 'John Doe',
  customProperties: new Map<string, JsonValue>([
    ['license', 'Apache-2.0'],
    ['accuracy', new JsonNumber('0.9777777777777777')],
  ]),
};

describe('omlmd format', () => {
  it('has at least thirty artifacts of upstream to compare with', () => {
    expect(vectors.artifacts.length).toBeGreaterThanOrEqual(30);
  });

  it.each(vectors.artifacts)('writes the same bytes as upstream: $json', async (vector) => {
    const metadata = metadataFromJson(vector.json);
    const packed = pack(metadata, [fileOf(vector.title, vectors.model)]);
    const last = packed.contents.at(-1);
    expect(last && (await textOf(last.content))).toBe(vector.manifest);
    expect(new TextDecoder().decode(packed.manifestBytes)).toBe(vector.manifest);
    expect(packed.root.digest).toBe(digestOf(new TextEncoder().encode(vector.manifest)));
    const texts = await Promise.all(packed.contents.map((c) => textOf(c.content)));
    expect(texts).toEqual([vector.json, vectors.model, vector.yaml, vector.manifest]);
  });

  it.each(vectors.artifacts)('reads what upstream wrote: $json', async (vector) => {
    const manifest = parseManifest(new TextEncoder().encode(vector.manifest));
    expect(formatOf(manifest)).toBe(omlmdFormat);
    expect(omlmdFormat.modelLayers(manifest).map((l) => l.annotations)).toEqual([
      { 'org.opencontainers.image.title': vector.title },
    ]);
    const from = { fetch: async () => textContent(vector.json) };
    expect(metadataToJson(await omlmdFormat.readMetadata(manifest, from))).toBe(vector.json);
  });

  it("gives the digests of the project's own example", () => {
    const { config, layers } = pack(seed).manifest;
    expect(config).toEqual({
      mediaType: 'application/x-config',
      digest: 'sha256:3a0f78f88e0fe9d9cad48f7d279a1911434183e484dab54e405dcdf75502b2bc',
      size: 269,
    });
    expect(layers[1]).toMatchObject({ digest: config.digest, size: 269 });
    expect(layers[2]).toMatchObject({
      digest: 'sha256:09fcf26fa55e340ed3d374cf6677418c671934106003dd6267a96cb76e4e728e',
      size: 187,
    });
  });

  it('gives the digests of empty metadata', () => {
    const { config, layers, annotations } = pack(emptyMetadata()).manifest;
    expect(config.digest).toBe('sha256:12993a410c62f7a02b586d2f62f112f3c553b53ba9b8fbbed171d8ac9954b051');
    expect(layers[2]?.digest).toBe('sha256:c4add72c326b99a4131222b09e2fa1f0eedc1b8bb5f0b44d49553770efb9d4d3');
    expect(annotations).toEqual({ 'customProperties+json': '{}' });
  });

  it('makes one layer a file, in the order of code points', () => {
    const titles = ['🚀', 'b/c', '～', 'a'];
    const { layers } = pack(
      seed,
      titles.map((title) => fileOf(title, title)),
    ).manifest;
    expect(layers.map((l) => l.annotations?.['org.opencontainers.image.title'])).toEqual([
      'a',
      'b/c',
      '～',
      '🚀',
      'model_metadata.omlmd.json',
      'model_metadata.omlmd.yaml',
    ]);
    expect(layers.slice(0, 4).every((l) => l.mediaType === 'application/x-mlmodel')).toBe(true);
  });

  it('takes another config type, and annotations after its own', () => {
    const { manifest } = omlmdFormat.pack({
      metadata: seed,
      files: [{ ...fileOf('m.onnx', 'model'), mediaType: 'application/onnx' }],
      annotations: { name: 'other', 'org.example': 'x' },
      configType: 'application/vnd.oci.image.config.v1+json',
    });
    expect(manifest.config.mediaType).toBe('application/vnd.oci.image.config.v1+json');
    expect(manifest.layers.map((l) => l.mediaType)).toEqual([
      'application/onnx',
      'application/x-config',
      'application/x-config',
    ]);
    expect(Object.entries(manifest.annotations ?? {}).map(([k]) => k)).toEqual([
      'name',
      'author',
      'customProperties+json',
      'org.example',
    ]);
    expect(manifest.annotations?.name).toBe('other');
    expect(omlmdFormat.recognizes(manifest)).toBe(true);
  });

  it('refuses two files of one title, its own included', () => {
    const twice = () => pack(seed, [fileOf('a', '1'), fileOf('a', '2')]);
    const own = () => pack(seed, [fileOf('model_metadata.omlmd.json', '1')]);
    for (const wrong of [twice, own]) expect(wrong).toThrowError(/have the title/);
  });

  it('refuses a manifest that registries would refuse', () => {
    const customProperties = new Map([['note', 'x'.repeat(4 * 1024 * 1024)]]);
    expect(() => pack({ ...seed, customProperties })).toThrowError(/the limit is 4194304/);
  });

  it('lists every content once, the manifest last', () => {
    const packed = pack(seed, [fileOf('a', 'same'), fileOf('b', 'same')]);
    const digests = packed.contents.map((c) => c.descriptor.digest);
    expect(new Set(digests).size).toBe(digests.length);
    expect(digests.at(-1)).toBe(packed.root.digest);
    expect(digests[0]).toBe(packed.manifest.config.digest);
  });

  it('reads the metadata layers when the config holds none, then the annotations', async () => {
    const packed = pack(seed);
    const empty = textContent('{}');
    const config = {
      mediaType: 'application/x-config',
      digest: digestOf(new TextEncoder().encode('{}')),
      size: 2,
    };
    const contents = fetcherOf(packed);
    const from: Fetcher = {
      fetch: async (t) => (t.digest === config.digest ? empty : contents.fetch(t)),
    };
    const fromLayers = { ...packed.manifest, config };
    expect(await omlmdFormat.readMetadata(fromLayers, from)).toEqual(seed);
    const onlyYaml = { ...fromLayers, layers: packed.manifest.layers.filter((_, i) => i !== 1) };
    expect((await omlmdFormat.readMetadata(onlyYaml, from)).customProperties).toEqual(
      new Map(seed.customProperties),
    );
    const none = { ...fromLayers, layers: packed.manifest.layers.slice(0, 1) };
    expect(await omlmdFormat.readMetadata(none, from)).toEqual(seed);
  });

  it('recognizes the model type of 0.1.0', () => {
    const { manifest } = pack(seed);
    const layers = manifest.layers.map((l) =>
      l.mediaType === 'application/x-mlmodel' ? { ...l, mediaType: 'application/x-artifact' } : l,
    );
    expect(formatOf({ ...manifest, layers }).id).toBe('omlmd');
    expect(omlmdFormat.modelLayers({ ...manifest, layers })).toHaveLength(1);
  });
});

describe('formats', () => {
  it('tells oras artifacts and other manifests apart', () => {
    const { manifest } = findFormat('oras').pack({
      metadata: seed,
      files: [fileOf('a.txt', 'x')],
      annotations: {},
    });
    expect(formatOf(manifest).id).toBe('oras');
    const image = {
      ...manifest,
      config: { ...manifest.config, mediaType: 'application/vnd.oci.image.config.v1+json' },
    };
    expect(formatOf({ ...image, artifactType: undefined }).id).toBe('oci');
  });

  it('names the formats there are when one is not known', () => {
    let caught: unknown;
    try {
      findFormat('zip');
    } catch (error) {
      caught = error;
    }
    expect(isOmlmdError(caught, 'usage')).toBe(true);
    expect(String(caught)).toContain('omlmd, oras');
  });
});
