import { describe, expect, it } from 'vitest';
import { makePushCell } from '../../../src/extension/notebook/push-cell.ts';

describe('makePushCell', () => {
  it('loads the magics and pushes the guessed variable to the local store', () => {
    const { code, placeholder } = makePushCell('/w/Churn model.ipynb', ['clf.fit(X, y)']);
    expect(code).toBe('%load_ext omlmd_jupyter\n%omlmd push local/churn-model:v1 --model clf');
    expect(code.split('\n')[placeholder.line]?.slice(placeholder.start, placeholder.end)).toBe('clf');
  });

  it('does not load the magics a second time', () => {
    const { code, placeholder } = makePushCell('/w/a.ipynb', ['%load_ext omlmd_jupyter']);
    expect(code).toBe('%omlmd push local/a:v1 --model model');
    expect(placeholder.line).toBe(0);
  });

  it('suggests the next version where the notebook already pushes one', () => {
    const pushed = ['%omlmd push local/a:v9 --model m', '%omlmd push local/a:v10 --model m', 'local/ab:v40'];
    expect(makePushCell('/w/a.ipynb', pushed).code).toContain('local/a:v11 ');
  });
});
