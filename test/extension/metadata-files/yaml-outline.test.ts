import { describe, expect, it } from 'vitest';
import { outlineYaml, positionInYaml } from '../../../src/extension/metadata-files/yaml-outline.ts';

const TEXT = `# a comment: not a key
name: churn # what
customProperties:
  accuracy: 0.97
  "quoted key": 1
  notes: |
    not: a key
  metrics:
    auc: 0.9
artifact:
  reference: registry.example:5000/team/churn:v3
  files:
  - churn.onnx
  - README.md
author:
`;
const lines = TEXT.split('\n');

describe('outlineYaml', () => {
  it('lists the keys with their paths', () => {
    expect(outlineYaml(lines).map(({ path }) => path.join('.'))).toEqual([
      'name',
      'customProperties',
      'customProperties.accuracy',
      'customProperties.quoted key',
      'customProperties.notes',
      'customProperties.metrics',
      'customProperties.metrics.auc',
      'artifact',
      'artifact.reference',
      'artifact.files',
      'author',
    ]);
  });

  it('says where key and value stand', () => {
    const reference = outlineYaml(lines).find(({ path }) => path[1] === 'reference');
    expect(reference).toMatchObject({ line: 10, keyStart: 2, keyEnd: 11, valueStart: 13 });
    expect(reference?.value).toBe('registry.example:5000/team/churn:v3');
  });

  it('makes something of any text', () => {
    for (const text of ['', ':', '"', '- - a: 1', '\t x', '{a: 1}', '? a\n: b', "'a: b", 'a:b']) {
      expect(() => outlineYaml(text.split('\n'))).not.toThrow();
    }
  });
});

describe('positionInYaml', () => {
  const at = (text: string) => {
    const typed = text.split('\n');
    return positionInYaml(typed, typed.length - 1, typed.at(-1)?.length ?? 0);
  };

  it.each([
    ['', { kind: 'key', parent: [], start: 0 }],
    ['name: x\nau', { kind: 'key', parent: [], start: 0 }],
    ['customProperties:\n  li', { kind: 'key', parent: ['customProperties'], start: 2 }],
    ['customProperties:\n  a: 1\n', { kind: 'key', parent: [], start: 0 }],
    ['customProperties:\n  license: Ap', { kind: 'value', path: ['customProperties', 'license'], start: 11 }],
    ['license:', { kind: 'value', path: ['license'], start: 8 }],
    ['artifact:\n  files:\n  - ch', { kind: 'item', path: ['artifact', 'files'], start: 4 }],
    ['artifact:\n  files:\n    - ', { kind: 'item', path: ['artifact', 'files'], start: 6 }],
    ['artifact:\n  files:\n  - a\n  ', { kind: 'key', parent: ['artifact'], start: 2 }],
  ])('reads %j', (text, position) => {
    expect(at(text)).toEqual(position);
  });
});
