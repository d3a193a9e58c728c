import { describe, expect, it } from 'vitest';
import { bytesContent } from '../../../src/core/oci/content.ts';
import { readModelFile } from '../../../src/core/readers/index.ts';
import type { ModelFacts } from '../../../src/core/readers/reader.ts';
import { holdFacts } from './contract.ts';
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
import { zip } from './zip-bytes.ts';

const NAMES = fixtureNames('.skops');

const node = (loader: string, module: string, name: string, content: unknown) => ({
  __loader__: loader,
  __module__: module,
  __class__: name,
  content,
});
const skops = (schema: unknown) =>
  zip({
    name: 'schema.json',
    data: typeof schema === 'string' ? schema : JSON.stringify(schema),
    deflate: true,
  });

function untrusted(facts: ModelFacts): unknown[] {
  return Array.isArray(facts.details.untrusted_types) ? facts.details.untrusted_types.toSorted() : [];
}

describe('files of skops', () => {
  it.each(NAMES.filter((name) => name !== 'own-types.skops'))('%s is what skops says', async (name) => {
    const facts = await readFixture(name);
    const expected = expectedFacts(name);
    holdFacts(facts, expected);
    expect(facts.findings).toEqual([]);
    expect(facts.details.skops_version).toBe(expected.skops_version);
    expect(untrusted(facts)).toEqual(expected.untrusted_types);
  });

  it('types that are on no list are findings, and the steps are in order', async () => {
    const facts = await readFixture('own-types.skops');
    const expected = expectedFacts('own-types.skops');
    expect(propertiesOf(facts)).toMatchObject({
      model_class: 'sklearn.pipeline.Pipeline',
      framework_version: '1.9.1',
    });
    expect(facts.details.steps).toEqual(expected.steps);
    expect(untrusted(facts)).toEqual(expected.untrusted_types);
    expect(codesOf(facts)).toEqual(['medium unknown-import', 'medium unknown-import']);
  });

  it('the class tree has the objects in their places', async () => {
    const { details } = await readFixture('forest.skops');
    expect(details.class_tree).toMatchObject([
      {
        class: 'sklearn.ensemble._forest.RandomForestClassifier',
        parts: expect.arrayContaining([
          expect.objectContaining({
            class: 'sklearn.tree._classes.DecisionTreeClassifier',
            name: 'estimators_',
          }),
        ]),
      },
    ]);
  });

  it('costs three requests, however large its arrays are', async () => {
    const schema = JSON.stringify(
      node('ObjectNode', 'sklearn.svm._classes', 'SVC', { __loader__: 'DictNode', content: {} }),
    );
    const bytes = zip(
      { name: '1.npy', data: Buffer.alloc(5_000_000) },
      { name: 'schema.json', data: schema },
    );
    const counted = countingContent(bytesContent(bytes));
    await readModelFile({ path: 'x.skops', content: counted.content });
    expect(counted.ranges.length).toBeLessThanOrEqual(3);
  });
});

describe('files of skops that lie', () => {
  const nested = (depth: number) => `${'{"content":'.repeat(depth)}1${'}'.repeat(depth)}`;
  it.each<[string, Uint8Array, string]>([
    ['os.system as a function', skops(node('FunctionNode', 'os', 'system', null)), 'critical unsafe-import'],
    [
      'os.system deep inside',
      skops(
        node('ListNode', 'builtins', 'list', [
          node('XNode', 'a', 'b', { y: node('TypeNode', 'os', 'system', 0) }),
        ]),
      ),
      'critical unsafe-import',
    ],
    ['an unknown type', skops(node('ObjectNode', 'mine', 'Thing', null)), 'medium unknown-import'],
    ['no JSON', skops('{no'), 'high malformed'],
    ['an array', skops('[]'), 'high malformed'],
    ['deep nesting', skops(nested(5000)), 'high malformed'],
    ['a million brackets', skops('['.repeat(1_000_000)), 'high malformed'],
    ['many values', skops(`[${'0,'.repeat(2_000_000)}0]`), 'low too-large-to-show'],
    ['a long schema', skops(`"${'x'.repeat(9_000_000)}"`), 'low too-large-to-show'],
    [
      'an array that is not there',
      skops({
        ...node(
          'ObjectNode',
          'sklearn.svm._classes',
          'SVC',
          node('DictNode', 'builtins', 'dict', {
            classes_: { ...node('NdArrayNode', 'numpy', 'ndarray', null), file: 'x.npy' },
          }),
        ),
      }),
      'high truncated',
    ],
  ])('%s', async (_what, bytes, code) => {
    const facts = await readBytes('x.skops', bytes);
    expect(facts.format.name).toBe('skops');
    expect(codesOf(facts)).toContain(code);
  });

  it('both of two schemas are looked into', async () => {
    const evil = { name: 'schema.json', data: JSON.stringify(node('FunctionNode', 'os', 'system', null)) };
    const facts = await readBytes('x.skops', zip(evil, { name: 'schema.json', data: '{}' }));
    expect(codesOf(facts)).toEqual(expect.arrayContaining(['critical unsafe-import', 'high hidden-data']));
  });

  it.each(NAMES)('prefixes of %s and flipped bits in it give facts', { timeout: 60_000 }, async (name) => {
    const whole = fixtureBytes(name);
    for (let at = 0; at < whole.byteLength; at += whole.byteLength > 4000 ? 61 : 11) {
      expect(Object.keys((await readBytes(name, whole.subarray(0, at))).metadata)).toHaveLength(7);
      const bytes = new Uint8Array(whole);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
      const facts = await readBytes(name, bytes);
      expect(() => JSON.stringify(facts.details)).not.toThrow();
    }
  });
});
