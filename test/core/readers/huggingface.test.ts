import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openFileContent } from '../../../src/core/oci/file-content.ts';
import { readLocalModel } from '../../../src/core/operations/local-model.ts';
import { holdFacts } from './contract.ts';
import {
  codesOf,
  countingContent,
  expectedFacts,
  expectedFolder,
  fixturePath,
  folderPath,
  propertiesOf,
  readFixtureFolder,
} from './fixtures.ts';
import { readKnownFolder, readMemoryFolder } from './memory-folder.ts';

const CONFIG = '{"model_type": "llama"}';
const card = (yaml: string) => `---\n${yaml}\n---\n# Card\n`;

describe('a Hugging Face folder', () => {
  it.each(['llama', 'quantized', 'adapter'])('is what its libraries say: %s', async (name) => {
    const { whole } = await readFixtureFolder(name);
    holdFacts(whole, { ...expectedFolder(name), name });
  });

  it('shows tokenizer, generation config and the tensors of all shards', async () => {
    const { whole, findings } = await readFixtureFolder('llama');
    const expected = expectedFolder('llama');
    expect(whole.details).toMatchObject({
      tokenizer: { class: expected.tokenizer, files: ['tokenizer.json', 'tokenizer_config.json'] },
      generation_config: expected.generation,
      chat_template: true,
      tensor_count: Object.keys(expected.tensors ?? {}).length,
    });
    expect(findings).toEqual([]);
  });

  it('whose config names code of its own is a medium finding', async () => {
    expect(codesOf((await readFixtureFolder('quantized')).whole)).toEqual(['medium code-in-model']);
    const elsewhere = await readKnownFolder({
      'config.json':
        '{"model_type": "x", "auto_map": {"AutoModel": "other/repo--modeling.X", "AutoTokenizer": ["a.B", null]}}',
    });
    expect(codesOf(elsewhere)).toEqual(['medium code-in-model', 'medium code-in-model']);
  });

  it('with a chat template that reaches for Python is a high finding', async () => {
    const evil = "{{ ''.__class__.__mro__ }}";
    for (const files of [
      { 'chat_template.jinja': evil },
      { 'tokenizer_config.json': JSON.stringify({ chat_template: evil }) },
      { 'tokenizer_config.json': JSON.stringify({ chat_template: [{ name: 'default', template: evil }] }) },
    ]) {
      expect(codesOf(await readKnownFolder({ 'config.json': CONFIG, ...files }))).toEqual([
        'high code-in-model',
      ]);
    }
  });

  it('counts the same weights in two formats once, those a loader prefers', async () => {
    const safetensors = await openFileContent(fixturePath('tiny.safetensors'));
    const other = await openFileContent(fixturePath('mlp.onnx'));
    const one = await readKnownFolder({ 'config.json': CONFIG, 'model.safetensors': safetensors });
    const two = await readKnownFolder({
      'config.json': CONFIG,
      'a.onnx': other,
      'model.safetensors': safetensors,
    });
    expect(propertiesOf(two).parameter_count).toBe(propertiesOf(one).parameter_count);
  });

  it('takes the weights that loaders look for by name, also where others are larger', async () => {
    const [usual, large] = await Promise.all(
      ['adapter.safetensors', 'tiny.safetensors'].map((name) => openFileContent(fixturePath(name))),
    );
    if (usual === undefined || large === undefined) throw new Error('no fixtures');
    const countOf = (name: string) => expectedFacts(name).properties.parameter_count;
    const files = { 'config.json': CONFIG, 'consolidated.safetensors': large, 'model.safetensors': usual };
    expect(propertiesOf(await readKnownFolder(files)).parameter_count).toBe(countOf('adapter.safetensors'));
    const { 'model.safetensors': _, ...without } = files;
    expect(propertiesOf(await readKnownFolder(without)).parameter_count).toBe(countOf('tiny.safetensors'));
  });

  it('takes the weights of a folder inside where it has none itself', async () => {
    const onnx = await openFileContent(fixturePath('mlp.onnx'));
    const facts = await readKnownFolder({ 'config.json': CONFIG, 'onnx/model.onnx': onnx });
    expect(propertiesOf(facts).parameter_count).toBe(expectedFacts('mlp.onnx').properties.parameter_count);
  });

  it("counts PyTorch's own files: what is tied once, and all shards of an index", async () => {
    const [tied, other] = await Promise.all(
      ['tied.bin', 'kinds.pt'].map((name) => openFileContent(fixturePath(name))),
    );
    if (tied === undefined || other === undefined) throw new Error('no fixtures');
    const countOf = (name: string) => Number(expectedFacts(name).properties.parameter_count);
    const one = await readKnownFolder({
      'config.json': CONFIG,
      'pytorch_model.bin': tied,
      'optimizer.bin': other,
    });
    expect(propertiesOf(one).parameter_count).toBe(countOf('tied.bin'));
    const names = ['pytorch_model-00001-of-00002.bin', 'pytorch_model-00002-of-00002.bin'] as const;
    const weight_map = { a: names[0], b: names[1] };
    const two = await readKnownFolder({
      'pytorch_model.bin.index.json': JSON.stringify({ metadata: {}, weight_map }),
      [names[0]]: tied,
      [names[1]]: other,
    });
    expect(two.format.name).toBe('pytorch');
    expect(propertiesOf(two).parameter_count).toBe(countOf('tied.bin') + countOf('kinds.pt'));
  });

  it('of AWQ weights says so, as the config has it', async () => {
    const quantization_config = {
      bits: 4,
      group_size: 128,
      quant_method: 'awq',
      version: 'gemm',
      zero_point: true,
    };
    const config = { model_type: 'llama', architectures: ['LlamaForCausalLM'], quantization_config };
    const facts = await readKnownFolder({ 'config.json': JSON.stringify(config) });
    expect(propertiesOf(facts)).toMatchObject({ architecture: 'llama', quantization: 'awq' });
    expect(facts.details.quantization_config).toEqual(quantization_config);
  });

  it('is not any folder with a config.json', async () => {
    expect(await readMemoryFolder({ 'config.json': '{"port": 80}', 'x.txt': '' })).toBeUndefined();
    expect((await readKnownFolder({ 'config.json': CONFIG, 'x.txt': '' })).format.name).toBe('huggingface');
  });

  it.each([
    ['{"model_type": ', 'malformed'],
    ['[]', 'malformed'],
    ['['.repeat(100_000), 'malformed'],
    [`{"a": "${'x'.repeat(2 ** 21)}"}`, 'too-large-to-show'],
  ])('with a config that cannot be read gives a finding', async (config, code) => {
    const facts = await readKnownFolder({ 'config.json': config, 'adapter_config.json': '{}' });
    expect(facts.findings.map((finding) => finding.code)).toEqual([code]);
    expect(facts.findings[0]?.where).toBe('config.json');
  });

  it('takes the numbers that only Python writes for none', async () => {
    const facts = await readKnownFolder({
      'config.json': '{"model_type": "llama", "x": NaN, "y": [-Infinity]}',
      b: '',
    });
    expect(propertiesOf(facts)).toMatchObject({ architecture: 'llama' });
    expect(facts.findings).toEqual([]);
  });

  it('finds the sizes of a language model inside one of several kinds, and by older names', async () => {
    const nested = { model_type: 'llava', text_config: { hidden_size: 64, vocab_size: 100 } };
    const old = { model_type: 'gpt2', n_positions: 1024, n_embd: 768, n_layer: 12 };
    const facts = async (config: object) =>
      propertiesOf(await readKnownFolder({ 'config.json': JSON.stringify(config), b: '' }));
    expect(await facts(nested)).toMatchObject({ embedding_length: 64, vocab_size: 100 });
    expect(await facts(old)).toMatchObject({ context_length: 1024, embedding_length: 768, block_count: 12 });
  });
});

