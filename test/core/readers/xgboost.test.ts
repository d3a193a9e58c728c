import { describe, expect, it } from 'vitest';
import { bytesContent } from '../../../src/core/oci/content.ts';
import { readModelFile } from '../../../src/core/readers/index.ts';
import { MAX_XGBOOST_WALKED_BYTES } from '../../../src/core/readers/limits.ts';
import { holdFacts } from './contract.ts';
import { cutAnywhere, flippedAnywhere, isStopped } from './damage.ts';
import {
  codesOf,
  countingContent,
  expectedFacts,
  fixtureBytes,
  fixtureNames,
  propertiesOf,
  readBytes,
  readFixture,
} from './fixtures.ts';

const JSON_FILES = fixtureNames('.json').filter((name) => /^xgb-[a-z]+\.json$/.test(name));
const FILES = [...JSON_FILES, ...fixtureNames('.ubj')];
const text = (value: string) => Buffer.from(value);

/** A model as XGBoost writes it, with `trees` in place of its trees. */
function json(trees: string, attributes = '{}'): Uint8Array {
  return text(
    `{"learner":{"attributes":${attributes},"feature_names":["a","b"],"feature_types":["float","int"],` +
      `"gradient_booster":{"model":{"gbtree_model_param":{"num_parallel_tree":"1","num_trees":"4"},` +
      `"tree_info":[0,0,0,0],"trees":${trees}},"name":"gbtree"},` +
      `"learner_model_param":{"base_score":"5E-1","num_class":"0","num_feature":"2"},` +
      `"objective":{"name":"binary:logistic","reg_loss_param":{"scale_pos_weight":"1"}}},"version":[2,1,4]}`,
  );
}

const key = (value: string) => {
  const bytes = Buffer.alloc(9 + value.length);
  bytes.write('L', 0, 'latin1');
  bytes.writeBigInt64BE(BigInt(value.length), 1);
  bytes.write(value, 9, 'latin1');
  return bytes;
};
const string = (value: string) => Buffer.concat([text('S'), key(value)]);

/** The same in UBJSON, with `trees` as the value of the trees. */
function ubjson(...trees: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([
    text('{'),
    key('learner'),
    text('{'),
    key('feature_names'),
    text('[#U\x02'),
    string('a'),
    string('b'),
    key('gradient_booster'),
    text('{'),
    key('model'),
    text('{'),
    key('gbtree_model_param'),
    text('{'),
    key('num_trees'),
    string('4'),
    text('}'),
    key('trees'),
    ...trees,
    text('}'),
    key('name'),
    string('gbtree'),
    text('}'),
    key('learner_model_param'),
    text('{'),
    key('num_feature'),
    string('2'),
    text('}'),
    key('objective'),
    text('{'),
    key('name'),
    string('reg:squarederror'),
    text('}'),
    text('}'),
    key('version'),
    text('[#U\x03U\x02U\x01U\x00'),
    text('}'),
  ]);
}

/** An array of `count` 32-bit floats. */
function floats(count: number): Uint8Array {
  const head = Buffer.alloc(5);
  head.write('l', 0, 'latin1');
  head.writeInt32BE(count, 1);
  return Buffer.concat([text('[$d#'), head, Buffer.alloc(count * 4)]);
}

describe('an XGBoost model', () => {
  it('has fixtures of every booster in both notations', () => expect(FILES.length).toBe(10));

  it.each(FILES)('%s is what the library says', async (name) => {
    const facts = await readFixture(name);
    holdFacts(facts, expectedFacts(name));
    const { booster, objective, properties } = expectedFacts(name);
    expect(facts.details).toMatchObject({ booster, objective });
    expect(facts.details.trees ?? null).toBe(properties.trees);
    expect(facts.findings).toEqual([]);
  });

  it('keeps the parameters that older versions put beside it', async () => {
    const own = JSON.stringify(
      JSON.stringify({ n_estimators: 7, gamma: 1.0, _le: 1, classes_: 2, missing: null, list: [1] }),
    );
    const facts = await readBytes('m.json', json('[]', `{"best_iteration":"3","scikit_learn":${own}}`));
    expect(propertiesOf(facts).hyperparameters).toEqual({
      n_estimators: 7,
      gamma: 1,
      booster: 'gbtree',
      objective: 'binary:logistic',
    });
    expect(facts.details.attributes).toMatchObject({ best_iteration: '3' });
  });

  it('is recognised when another program has laid it out anew', async () => {
    const again = JSON.stringify(JSON.parse(Buffer.from(json('[]')).toString()), null, 4);
    const version = again.replace('{\n', '{\n"version": [2, 1, 4],\n');
    for (const form of [again, version]) {
      expect((await readBytes('m.json', text(form))).format.name).toBe('xgboost');
    }
  });

  it.each([
    '{"version":1}',
    '{"learner":3}',
    '{"learner":{"generic_param":{}}}',
    '{}',
    '[]',
    '{"version":[1,2]}',
  ])('is not %s, which claims nothing by its ending', async (document) => {
    const facts = await readBytes('package.json', text(document));
    expect(facts.format.name).toBe('unknown');
    expect(facts.findings).toEqual([]);
  });

  it('under another name says that the name lies', async () => {
    expect(codesOf(await readBytes('x.onnx', fixtureBytes('xgb-binary.ubj')))).toEqual([
      'medium name-mismatch',
    ]);
    expect(codesOf(await readBytes('x.ubj', text('nothing')))).toEqual(['low name-mismatch']);
  });
});

