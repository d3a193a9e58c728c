import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { openFileContent } from '../../../src/core/oci/file-content.ts';
import { holdFacts } from './contract.ts';
import { codesOf, expectedFolder, folderPath, propertiesOf, readFixtureFolder } from './fixtures.ts';
import { readKnownFolder } from './memory-folder.ts';

const read = (model: object, files: Readonly<Record<string, string>> = {}) =>
  readKnownFolder({ MLmodel: stringify(model), ...files });

describe('an MLflow folder', () => {
  it.each(['mlflow-sklearn', 'mlflow-code'])('is what MLflow says: %s', async (name) => {
    const { whole } = await readFixtureFolder(name);
    const expected = expectedFolder(name);
    holdFacts(whole, { ...expected, name });
    expect(whole.details.flavors).toEqual(expected.flavors);
    for (const key of ['run_id', 'model_id', 'model_uuid']) expect(whole.details[key]).toEqual(expected[key]);
  });

  it('keeps the findings of the pickle in it', async () => {
    const { findings } = await readFixtureFolder('mlflow-sklearn');
    expect(findings).toMatchObject([{ code: 'runs-code-when-loaded', file: 'model.pkl' }]);
  });

  it('that brings code says so', async () => {
    const { whole } = await readFixtureFolder('mlflow-code');
    expect(whole.findings).toMatchObject([
      { severity: 'medium', code: 'code-in-model', where: 'MLmodel: flavors.python_function.code' },
    ]);
  });

  it('whose loader is not one of MLflow says so', async () => {
    const facts = await read({ flavors: { python_function: { loader_module: 'my_loader', data: 'data' } } });
    expect(codesOf(facts)).toEqual(['medium code-in-model']);
  });

  it.each(['/etc/passwd', '../../secret', 'C:\\secret', 'a/../../b'])(
    'that names %j is critical',
    async (path) => {
      const flavors = [
        { python_function: { loader_module: 'mlflow.sklearn', model_path: path } },
        { sklearn: { pickled_model: path } },
        {
          python_function: {
            loader_module: 'mlflow.pyfunc.model',
            artifacts: { a: { path, uri: '/home/me/a' } },
          },
        },
        { python_function: { loader_module: 'mlflow.pyfunc.model', code: path } },
      ];
      for (const flavor of flavors)
        expect(codesOf(await read({ flavors: flavor }))).toEqual(['critical external-path']);
    },
  );

  it('of a logged model has metrics and parameters of its run', async () => {
    const facts = await readKnownFolder({
      'artifacts/MLmodel': stringify({ flavors: { sklearn: { sklearn_version: '1.9.1' } } }),
      'metrics/f1': '1700000000000 0.5 0\n1700000000001 0.75 1\n',
      'metrics/broken': 'x',
      'params/C': '0.5',
    });
    expect(propertiesOf(facts)).toMatchObject({
      framework: 'scikit-learn',
      metrics: { f1: 0.75 },
      hyperparameters: { C: '0.5' },
      file_count: 4,
    });
  });

  it('whose model is in shards counts all of them', async () => {
    const shards = ['model-00001-of-00003', 'model-00002-of-00003', 'model-00003-of-00003'];
    const files = await Promise.all(
      shards.map(async (name) => [
        `model/${name}.safetensors`,
        await openFileContent(folderPath(`llama/${name}.safetensors`)),
      ]),
    );
    const facts = await readKnownFolder({
      MLmodel: stringify({
        flavors: { transformers: { model_binary: 'model', transformers_version: '5.0.0' } },
      }),
      ...Object.fromEntries(files),
    });
    expect(propertiesOf(facts)).toMatchObject({
      framework: 'transformers',
      parameter_count: expectedFolder('llama').properties.parameter_count,
    });
  });

  it('cut anywhere is read to an end, and never throws', async () => {
    const text = await readFile(folderPath('mlflow-sklearn/MLmodel'), 'utf8');
    for (let length = 0; length < text.length; length += 23) {
      const facts = await readKnownFolder({ MLmodel: text.slice(0, length) });
      expect(facts.format.name).toBe('mlflow');
    }
  });

  it.each([
    ['flavors: [1, 2]', []],
    ['signature: {inputs: "["}', ['medium malformed']],
    ['a: &a [*a]', ['medium malformed']],
    ['- list', ['medium malformed']],
    [`a: ${'x'.repeat(2 ** 20)}`, ['low too-large-to-show']],
  ])('with odd content gives at most a finding', async (MLmodel, codes) => {
    expect(codesOf(await readKnownFolder({ MLmodel }))).toEqual(codes);
  });
});
