import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DockerRegistry, startDockerRegistry } from './support/docker-registry.ts';
import { Omlmd } from './support/omlmd.ts';
import { UPSTREAM_VERSIONS, Upstream, type UpstreamVersion } from './support/upstream.ts';

const MODEL = 'not really a joblib file, but bytes are bytes\n';
const FIELDS = JSON.stringify({
  name: 'Model Example',
  author: 'John Doe',
  license: 'Apache-2.0',
  accuracy: 0.9777777777777777,
});
const CONFIG_DIGEST = 'sha256:3a0f78f88e0fe9d9cad48f7d279a1911434183e484dab54e405dcdf75502b2bc';

let registry: DockerRegistry;

beforeAll(async () => {
  registry = await startDockerRegistry();
});
afterAll(() => registry.stop());

describe.each(UPSTREAM_VERSIONS)('with upstream %s', (version) => {
  let omlmd: Omlmd;
  let upstream: Upstream;

  beforeAll(async () => {
    omlmd = new Omlmd();
    upstream = await Upstream.install(version);
    const model = omlmd.write('theirs/model.joblib', MODEL);
    await upstream.push(theirs(), model, FIELDS);
    omlmd.write('ours/model.joblib', MODEL);
    omlmd.write('ours/md.json', FIELDS);
    await omlmd.text(['push', ours(), 'ours/model.joblib', '-m', 'ours/md.json']);
  });
  afterAll(() => omlmd.remove());

  const theirs = () => `${registry.host}/interop/theirs-${version}:v1`;
  const ours = () => `${registry.host}/interop/ours-${version}:v1`;

  it('reads the metadata that upstream wrote', async () => {
    const card = await omlmd.json(['inspect', theirs()]);
    expect(card).toMatchObject({
      format: 'omlmd',
      metadata: {
        name: 'Model Example',
        author: 'John Doe',
        customProperties: { license: 'Apache-2.0', accuracy: 0.9777777777777777 },
      },
    });
  });

  it("prints upstream's own text for get config and crawl", async () => {
    const config = await upstream.getConfig(theirs());
    expect(await omlmd.text(['get', 'config', theirs()])).toBe(`${config}\n`);
    const crawled = await upstream.crawl([theirs(), ours()]);
    expect(await omlmd.text(['crawl', theirs(), ours()])).toBe(`${crawled}\n`);
  });

  it('pulls what upstream pushed', async () => {
    await omlmd.text(['pull', theirs(), '-o', 'pulled-theirs']);
    expect(readFileSync(path.join(omlmd.work, 'pulled-theirs', 'model.joblib'), 'utf8')).toBe(MODEL);
  });

  it('is pulled and read by upstream', async () => {
    const out = path.join(omlmd.work, 'pulled-ours');
    await upstream.pull(ours(), out, mediaTypes(version));
    expect(readFileSync(path.join(out, 'model.joblib'), 'utf8')).toBe(MODEL);
    const config = await upstream.getConfig(ours());
    expect(config).toBe((await omlmd.text(['get', 'config', ours()])).trimEnd());
    expect(JSON.parse(String(config))).toMatchObject({ config: { name: 'Model Example' } });
  });

  it('writes the same manifest, byte for byte', async () => {
    const manifest = await omlmd.text(['get', 'manifest', ours()]);
    const theirManifest = await omlmd.text(['get', 'manifest', theirs()]);
    // 0.1.0 alone gave the model this media type; nothing else of it differs.
    expect(manifest).toBe(theirManifest.replace('application/x-artifact', 'application/x-mlmodel'));
    expect(JSON.parse(manifest)).toMatchObject({ config: { digest: CONFIG_DIGEST, size: 269 } });
  });
});

describe('with metadata that is hard to write the same way', () => {
  // Texts, not values: JavaScript would move the key "10" to the front and make 1.0 an integer.
  const AWKWARD: readonly (readonly [string, string])[] = [
    ['empty', '{}'],
    [
      'text like other types',
      '{"name": "yes", "version": "1.0", "when": "2024-01-01", "port": "0x1F", "e": "1e3"}',
    ],
    ['not ASCII', '{"name": "modèle 🚀 ～", "author": "Ł ukasz\u00a0\u2028\u007f"}'],
    [
      'lines and quotes',
      `{"name": "a\\nb\\n\\nc", "description": "it's \\"so\\": #1 - ${'word '.repeat(40)}"}`,
    ],
    ['numbers', '{"one": 1.0, "half": 5e-1, "tiny": 1e-7, "big": 9223372036854775808, "minus": -0.0}'],
    ['constants', '{"flag": true, "nothing": null, "author": null}'],
    ['keys', '{"z": 1, "10": 2, "9": 3, "with: colon": 4, "～": 5, "🚀": 6, "": 7}'],
    ['lists and objects', '{"labels": ["a", 1, [2, []]], "nested": {"b": {"c": {}}, "a": []}}'],
    ['version number', '{"model_format_name": "onnx", "model_format_version": 1}'],
  ];

  let omlmd: Omlmd;
  let upstream: Upstream;

  beforeAll(async () => {
    omlmd = new Omlmd();
    upstream = await Upstream.install('0.1.6');
  });
  afterAll(() => omlmd.remove());

  it.each(AWKWARD)('%s: the same manifest as upstream 0.1.6', async (name, metadata) => {
    const repository = `${registry.host}/awkward/${name.replaceAll(' ', '-').toLowerCase()}`;
    const model = omlmd.write('model.bin', MODEL);
    await upstream.push(`${repository}:theirs`, model, metadata);
    omlmd.write('md.json', metadata);
    await omlmd.text(['push', `${repository}:ours`, 'model.bin', '-m', 'md.json']);
    const manifest = await omlmd.text(['get', 'manifest', `${repository}:ours`]);
    expect(manifest).toBe(await omlmd.text(['get', 'manifest', `${repository}:theirs`]));
  });
});

/** 0.1.0 fetches only the types it is given; later releases fetch everything for none. */
function mediaTypes(version: UpstreamVersion): readonly string[] {
  return version === '0.1.0' ? ['application/x-mlmodel', 'application/x-config'] : [];
}