describe('a large XGBoost model costs its two ends', () => {
  const many = 8 * 1024 * 1024;
  it.each([
    ['m.json', json(`[{"base_weights":[${'1E0,'.repeat(many / 4)}1E0]}]`), 'classification'],
    ['m.ubj', ubjson(text('[#U\x01{'), key('base_weights'), floats(many / 4), text('}')), 'regression'],
  ])('%s', async (path, bytes, task) => {
    expect(bytes.byteLength).toBeGreaterThan(MAX_XGBOOST_WALKED_BYTES);
    const counted = countingContent(bytesContent(bytes));
    const facts = await readModelFile({ path, content: counted.content });
    expect(facts.findings).toEqual([]);
    expect(propertiesOf(facts)).toMatchObject({ task, n_features: 2, feature_names: ['a', 'b'], trees: 4 });
    expect(facts.details.booster).toBe('gbtree');
    expect(counted.bytes()).toBeLessThanOrEqual(128 * 1024);
    expect(counted.ranges).toHaveLength(2);
  });

  it('and says that the second is not there', async () => {
    const cut = json(`[${'1E0,'.repeat(many / 4)}`).subarray(0, many - 100);
    const facts = await readBytes('m.json', cut);
    expect(codesOf(facts)).toEqual(['high truncated']);
    expect(propertiesOf(facts)).toMatchObject({ feature_names: ['a', 'b'] });
  });

  it('passes over the numbers of a smaller one without reading them', async () => {
    const counted = countingContent(bytesContent(ubjson(floats(900_000))));
    const facts = await readModelFile({ path: 'm.ubj', content: counted.content });
    expect(facts.findings).toEqual([]);
    expect(propertiesOf(facts)).toMatchObject({ framework_version: '2.1.0' });
    expect(counted.bytes()).toBeLessThanOrEqual(96 * 1024);
  });
});

describe('damaged XGBoost models', () => {
  it.each(FILES)('%s cut off anywhere says so', { timeout: 30_000 }, async (name) => {
    await cutAnywhere(name, (facts, length) => {
      if (facts.format.name !== 'unknown') expect(isStopped(facts), `${length} bytes`).toBe(true);
    });
  });

  it.each(['xgb-multiclass.json', 'xgb-dart.ubj'])('%s with other bytes gives facts', async (name) => {
    await flippedAnywhere(name);
  });

  it.each([
    ['trees nested a thousand deep', '['.repeat(1000)],
    ['a word that is no value', 'nul'],
    ['a number of two signs', '--1'],
    ['nothing', ''],
  ])('JSON with %s is malformed', async (_what, trees) => {
    expect(codesOf(await readBytes('m.json', json(trees)))).toEqual(['high malformed']);
  });

  it.each([
    ['trees nested a thousand deep', text('['.repeat(1000)), 'high malformed'],
    ['a type without a count', text('[$dU'), 'high malformed'],
    ['an unknown type', text('q'), 'high malformed'],
    ['a length below zero', Buffer.from('Si\x80', 'latin1'), 'high malformed'],
    ['a text longer than the file', Buffer.from('SI\x7f\xff', 'latin1'), 'high truncated'],
    ['numbers beyond the end', Buffer.from('[$L#l\x00\x0f\xff\xff', 'latin1'), 'high truncated'],
    ['a count of 2^62', Buffer.from('[$d#L\x40\0\0\0\0\0\0\0', 'latin1'), 'high truncated'],
  ])('UBJSON with %s is not read on', async (_what, trees, code) => {
    expect(codesOf(await readBytes('m.ubj', ubjson(trees)))).toEqual([code]);
  });

  it('values that take no bytes are no way to loop', async () => {
    const list = Buffer.from('[$T#l\x00\x00\x00\x20', 'latin1');
    expect(codesOf(await readBytes('m.ubj', ubjson(list)))).toEqual([]);
    const names = Buffer.concat([text('{'), key('learner'), text('{'), key('feature_names'), list]);
    expect(codesOf(await readBytes('m.ubj', Buffer.concat([names, Buffer.alloc(64)])))).toEqual([
      'high malformed',
    ]);
  });

  it('texts that are too long are left out, not kept', async () => {
    const long = JSON.stringify({ long: 'x'.repeat(100_000), short: '1\\"' });
    const { details, findings } = await readBytes('m.json', json('[["\\\\","]"]]', long));
    expect(findings).toEqual([]);
    expect(details.attributes).toEqual({ short: '1\\"' });
  });
});
