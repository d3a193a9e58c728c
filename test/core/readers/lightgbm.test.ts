import { describe, expect, it } from 'vitest';
import { bytesContent } from '../../../src/core/oci/content.ts';
import { readModelFile } from '../../../src/core/readers/index.ts';
import { MAX_LIGHTGBM_TEXT_BYTES } from '../../../src/core/readers/limits.ts';
import type { ModelFacts } from '../../../src/core/readers/reader.ts';
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

const FILES = fixtureNames('.txt').filter((name) => name.startsWith('lgb-'));
const text = (value: string) => Buffer.from(value);
const HEADER = 'tree\nversion=v4\nnum_class=1\nmax_feature_idx=1\nobjective=regression\nfeature_names=a b\n';
const END = 'end of trees\n\nfeature_importances:\na=1\n\n';

describe('a LightGBM model', () => {
  it('has fixtures of every task', () => expect(FILES).toHaveLength(4));

  it.each(FILES)('%s is what the library says', async (name) => {
    const facts = await readFixture(name);
    holdFacts(facts, expectedFacts(name));
    expect(facts.details.objective).toBe(expectedFacts(name).objective);
    expect(facts.findings).toEqual([]);
    expect(propertiesOf(facts).hyperparameters).toEqual(expectedFacts(name).properties.hyperparameters);
  });

  it('names features as LightGBM itself does where nobody did', async () => {
    expect(propertiesOf(await readFixture('lgb-multiclass.txt')).feature_names).toEqual([
      'Column_0',
      'Column_1',
      'Column_2',
      'Column_3',
    ]);
  });

  it('of an older version has its trees counted', async () => {
    const facts = await readBytes('m.txt', text(`${HEADER}\nTree=0\nnum_leaves=2\n\nTree=1\n\n\n${END}`));
    expect(facts.findings).toEqual([]);
    expect(propertiesOf(facts)).toMatchObject({ trees: 2, n_features: 2, task: 'regression' });
  });

  it('with the line ends of Windows is read too', async () => {
    const lines = `${HEADER}\nTree=0\nnum_leaves=2\n\n\n${END}parameters:\n[boosting: gbdt]\nend of parameters\n`;
    const facts = await readBytes('m.txt', text(lines.replaceAll('\n', '\r\n')));
    expect(facts.findings).toEqual([]);
    expect(propertiesOf(facts)).toMatchObject({ trees: 1, hyperparameters: { boosting: 'gbdt' } });
  });

  it('without a tree is one too', async () => {
    const facts = await readBytes('m.txt', text(`${HEADER}tree_sizes=\n\n${END}`));
    expect(facts.findings).toEqual([]);
    expect(propertiesOf(facts)).toMatchObject({ trees: 0 });
  });

  it('has its trees jumped over', async () => {
    const tree = `Tree=0\nleaf_value=${'0.5 '.repeat(5_000_000)}\n\n\n`;
    const whole = `${HEADER}tree_sizes=${tree.length}\n\n${tree}${END}parameters:\n[boosting: gbdt]\n\nend of parameters\n`;
    const counted = countingContent(bytesContent(text(whole)));
    const facts = await readModelFile({ path: 'm.txt', content: counted.content });
    expect(facts.findings).toEqual([]);
    expect(propertiesOf(facts)).toMatchObject({ trees: 1, hyperparameters: { boosting: 'gbdt' } });
    expect(counted.bytes()).toBeLessThanOrEqual(96 * 1024);
    expect(counted.ranges).toHaveLength(2);
  });

  it('is no other text', async () => {
    for (const other of ['tree\nversions\n', 'trees\nversion=v4\n', 'Readme\n']) {
      const facts = await readBytes('notes.txt', text(other));
      expect(facts.format.name).toBe('unknown');
      expect(facts.findings).toEqual([]);
    }
    const renamed = await readBytes('m.onnx', fixtureBytes('lgb-binary.txt'));
    expect(codesOf(renamed)).toEqual(['medium name-mismatch']);
  });
});

describe('damaged LightGBM models', () => {
  // What follows the parameters is Python's, and not needed; cut off before it, or in its blanks, a model is whole.
  it.each(FILES)('%s cut off says so', { timeout: 30_000 }, async (name) => {
    const whole = Buffer.from(fixtureBytes(name));
    const parameters = whole.indexOf('end of parameters') + 'end of parameters'.length;
    const categories = whole.indexOf('pandas_categorical:');
    const check = (facts: ModelFacts, length: number) => {
      if (facts.format.name === 'unknown') return;
      const isWhole = length >= parameters && (length <= categories || length >= whole.byteLength - 1);
      expect(isStopped(facts), `${length} bytes`).toBe(!isWhole);
    };
    await cutAnywhere(name, check);
    for (let length = parameters - 20; length <= whole.byteLength; length += 1)
      check(await readBytes(name, whole.subarray(0, length)), length);
  });

  it('with other bytes give facts', async () => await flippedAnywhere('lgb-binary.txt'));

  it.each([
    ['sizes that are longer than the file', 'tree_sizes=9000000', 'high truncated'],
    ['sizes that end inside a tree', 'tree_sizes=12', 'high malformed'],
    ['sizes below zero', 'tree_sizes=-5 40', 'high malformed'],
    [
      'sizes beyond all files',
      'tree_sizes=999999999999999 999999999999999 '.padEnd(400, '999999999999999 '),
      'high malformed',
    ],
  ])('with %s are not read on', async (_what, sizes, code) => {
    const bytes = text(`${HEADER}${sizes}\n\nTree=0\nnum_leaves=2\nleaf_value=1 2\n\n\n${END}`);
    const facts = await readBytes('m.txt', bytes);
    expect(codesOf(facts)).toEqual([code]);
    expect(propertiesOf(facts)).toMatchObject({ n_features: 2 });
  });

  it('with a line without end are given up', { timeout: 20_000 }, async () => {
    const bytes = Buffer.alloc(3 * MAX_LIGHTGBM_TEXT_BYTES, 'x');
    bytes.write(`${HEADER}feature_infos=`);
    const counted = countingContent(bytesContent(bytes));
    const facts = await readModelFile({ path: 'm.txt', content: counted.content });
    expect(codesOf(facts)).toEqual(['low too-large-to-show']);
    expect(counted.bytes()).toBeLessThanOrEqual(MAX_LIGHTGBM_TEXT_BYTES + 2 * 1024 * 1024);
  });
});
