import { describe, expect, it } from 'vitest';
import {
  largestTensors,
  largestWithRest,
  partOf,
  sharesByPart,
  sharesByType,
  tensorRows,
} from '../../../src/extension/inspect/tensor-shares.ts';
import { madeLlama } from '../../support/made-llama.ts';

const WEIGHTS = tensorRows(
  madeLlama(2).map((tensor) => ({
    ...tensor,
    bytes: tensor.shape.reduce((size, n) => size * n, tensor.dtype === 'F32' ? 4 : 2),
  })),
  'scalar',
);

describe('the rows of tensors', () => {
  it('say shapes in words and count elements', () => {
    const [matrix, single, free] = tensorRows(
      [
        { name: 'w', dtype: 'F32', shape: [3, 4], bytes: 48 },
        { name: 's', dtype: 'I64', shape: [] },
        { name: 'v', dtype: 'F32', shape: ['batch', null], bytes: -1 },
      ],
      'scalar',
    );
    expect(matrix).toEqual({ name: 'w', dtype: 'F32', shape: '3 × 4', elements: 12, bytes: 48 });
    expect(single).toMatchObject({ shape: 'scalar', elements: 1, bytes: undefined });
    expect(free).toMatchObject({ shape: 'batch × ?', elements: undefined, bytes: undefined });
  });

  it('show control characters, and pass over what is no tensor', () => {
    const rows = tensorRows(['x', null, { name: '\u202eevil' }], '');
    expect(rows).toEqual([
      { name: '\\u202eevil', dtype: '', shape: '', elements: undefined, bytes: undefined },
    ]);
    expect(tensorRows('nothing', '')).toEqual([]);
  });
});

describe('what takes the space', () => {
  it('is told by type, the largest first', () => {
    expect(sharesByType(WEIGHTS).map(({ label, tensors }) => [label, tensors])).toEqual([
      ['BF16', 16],
      ['F32', 5],
    ]);
  });

  it('is told by part, the layers of a stack as one', () => {
    expect(partOf('model.layers.7.mlp.up_proj.weight')).toBe('model.layers.*.mlp.up_proj');
    expect(partOf('encoder/layer_1/kernel')).toBe('encoder.layer_1');
    expect(partOf('weight')).toBe('weight');
    const gate = sharesByPart(WEIGHTS).find(({ label }) => label === 'model.layers.*.mlp.gate_proj');
    expect(gate).toEqual({ label: 'model.layers.*.mlp.gate_proj', tensors: 2, bytes: 2 * 14_336 * 4096 * 2 });
  });

  it('is told by tensor', () => {
    expect(largestTensors(WEIGHTS, 2).map(({ label }) => label)).toEqual([
      'model.embed_tokens.weight',
      'lm_head.weight',
    ]);
  });

  it('is told whole: what is not named is one part', () => {
    const all = sharesByPart(WEIGHTS);
    const few = largestWithRest(all, 3, 'others');
    expect(few.map(({ label }) => label).at(-1)).toBe('others');
    const sum = (shares: typeof all) => shares.reduce((total, { bytes }) => total + bytes, 0);
    expect(sum(few)).toBe(sum(all));
    expect(largestWithRest(all, all.length, 'others')).toEqual(all);
  });
});
