import { readdirSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Expected,
  expectedFacts,
  expectedFolder,
  fixtureNames,
  fixturePath,
  folderPath,
} from '../core/readers/fixtures.ts';
import { type CountingProxy, startCountingProxy } from '../support/counting-proxy.ts';
import { writeSparseGguf, writeSparseOnnx } from '../support/large-models.ts';
import { outlinedFacts, writeOutlinedModel } from '../support/outlined-model.ts';
import { type CliSandbox, makeCliSandbox } from '../support/run-cli.ts';
import { writeSparseSafetensors } from '../support/safetensors-file.ts';
import { type DockerRegistry, startDockerRegistry } from './support/docker-registry.ts';

const MIB = 1024 * 1024;
/** Requests for one layer, and bytes of it, where its header is of usual size. */
const MOST_REQUESTS = 3;
const MOST_BYTES = 2 * MIB;

let registry: DockerRegistry;
let proxy: CountingProxy;
let sandbox: CliSandbox;
beforeAll(async () => {
  registry = await startDockerRegistry();
  proxy = await startCountingProxy(registry.host);
  sandbox = await makeCliSandbox();
});
afterAll(async () => {
  await sandbox?.remove();
  await proxy?.stop();
  await registry?.stop();
});

interface Model {
  readonly title: string;
  readonly format: { readonly name: string; readonly version: string | null };
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly details: Readonly<Record<string, unknown>>;
  readonly findings: readonly { readonly severity: string }[];
  readonly verified: boolean;
}

interface Report {
  readonly files: readonly { readonly digest: string; readonly mediaType: string; readonly title: string }[];
  readonly models: readonly Model[];
}

/** What was asked for of one layer. */
interface Fetched {
  readonly requests: number;
  readonly bytes: number;
}

async function omlmd(...args: readonly string[]): Promise<unknown> {
  const { status, stdout, stderr } = await sandbox.run([...args, '--format', 'json']);
  if (status !== 0) throw new Error(`omlmd ${args.join(' ')}: ${stderr}`);
  return JSON.parse(stdout);
}

/** Pushes a file or folder to the registry and inspects it by what the proxy lets through and counts. */
async function inspectPushed(path: string, repository: string) {
  // Names of repositories are in lower case.
  const name = repository.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  // One of them has a function by value, as its library writes it.
  await omlmd('push', `${registry.host}/models/${name}:v1`, path, '--allow-unsafe');
  proxy.clear();
  const report = (await omlmd('inspect', `${proxy.host}/models/${name}:v1`)) as Report; // our own document
  const layers = report.files.filter(({ mediaType }) => mediaType === 'application/x-mlmodel');
  const fetched = new Map(layers.map(({ title, digest }) => [title, fetchedOf(digest)]));
  return { models: report.models, fetched };
}