describe('a model card', () => {
  const read = (readme: string) => readKnownFolder({ 'config.json': CONFIG, 'README.md': readme });

  it('may begin with a byte order mark, end lines as Windows does, and state numbers as text', async () => {
    const yaml =
      'license: mit\nmodel-index:\n- results:\n  - metrics:\n    - type: f1\n      value: "0.5"\n    - type: f1\n      value: 0.9';
    const facts = await read(`\ufeff${card(yaml).replaceAll('\n', '\r\n')}`);
    expect(propertiesOf(facts)).toMatchObject({ license: 'mit', metrics: { f1: 0.5 } });
  });

  it('without metadata says nothing', async () => {
    expect((await read('# Only text\n\n---\nlicense: mit\n---\n')).findings).toEqual([]);
    expect(propertiesOf(await read('# Only text\n\n---\nlicense: mit\n---\n'))).not.toHaveProperty('license');
  });

  it.each([
    [
      'aliases to aliases',
      card(`a: &a [x]\n${Array.from({ length: 60 }, (_, i) => `b${i}: *a`).join('\n')}`),
    ],
    ['no end', '---\nlicense: mit\n'],
    ['no YAML', card('a: [')],
    ['a list', card('- a')],
    ['deep nesting', card(`a: ${'['.repeat(5000)}`)],
  ])('with %s gives a finding and takes no time', async (_what, readme) => {
    const start = performance.now();
    const facts = await read(readme);
    expect(performance.now() - start).toBeLessThan(2000);
    expect(codesOf(facts)).toEqual(['medium malformed']);
    expect(propertiesOf(facts)).toMatchObject({ architecture: 'llama' });
  });
});

