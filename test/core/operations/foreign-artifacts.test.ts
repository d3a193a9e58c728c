import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bytesContent } from '../../../src/core/oci/content.ts';
import type { Descriptor } from '../../../src/core/oci/descriptor.ts';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { Annotation, MediaType } from '../../../src/core/oci/media-types.ts';
import { type Context, createContext, openTarget } from '../../../src/core/operations/context.ts';
import { inspectArtifact } from '../../../src/core/operations/inspect.ts';
import { parseLocation } from '../../../src/core/operations/location.ts';
import { configText, readArtifact } from '../../../src/core/operations/read-artifact.ts';
import { planRemoval } from '../../../src/core/operations/tag.ts';
import { validateArtifact } from '../../../src/core/operations/validate.ts';
import { answer, on } from '../../support/registry/registry-faults.ts';
import { startTestRegistry, type TestRegistry } from '../../support/registry/test-registry.ts';

/** What other programs, and people who mean harm, put into a registry. */
let folder: string;
let context: Context;
let warnings: string[];
let registry: TestRegistry;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'omlmd-foreign-'));
  warnings = [];
  registry = await startTestRegistry();
  context = createContext({
    home: join(folder, 'home'),
    credentials: { get: async () => undefined },
    log: { debug() {}, info() {}, warn: (message) => void warnings.push(message) },
    registryOptions: () => ({ retries: 0 }),
  });
});
afterEach(async () => {
  await registry.stop();
  await rm(folder, { recursive: true, force: true });
});

const describeBytes = (bytes: Uint8Array, mediaType: string): Descriptor => ({
  mediaType,
  digest: digestOf(bytes),
  size: bytes.byteLength,
});

/** Puts an artifact of these config bytes and one layer at `HOST/m:v1`. */
async function pushRaw(config: Uint8Array, layer: Uint8Array, ...tags: string[]) {
  const target = openTarget(context, parseLocation(`${registry.host}/m`));
  const configDescriptor = describeBytes(config, 'application/x-config');
  const layerDescriptor = describeBytes(layer, 'application/x-mlmodel');
  await target.push(configDescriptor, bytesContent(config));
  await target.push(layerDescriptor, bytesContent(layer));
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MediaType.manifest,
      config: configDescriptor,
      layers: [{ ...layerDescriptor, annotations: { [Annotation.title]: 'm.onnx' } }],
    }),
  );
  const root = describeBytes(manifest, MediaType.manifest);
  await target.push(root, bytesContent(manifest));
  for (const tag of ['v1', ...tags]) await target.tag(root, tag);
  return layerDescriptor;
}

const here = () => parseLocation(`${registry.host}/m:v1`);
const CONFIG = Buffer.from('{"name": "x", "customProperties": {}}');

describe('get config and crawl', () => {
  it('refuse a config that is not JSON, which would end their document', async () => {
    await pushRaw(Buffer.from('\u001f not json \u001b[31m'), Buffer.from('w'));
    const artifact = await readArtifact(context, here());
    await expect(configText(artifact)).rejects.toMatchObject({ code: 'metadata-invalid' });
  });

  it('write what would act on a terminal as JSON escapes, and all else as it is', async () => {
    const config = '{"name": "\u202eé",\n\t"b": "\u009b31m"}';
    await pushRaw(Buffer.from(config), Buffer.from('w'));
    const text = await configText(await readArtifact(context, here()));
    expect(text).toBe(
      `{"reference":"${registry.host}/m:v1", "config": {"name": "\\u202eé",\n\t"b": "\\u009b31m"} }`,
    );
    expect(JSON.parse(text).config).toEqual(JSON.parse(config));
  });
});

describe('an artifact whose content is gone', () => {
  it('validate says so, also of a layer that is too large to be fetched for it', async () => {
    const layer = await pushRaw(CONFIG, Buffer.alloc(2_000_000));
    registry.faults.add(on(undefined, `/blobs/${layer.digest}`), answer(404));
    const problems = await validateArtifact(context, here());
    expect(problems.map(({ code }) => code)).toContain('content-missing');
  });

  it('inspect shows the rest, with a warning', async () => {
    const layer = await pushRaw(CONFIG, Buffer.from('weights'));
    registry.faults.add(on(undefined, `/blobs/${layer.digest}`), answer(404));
    const report = await inspectArtifact(context, here());
    expect(report).toMatchObject({ metadata: { name: 'x' }, models: [] });
    expect(warnings.join()).toContain('"m.onnx" cannot be read');
  });
});

describe('a repository of many tags', () => {
  it('rm looks at several tags at once, and names them in their order', async () => {
    const tags = Array.from({ length: 40 }, (_, i) => `t${String(i).padStart(2, '0')}`);
    await pushRaw(CONFIG, Buffer.from('w'), ...tags);
    let open = 0;
    let most = 0;
    registry.faults.add(on('GET', '/manifests/t'), async (call, next) => {
      open += 1;
      most = Math.max(most, open);
      await new Promise((resolve) => setTimeout(resolve, 5));
      open -= 1;
      return next(call);
    });
    const removal = await planRemoval(context, here());
    expect(removal.tags).toEqual([...tags, 'v1']);
    expect(most).toBeGreaterThan(3);
    expect(most).toBeLessThanOrEqual(12);
  });
});
