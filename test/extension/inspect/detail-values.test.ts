import { describe, expect, it } from 'vitest';
import {
  branchesOf,
  countsOf,
  headingText,
  leavesOf,
  shapeText,
  valueText,
} from '../../../src/extension/inspect/detail-values.ts';
import { signatureRows } from '../../../src/extension/inspect/signature-rows.ts';

describe('values of a reader as text', () => {
  it.each([
    ['text', 'text'],
    [3, '3'],
    [false, 'false'],
    [null, ''],
    [[1, 2], '1, 2'],
    [{ type: 'STRING', length: 100 }, 'STRING × 100'],
    [{ class: 'numpy.ndarray', dtype: 'F64', shape: [3, 4] }, 'numpy.ndarray F64 (3 × 4)'],
    [{ global: 'numpy.dtype' }, 'numpy.dtype'],
    [{ class: 'A', other: 1, more: { b: [2, 3] } }, 'class: A, other: 1, more.b: 2, 3'],
    [[{ a: 1 }], '[{"a":1}]'],
  ])('%j is %j', (value, text) => {
    expect(valueText(value)).toBe(text);
  });

  it('are cut and escaped', () => {
    expect(valueText('x'.repeat(5000))).toHaveLength(301);
    expect(valueText('a\u001b[2J')).toBe('a\\u001b[2J');
    expect(shapeText(['\u202e', 2])).toBe('\\u202e × 2');
    expect(headingText('metadata_props')).toBe('Metadata props');
  });

  it('are listed by their paths, what is described in words as one', () => {
    const attribute = { class: 'numpy.ndarray', dtype: 'F64', shape: [3] };
    expect(leavesOf({ env: { conda: 'c.yaml', empty: {} }, attribute, list: [1, 2] })).toEqual([
      ['env.conda', 'c.yaml'],
      ['attribute', 'numpy.ndarray F64 (3)'],
      ['list', '1, 2'],
    ]);
    expect(leavesOf(['a', { b: 1 }])).toEqual([
      ['0', 'a'],
      ['1.b', '1'],
    ]);
    const deep = { a: { b: { c: { d: { e: { f: 1 } } } } } };
    expect(leavesOf(deep)).toEqual([['a.b.c.d', 'e.f: 1']]);
  });

  it('are a tree where a list holds lists', () => {
    const tree = [
      { class: 'Pipeline', parts: [{ class: 'Scaler' }, { class: 'Union', parts: [{ class: 'PCA' }] }] },
    ];
    expect(branchesOf(tree)).toEqual([
      { record: { class: 'Pipeline' }, depth: 0 },
      { record: { class: 'Scaler' }, depth: 1 },
      { record: { class: 'Union' }, depth: 1 },
      { record: { class: 'PCA' }, depth: 2 },
    ]);
  });

  it('are counts only where all of them are', () => {
    expect(countsOf({ Conv: 3, Relu: 2 })).toEqual([
      ['Conv', 3],
      ['Relu', 2],
    ]);
    expect(countsOf({ Conv: 3, Relu: 'two' })).toEqual([]);
    expect(countsOf([1, 2])).toEqual([]);
  });
});

describe('signatures', () => {
  const x = { signature: 'serving', isInput: true, name: 'x', dtype: 'F32', shape: [null, 4] };
  const y = { signature: 'serving', isInput: false, name: 'y', dtype: 'F32', shape: [] };

  it('are rows, whether values are lists or objects', () => {
    const values = {
      inputs: [{ name: 'x', dtype: 'F32', shape: [null, 4] }],
      outputs: { y: { dtype: 'F32', shape: [] } },
    };
    expect(signatureRows({ serving: values })).toEqual([x, y]);
    expect(signatureRows([{ name: 'serving', ...values }])).toEqual([x, y]);
  });

  it('may only name their values', () => {
    const named = signatureRows({ serving: { inputs: ['x'], outputs: ['y'] } });
    expect(named.map(({ name, dtype }) => [name, dtype])).toEqual([
      ['x', ''],
      ['y', ''],
    ]);
  });

  it('that are something else give no rows', () => {
    for (const odd of [null, 'x', 3, { a: 1 }, [[]], { a: { inputs: 'x' } }])
      expect(signatureRows(odd)).toEqual([]);
  });
});
