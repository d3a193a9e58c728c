import { describe, expect, it } from 'vitest';
import { FactsBuilder } from '../../../src/core/readers/facts.ts';
import { KerasCode } from '../../../src/core/readers/keras/keras-code.ts';
import { reportConfig } from '../../../src/core/readers/keras/keras-config.ts';
import { holdFacts } from './contract.ts';
import { codesOf, expectedFacts, fixtureBytes, fixtureNames, readBytes, readFixture } from './fixtures.ts';
import { zip } from './zip-bytes.ts';

const GOOD = [
  'mlp.keras',
  'cnn.keras',
  'half.keras',
  'mlp.h5',
  'mlp.weights.h5',
  'graph-keras2.h5',
  'row-keras2.keras',
];

describe('Keras files as Keras sees them', () => {
  it.each(GOOD)('facts of %s', async (name) => {
    const facts = await readFixture(name);
    holdFacts(facts, expectedFacts(name));
    expect(facts.findings).toEqual([]);
  });

  it.each(GOOD.filter((name) => name !== 'mlp.weights.h5'))('layers and weights of %s', async (name) => {
    const { details } = await readFixture(name);
    const { layers, weights } = expectedFacts(name);
    const found = Array.isArray(details.layers) ? details.layers : [];
    const plain = (list: { name: string; class: string }[]) =>
      list.map(({ name, class: type }) => `${name} ${type}`);
    expect(plain(found).sort()).toEqual(plain(Array.isArray(layers) ? layers : []).sort());
    const tensors: { shape: number[] }[] = Array.isArray(details.tensors) ? details.tensors : [];
    const shapes = tensors.map(({ shape }) => JSON.stringify(shape)).sort();
    expect(shapes).toEqual(
      (Array.isArray(weights) ? weights : []).map((shape) => JSON.stringify(shape)).sort(),
    );
  });

  it('the backend, the optimizer and the loss', async () => {
    for (const name of ['mlp.keras', 'mlp.h5']) {
      const { details } = await readFixture(name);
      expect(details.training).toMatchObject({
        optimizer: 'Adam',
        loss: 'sparse_categorical_crossentropy',
        metrics: ['accuracy'],
      });
    }
    expect((await readFixture('mlp.h5')).details.backend).toBe('tensorflow');
  });

  it.each(['code.keras', 'code.h5', 'code-keras2.h5'])('%s has a Lambda layer', async (name) => {
    expect(codesOf(await readFixture(name))).toEqual(['info runs-code-when-loaded', 'high code-in-model']);
  });

  it.each(fixtureNames('.keras'))('%s cut off or renamed', async (name) => {
    const whole = fixtureBytes(name);
    for (let length = whole.byteLength - 1; length > 0; length -= 97) {
      const facts = await readBytes(name, whole.subarray(0, length));
      expect(facts.findings.length).toBeGreaterThan(0);
    }
    const renamed = await readBytes('x.safetensors', whole);
    expect(renamed.format.name).toBe('keras');
    expect(codesOf(renamed)).toContain('medium name-mismatch');
  });
});

function findingsOf(config: unknown): string[] {
  const facts = new FactsBuilder();
  reportConfig(typeof config === 'string' ? config : JSON.stringify(config), new KerasCode(facts), facts);
  return codesOf(facts.build('keras', 'x'));
}

function sequential(...layers: readonly unknown[]): unknown {
  return { module: 'keras', class_name: 'Sequential', config: { name: 's', layers } };
}

const layer = (class_name: string, config: object, rest: object = {}) => ({
  module: 'keras.layers',
  class_name,
  config: { name: 'x', ...config },
  ...rest,
});

