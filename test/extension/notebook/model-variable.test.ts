import { describe, expect, it } from 'vitest';
import { guessModelVariable } from '../../../src/extension/notebook/model-variable.ts';

describe('guessModelVariable', () => {
  it.each([
    ['clf.fit(X, y)', 'clf'],
    ['clf = SVC().fit(X, y)', 'clf'],
    ['clf: SVC = SVC().fit(X, y)', 'clf'],
    ['history = net.fit(x, epochs=3)', 'net'],
    ['pipe = make_pipeline(\n    StandardScaler(),\n    SVC(),\n).fit(X, y)', 'pipe'],
    ['    clf.fit(X, y)', 'clf'],
    ['scores = cross(grid.fit(X, y), X)', 'grid'],
    ['modèle.fit(X)', 'modèle'],
  ])('reads %j as %s', (cell, variable) => {
    expect(guessModelVariable([cell])).toBe(variable);
  });

  it('takes the last one that was fitted', () => {
    expect(guessModelVariable(['scaler.fit(X)\nclf.fit(X, y)', 'print(clf)'])).toBe('clf');
  });

  it.each([
    '',
    '# clf.fit(X)',
    'X2 = scaler.fit_transform(X)',
    'self.net.fit(X)',
    'SVC().fit(X)',
    'X = load()\nSVC().fit(X)',
    'a == b',
  ])('falls back to "model" for %j', (cell) => {
    expect(guessModelVariable([cell])).toBe('model');
  });
});