describe('a snapshot of a Hugging Face cache', () => {
  it('is read through its links, and called after the model', async () => {
    const cache = await mkdtemp(join(tmpdir(), 'omlmd-hub-'));
    try {
      const model = join(cache, 'models--example--tiny-llama');
      const snapshot = join(model, 'snapshots', '0123abcd');
      await mkdir(join(model, 'blobs'), { recursive: true });
      await mkdir(snapshot, { recursive: true });
      for (const [i, name] of ['config.json', 'README.md', 'tokenizer.json'].entries()) {
        await writeFile(join(model, 'blobs', `blob${i}`), await readFile(folderPath(`llama/${name}`)));
        await symlink(`../../blobs/blob${i}`, join(snapshot, name));
      }
      await writeFile(join(model, 'secret'), 'secret');
      await symlink('../../secret', join(snapshot, 'vocab.txt'));
      for (const n of [1, 2, 3]) {
        const name = `tiny-0000${n}-of-00003.gguf`;
        await writeFile(join(model, 'blobs', `split${n}`), await readFile(folderPath(`splits/${name}`)));
        await symlink(`../../blobs/split${n}`, join(snapshot, name));
      }
      const one = await readLocalModel([{ path: join(snapshot, 'tiny-00002-of-00003.gguf') }]);
      expect(one.files).toHaveLength(3);
      expect(one.findings).toEqual([]);
      for (const n of [1, 2, 3]) await rm(join(snapshot, `tiny-0000${n}-of-00003.gguf`));
      const { whole, files, findings } = await readLocalModel([{ path: snapshot }]);
      expect(whole?.metadata.name).toBe('tiny-llama');
      expect(files.map(({ title }) => title)).toEqual(['README.md', 'config.json', 'tokenizer.json']);
      expect(findings).toMatchObject([{ severity: 'critical', code: 'external-path', file: 'vocab.txt' }]);
    } finally {
      await rm(cache, { recursive: true });
    }
  });
});

it('of the weights only headers are read', async () => {
  const weights = countingContent(await openFileContent(fixturePath('tiny.safetensors')));
  await readKnownFolder({ 'config.json': CONFIG, 'model.safetensors': weights.content });
  expect(weights.bytes()).toBeLessThanOrEqual(64 * 1024);
  expect(weights.ranges).toHaveLength(1);
});