describe('what a configuration would run or import', () => {
  it.each([
    [
      'a Lambda layer of Keras 2',
      layer('Lambda', { function: ['4wEAAAA=', null, null] }, { module: undefined }),
    ],
    ['a Lambda layer under a registered name', layer('Custom>Lambda', {})],
    [
      'a function by value as an activation',
      layer('Dense', { activation: { class_name: '__lambda__', config: { value: 'x' } } }),
    ],
    ['a Lambda layer inside another', layer('TimeDistributed', { layer: layer('Lambda', { function: {} }) })],
    ['a module of PyTorch', layer('TorchModuleWrapper', { module: 'UEsDBA==' })],
    ['a SavedModel by path', layer('TFSMLayer', { filepath: '/tmp/x' })],
    ['a file operation of TensorFlow', layer('TFOpLambda', { function: 'io.write_file' })],
  ])('%s', (_what, one) => {
    expect(findingsOf(sequential(one))).toEqual(['info runs-code-when-loaded', 'high code-in-model']);
  });

  it.each([
    ['os', 'function', 'system', 'critical unsafe-import'],
    ['subprocess', 'Popen', {}, 'critical unsafe-import'],
    ['builtins', 'function', 'exec', 'critical unsafe-import'],
    ['keras.utils', 'function', 'get_file', 'critical unsafe-import'],
    ['keras.models', 'function', 'load_model', 'critical unsafe-import'],
    ['keras.layers.os', 'function', 'system', 'critical unsafe-import'],
    ['keras.src.saving.saving_lib', 'function', 'x', 'medium unknown-import'],
    ['my.layers', 'Attention', {}, 'medium unknown-import'],
    ['builtins', 'function', 'my_activation', 'medium unknown-import'],
    [undefined, 'Custom>Attention', {}, 'medium unknown-import'],
  ])('%s %s %j is %s', (module, class_name, config, code) => {
    expect(findingsOf(sequential(layer('Dense', { activation: { module, class_name, config } })))).toEqual([
      code,
    ]);
  });

  it('what Keras itself writes is nothing to speak of', () => {
    const activation = { module: 'keras.activations', class_name: 'function', config: 'relu' };
    expect(
      findingsOf(sequential(layer('Dense', { activation }), layer('TFOpLambda', { function: 'math.add' }))),
    ).toEqual([]);
  });

  it('a vocabulary in a file belongs to the model, and must be in its folder', () => {
    const facts = new FactsBuilder();
    reportConfig(
      JSON.stringify(sequential(layer('StringLookup', { vocabulary: 'words.txt' }))),
      new KerasCode(facts),
      facts,
    );
    expect(facts.build('keras', 'x').companions).toEqual(['words.txt']);
    expect(findingsOf(sequential(layer('StringLookup', { vocabulary: '/etc/passwd' })))).toEqual([
      'critical external-path',
    ]);
    expect(
      findingsOf(sequential(layer('TextVectorization', { vocabulary: 'http://169.254.169.254/x' }))),
    ).toEqual(['critical external-path']);
  });

  it('a configuration that cannot be read may hold anything', async () => {
    const text = JSON.stringify(sequential(layer('Lambda', {})));
    const packed = (config: string) =>
      zip(
        { name: 'metadata.json', data: '{"keras_version": "3.0.0"}' },
        { name: 'config.json', data: config },
      );
    expect(codesOf(await readBytes('x.keras', packed(text)))).toContain('high code-in-model');
    const padded = await readBytes('x.keras', packed(text.padEnd(5 * 1024 * 1024)));
    expect(codesOf(padded)).toEqual(['low too-large-to-show', 'medium hidden-data']);
  });

  it('an archive behind another format is opened as Keras does, and what stands before it is looked into', async () => {
    const archive = fixtureBytes('code.keras');
    const before = Buffer.from("\x80\x04cos\nsystem\n(S'id'\ntR.", 'latin1');
    const facts = await readBytes('x.keras', Buffer.concat([before, archive]));
    expect(facts.format.name).toBe('keras');
    expect(codesOf(facts)).toContain('high code-in-model');
    expect(codesOf(facts)).toContain('critical unsafe-import');
    const other = await readBytes('x.keras', before);
    expect(other.format.name).toBe('pickle');
    expect(codesOf(other)).toContain('medium name-mismatch');
  });

  it('optimizers of Keras 2, and layers that stand in many places, are said once or not at all', () => {
    expect(
      findingsOf({
        class_name: 'Sequential',
        config: {},
        optimizer: { class_name: 'Custom>Adam', config: {} },
      }),
    ).toEqual([]);
    const lambda = layer('Lambda', { name: 'same' });
    expect(findingsOf(sequential(lambda, lambda))).toHaveLength(2);
  });

  it('NaN and Infinity of Python are read', () => {
    expect(
      findingsOf('{"class_name": "Sequential", "config": {"layers": [], "x": [NaN, -Infinity, 1]}}'),
    ).toEqual([]);
  });

  it.each(['[', '{"a":'])('a hundred thousand levels of %s stop', (bracket) => {
    expect(() => findingsOf(bracket.repeat(100_000))).toThrow(/nests deeper/);
  });

  it('a million values stop', () => {
    expect(() => findingsOf(`[${'0,'.repeat(1_000_000)}0]`)).toThrow(/more than/);
  });
});
