import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isRepository } from '../../../src/core/index.ts';
import { repositoryName } from '../../../src/extension/push-flow/repository-name.ts';

describe('the repository name of a model', () => {
  it.each([
    ['iris', 'iris'],
    ['Churn (final) v2', 'churn-final-v2'],
    ['llama-2.7b.Q4_K_M', 'llama-2.7b.q4_k_m'],
    ['Modèle d’été', 'modele-d-ete'],
    ['a._b', 'a.b'],
    ['__x__', 'x'],
    ['模型', 'model'],
    ['', 'model'],
  ])('of %j is %j', (stem, expected) => {
    expect(repositoryName(stem)).toBe(expected);
  });

  it('is one that registries take, whatever the file is called', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (stem) => isRepository(repositoryName(stem))));
    const awkward = fc.string({ unit: fc.constantFrom('.', '_', '-', 'a', 'Z', ' ') });
    fc.assert(fc.property(awkward, (stem) => isRepository(repositoryName(stem))));
  });
});
