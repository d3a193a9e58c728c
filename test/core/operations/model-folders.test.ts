import { cp, mkdtemp, rename, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findCompanions } from '../../../src/core/operations/companions.ts';
import type { Context } from '../../../src/core/operations/context.ts';
import { inspectArtifact, inspectFile } from '../../../src/core/operations/inspect.ts';
import { parseLocation } from '../../../src/core/operations/location.ts';
import { type PrepareOptions, prepareModel } from '../../../src/core/operations/prepare-model.ts';
import { pull } from '../../../src/core/operations/pull.ts';
import { push } from '../../../src/core/operations/push.ts';
import { startTestRegistry, type TestRegistry } from '../../support/registry/test-registry.ts';
import { writeSafetensors } from '../../support/safetensors-file.ts';
import { expectedFolder, fixturePath, folderPath } from '../readers/fixtures.ts';
import { contextAt } from './context-at.ts';

let folder: string;
let context: Context;
let registry: TestRegistry;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'omlmd-folders-'));
  registry = await startTestRegistry();
  context = contextAt(join(folder, 'home'));
});
afterEach(async () => {
  await registry.stop();
  await rm(folder, { recursive: true });
});

async function pushPath(path: string, options: PrepareOptions = {}) {
  const location = parseLocation(`${registry.host}/team/model:v1`);
  const model = await prepareModel([{ path }], options);
  return { model, result: (await push(context, location, model)).result, location };
}

const titlesOf = (files: readonly { readonly title?: string }[]) =>
  files.map(({ title }) => title).filter((title) => title?.includes('omlmd') === false);

describe('a folder that is one model', () => {
  it.each(['llama', 'adapter', 'mlflow-sklearn', 'diffusers', 'shards', 'splits'])(
    'says the same here and in a registry: %s',
    async (name) => {
      const here = await inspectFile(folderPath(name));
      const { location, result } = await pushPath(folderPath(name));
      const { models = [] } = await inspectArtifact(context, location);
      const [whole] = models;
      expect(whole).toMatchObject({
        title: 'model',
        verified: false,
        format: here.format,
        details: here.details,
      });
      expect(whole?.metadata.customProperties).toEqual(here.metadata.customProperties);
      expect(result.metadata).toEqual(here.metadata);
      expect(result.metadata).toMatchObject({ model_format_name: expectedFolder(name).format });
      expect(here.size).toBe(
        result.files.filter(({ path }) => path).reduce((sum, { size }) => sum + size, 0),
      );
    },
  );

  it('of a registry costs one range of each large file, and no more', async () => {
    const path = join(folder, 'big');
    await cp(folderPath('llama'), path, { recursive: true });
    for (const n of [1, 2, 3]) {
      await writeSafetensors(
        join(path, `model-0000${n}-of-00003.safetensors`),
        new Array(1_000_000).fill(0.5),
      );
    }
    const { location, result } = await pushPath(path);
    const before = registry.requests.length;
    await inspectArtifact(context, location);
    const shards = result.files.filter(({ title }) => title?.endsWith('.safetensors'));
    const reads = registry.requests
      .slice(before)
      .filter((r) => r.method === 'GET' && shards.some(({ digest }) => r.path.endsWith(digest)));
    expect(reads.map(({ headers }) => headers.range)).toEqual(new Array(3).fill('bytes=0-65535'));
  });
});