function fetchedOf(digest: string): Fetched {
  const requests = proxy.requests.filter(({ method, path }) => method === 'GET' && path.endsWith(digest));
  return { requests: requests.length, bytes: requests.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** Facts with `null` are ones that the library says are absent. */
function statedBy({ format, version, properties, description, author }: Expected) {
  const stated = Object.entries(properties).filter(([, value]) => value !== null);
  return {
    verified: false,
    format: { name: format, version },
    metadata: {
      model_format_name: format,
      model_format_version: version,
      customProperties: Object.fromEntries(stated),
      ...(description === undefined ? {} : { description }),
      ...(author === undefined ? {} : { author }),
    },
  };
}

function holdFetched(fetched: ReadonlyMap<string, Fetched>): void {
  for (const [title, { requests, bytes }] of fetched) {
    expect(requests, title).toBeLessThanOrEqual(MOST_REQUESTS);
    expect(bytes, title).toBeLessThanOrEqual(MOST_BYTES);
  }
}

const FILES = fixtureNames('.expected.json').map((name) => name.replace('.expected.json', ''));
const FOLDERS = readdirSync(folderPath('.')).filter((name) => !name.endsWith('.json'));

describe('on a registry of others', () => {
  it.each(FILES)('%s is what its library says', async (name) => {
    const { models, fetched } = await inspectPushed(fixturePath(name), name);
    const model = models.find(({ title }) => title === name);
    expect(model).toMatchObject(statedBy(expectedFacts(name)));
    holdFetched(fetched);
  });

  it.each(FOLDERS)('the folder %s is what its libraries say', async (name) => {
    const { models, fetched } = await inspectPushed(folderPath(name), name);
    expect(models[0]).toMatchObject(statedBy(expectedFolder(name)));
    holdFetched(fetched);
  });

  it('a file of no format is there all the same', async () => {
    const path = sandbox.path('notes.txt');
    writeFileSync(path, 'nothing but words\n');
    const { models, fetched } = await inspectPushed(path, 'notes');
    expect(models).toMatchObject([
      { title: 'notes.txt', format: { name: 'unknown', version: null }, findings: [] },
    ]);
    holdFetched(fetched);
  });
});

describe('of a model of some size', () => {
  const TENSORS = 290;
  /** Elements of a tensor: 24 MiB of half floats in all. */
  const ELEMENTS = 44_000;

  it('in safetensors one request is made', async () => {
    const path = sandbox.path('sized.safetensors');
    const weights = Array.from({ length: TENSORS }, (_, at) => ({
      name: `model.layers.${at}.mlp.up_proj.weight`,
      dtype: 'BF16',
      shape: [ELEMENTS],
    }));
    await writeSparseSafetensors(path, weights);
    const { models, fetched } = await inspectPushed(path, 'sized-safetensors');
    expect(models[0]?.metadata.customProperties).toMatchObject({ parameter_count: TENSORS * ELEMENTS });
    expect(fetched.get('sized.safetensors')?.requests).toBe(1);
    holdFetched(fetched);
  });

  it('in GGUF the vocabulary is read, in large requests, and no weights', async () => {
    const path = sandbox.path('sized.gguf');
    await writeSparseGguf(path, TENSORS, ELEMENTS);
    const { models, fetched } = await inspectPushed(path, 'sized-gguf');
    expect(models[0]?.metadata.customProperties).toMatchObject({ parameter_count: TENSORS * ELEMENTS });
    const { requests = 0, bytes = 0 } = fetched.get('sized.gguf') ?? {};
    expect(requests).toBeLessThanOrEqual(8);
    expect(bytes).toBeGreaterThan(2 * MIB);
    expect(bytes).toBeLessThanOrEqual(4 * MIB);
  });

  it('in ONNX weights are passed over, each by one request', async () => {
    const path = sandbox.path('sized.onnx');
    writeSparseOnnx(path, 20, 1_000_000);
    const { models, fetched } = await inspectPushed(path, 'sized-onnx');
    expect(models[0]?.metadata.customProperties).toMatchObject({ parameter_count: 20_000_000 });
    const { requests = 0, bytes = 0 } = fetched.get('sized.onnx') ?? {};
    expect(requests).toBeLessThanOrEqual(21);
    expect(bytes).toBeLessThanOrEqual(MOST_BYTES);
  });

  it.each([
    { name: 'encoder.onnx', most: 90, megabytes: 2 },
    { name: 'classifier.onnx', most: 70, megabytes: 2 },
    { name: 'resnet50.h5', most: 60, megabytes: 5 },
  ])('$name as its library wrote it costs what the documentation says', async ({ name, most, megabytes }) => {
    const path = sandbox.path(name);
    writeOutlinedModel(path, name);
    const { models, fetched } = await inspectPushed(path, `outlined-${name}`);
    const { parameter_count, tensor_count } = outlinedFacts(name);
    expect(models[0]?.metadata.customProperties).toMatchObject({ parameter_count });
    expect(models[0]?.details).toMatchObject({ tensor_count });
    const { requests = 0, bytes = 0 } = fetched.get(name) ?? {};
    expect(requests).toBeLessThanOrEqual(most);
    expect(bytes).toBeLessThanOrEqual(megabytes * MIB);
  });
});