describe('a file that needs others', () => {
  beforeEach(async () => {
    for (const name of ['external.onnx', 'external.onnx.data'])
      await cp(fixturePath(name), join(folder, name));
  });

  it('takes them along when it is pushed', async () => {
    const { result } = await pushPath(join(folder, 'external.onnx'));
    expect(titlesOf(result.files)).toEqual(['external.onnx', 'external.onnx.data']);
    expect(result.metadata.name).toBe('external');
    expect(result.metadata.customProperties.get('file_count')).toMatchObject({ text: '2' });
  });

  it('goes alone where the person says so', async () => {
    const { result } = await pushPath(join(folder, 'external.onnx'), { companions: [] });
    expect(titlesOf(result.files)).toEqual(['external.onnx']);
  });

  it('counts their bytes as its own', async () => {
    const { size, findings } = await inspectFile(join(folder, 'external.onnx'));
    const { files } = await prepareModel([{ path: join(folder, 'external.onnx') }]);
    expect(size).toBe(files.reduce((sum, file) => sum + file.size, 0));
    expect(findings).toEqual([]);
  });

  it('says which are missing, here and in a registry', async () => {
    await rm(join(folder, 'external.onnx.data'));
    const missing = { severity: 'high', code: 'truncated', where: 'external.onnx.data' };
    expect((await inspectFile(join(folder, 'external.onnx'))).findings).toMatchObject([missing]);
    const { location } = await pushPath(join(folder, 'external.onnx'));
    expect((await inspectArtifact(context, location)).models?.[0]?.findings).toMatchObject([missing]);
  });

  it('does not follow a link out of its folder to them', async () => {
    await rename(join(folder, 'external.onnx.data'), join(folder, 'secret'));
    await cp(join(folder, 'external.onnx'), join(folder, 'model', 'external.onnx'));
    await symlink('../secret', join(folder, 'model', 'external.onnx.data'));
    const model = join(folder, 'model', 'external.onnx');
    await expect(pushPath(model)).rejects.toMatchObject({ code: 'unsafe-model' });
    expect((await prepareModel([{ path: model }])).files.map(({ title }) => title)).toEqual([
      'external.onnx',
    ]);
    expect((await inspectFile(model)).findings).toMatchObject([
      { severity: 'critical', code: 'external-path' },
      {},
    ]);
  });

  it('may be named beside them, and they stand once in the artifact', async () => {
    const paths = ['external.onnx', 'external.onnx.data'].map((name) => ({ path: join(folder, name) }));
    expect((await prepareModel(paths)).files.map(({ title }) => title)).toEqual([
      'external.onnx',
      'external.onnx.data',
    ]);
  });
});

describe('a shard', () => {
  it('takes the others and their index along', async () => {
    const { result } = await pushPath(folderPath('shards/model-00002-of-00003.safetensors'));
    expect(titlesOf(result.files)).toHaveLength(4);
    expect(result.metadata).toMatchObject({ name: 'model', model_format_name: 'safetensors' });
  });
});

describe('what lies beside a model', () => {
  const titles = async (path: string) =>
    (await findCompanions(path)).map(({ title, needed }) => `${needed ? 'needed' : 'offered'} ${title}`);

  it('is offered with it: what it needs first, then config, tokenizer and description', async () => {
    expect(await titles(folderPath('llama/model-00001-of-00003.safetensors'))).toEqual([
      'needed model.safetensors.index.json',
      'needed model-00002-of-00003.safetensors',
      'needed model-00003-of-00003.safetensors',
      'offered README.md',
      'offered chat_template.jinja',
      'offered config.json',
      'offered generation_config.json',
      'offered tokenizer.json',
      'offered tokenizer_config.json',
    ]);
    expect(await titles(folderPath('splits/tiny-00001-of-00003.gguf'))).toEqual([
      'needed tiny-00002-of-00003.gguf',
      'needed tiny-00003-of-00003.gguf',
    ]);
    expect(await titles(folderPath('mlflow-sklearn/model.pkl'))).toEqual(['offered requirements.txt']);
    expect(await titles(folderPath('llama'))).toEqual([]);
  });

  it('goes with it where it was chosen, and nothing else does', async () => {
    const path = folderPath('llama/model-00001-of-00003.safetensors');
    const { files, metadata } = await prepareModel([{ path }], { companions: ['config.json', 'README.md'] });
    expect(files.map(({ title }) => title)).toEqual([
      'README.md',
      'config.json',
      'model-00001-of-00003.safetensors',
    ]);
    expect(metadata).toMatchObject({ model_format_name: 'huggingface' });
  });

  it('is nothing outside its folder, whatever is asked for', async () => {
    const path = folderPath('splits/tiny-00001-of-00003.gguf');
    const companions = ['../llama/config.json', '/etc/hostname'];
    expect((await prepareModel([{ path }], { companions })).files).toHaveLength(1);
  });
});

describe('a pull of a folder', () => {
  const findingsOf = async (name: string) => {
    const { location, result } = await pushPath(folderPath(name));
    const before = registry.requests.length;
    const findings: string[] = [];
    await pull(context, location, join(folder, 'out'), {
      onFinding: ({ severity, code, file }) => findings.push(`${severity} ${code} ${file}`),
    });
    return { findings, result, requests: registry.requests.slice(before) };
  };

  it('warns of code that the folder brings', async () => {
    expect((await findingsOf('quantized')).findings).toEqual(['medium code-in-model config.json: auto_map']);
  });

  it('tells what is in its files once', async () => {
    const { findings } = await findingsOf('mlflow-sklearn');
    expect(findings).toEqual(['info runs-code-when-loaded model.pkl']);
  });

  it('asks for no weights besides pulling them', async () => {
    const { result, requests } = await findingsOf('llama');
    for (const { title, digest } of result.files) {
      if (title?.endsWith('.safetensors') !== true) continue;
      expect(requests.filter(({ path }) => path.endsWith(digest))).toHaveLength(1);
    }
  });
});
