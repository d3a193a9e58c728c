import { describe, expect, it } from 'vitest';
import { emptyMetadata, type ModelMetadata } from '../../../src/core/model/metadata.ts';
import { parseMetadataFile } from '../../../src/core/model/metadata-file.ts';
import { metadataToJson } from '../../../src/core/model/metadata-text.ts';
import { setArtifactReference, writeSidecar } from '../../../src/core/model/sidecar.ts';
import { validateMetadataText } from '../../../src/core/model/validate.ts';
import { JsonNumber, type JsonValue } from '../../../src/core/oci/json.ts';

const model: ModelMetadata = {
  ...emptyMetadata(),
  name: 'churn',
  model_format_name: 'onnx',
  model_format_version: '8',
  customProperties: new Map<string, JsonValue>([
    ['opset_version', new JsonNumber('17')],
    ['producer_name', 'skl2onnx'],
    [
      'input_signature',
      [
        new Map<string, JsonValue>([
          ['name', 'X'],
          ['dtype', 'F32'],
          ['shape', ['batch', new JsonNumber('4')]],
        ]),
      ],
    ],
  ]),
};

describe('writeSidecar', () => {
  it('writes a new file that explains itself', () => {
    expect(writeSidecar(undefined, model, { reference: 'local/churn:v1' })).toBe(`\
# What is known of this model; it is pushed with it. Edit it as you like: generating it again adds what is
# missing, and changes nothing that stands here.
name: churn
# description: What the model is and does.
# author: Who made it.
model_format_name: onnx
model_format_version: "8"
customProperties:
  opset_version: 17
  producer_name: skl2onnx
  input_signature:
    - name: X
      dtype: F32
      shape: [batch, 4]

# Where the model is pushed to. This block is not part of the artifact.
artifact:
  reference: local/churn:v1
`);
  });

  it('shows how to say where the model goes when nobody said it', () => {
    expect(writeSidecar(undefined, emptyMetadata())).toContain('# artifact:\n#   reference: ');
    expect(writeSidecar(undefined, emptyMetadata())).toContain('customProperties: {}\n');
  });

  it('writes any value so that it reads back the same, and without doubt', () => {
    const awkward = [
      '1e3',
      'yes',
      '017',
      '1.0',
      '',
      ' a',
      'a: b',
      '#',
      "it's",
      '- x',
      'a\nb',
      'a\n',
      '\ta',
      'é🚀',
      '\u2028',
      '2024-01-01',
      '~',
      '[',
      'a, b',
      'null',
      '=',
      '<<',
      'x'.repeat(300),
      'word '.repeat(60),
      '__proto__',
      '\x07',
      '? a',
      '!x',
      '%x',
      '@x',
      '\ufeff',
      'a\n  b\n c',
      '\n',
      '--- a',
      'a #b',
      'a:',
    ];
    const customProperties = new Map<string, JsonValue>();
    for (const text of awkward) customProperties.set(text === '' ? 'empty' : text, text);
    customProperties.set('list', awkward);
    customProperties.set('nested', [
      awkward,
      new Map<string, JsonValue>([
        ['a', awkward],
        ['b', []],
        ['c', new Map()],
      ]),
    ]);
    for (const n of ['1.0', '1e-7', '1e16', '-0.0', '9223372036854775808', '5e-324'])
      customProperties.set(`n${n}`, new JsonNumber(n));
    customProperties.set('t', true).set('z', null);
    const metadata = { ...emptyMetadata(), name: 'yes', description: 'two\nlines', customProperties };
    const text = writeSidecar(undefined, metadata);
    expect(metadataToJson(parseMetadataFile(text, 'm').metadata)).toBe(metadataToJson(metadata));
    expect(validateMetadataText(text, 'm')).toEqual([]);
  });

  it('changes no byte when nothing is missing', () => {
    const text = writeSidecar(undefined, model);
    expect(writeSidecar(text, model)).toBe(text);
    const edited = text.replace('name: churn', "name:   'my churn'   # mine").replace('17', '18');
    expect(writeSidecar(edited, model)).toBe(edited);
  });

  it("adds what is missing and leaves every line of a person's where it was", () => {
    const mine = `# mine
author:   me   # it is me
license: MIT
customProperties:
      # indented by six
      opset_version:   18
      note: >-
        folded
        text
      # last words

# the end
`;
    expect(writeSidecar(mine, model, { reference: 'local/churn:v1' })).toBe(`# mine
author:   me   # it is me
license: MIT
customProperties:
      # indented by six
      opset_version:   18
      note: >-
        folded
        text
      producer_name: skl2onnx
      input_signature:
        - name: X
          dtype: F32
          shape: [batch, 4]
      # last words

# the end
name: churn
model_format_name: onnx
model_format_version: "8"
artifact:
  reference: local/churn:v1
`);
  });

  it.each([
    ['customProperties:', 'customProperties:\n'],
    ['customProperties:\n  # nothing yet\nname: x', 'customProperties:\n'],
    ['{name: x, customProperties: {a: 1}}', 'a: 1'],
    ['name: x\ncustomProperties: {}\n', 'name: x\n'],
    ['name: x', 'name: x\n'],
    ['name:\nauthor: ~', 'name:\nauthor: ~\n'],
    ['name: |+\n  x\n\n', 'name: |+\n  x\n\n'],
    ['# nothing but this\n', '# nothing but this\n'],
    ['"opset_version": 1\ncustomProperties:\n  a:\n  - 1\n  -  b:  2 # c\n', '  -  b:  2 # c\n'],
  ])('keeps %j readable and adds to it', (before, kept) => {
    const after = writeSidecar(before, model);
    const { metadata } = parseMetadataFile(after, 'm');
    const was = parseMetadataFile(before, 'm').metadata;
    expect(metadata.model_format_name).toBe('onnx');
    for (const [key, value] of model.customProperties) {
      expect(metadata.customProperties.get(key)).toEqual(was.customProperties.get(key) ?? value);
    }
    for (const [key, value] of was.customProperties)
      expect(metadata.customProperties.get(key)).toEqual(value);
    expect(after).toContain(kept);
    expect(writeSidecar(after, model)).toBe(after);
  });

  it('refuses to touch a file that it cannot read', () => {
    expect(() => writeSidecar('a: [1\n', model)).toThrowError(/omlmd\.yaml:2:1/);
  });
});

describe('setArtifactReference', () => {
  it.each([
    ['name: x\n', 'name: x\nartifact:\n  reference: local/x:v2\n'],
    [
      'artifact:\n  reference:   local/x:v1   # here\n  files: [a]\n',
      'artifact:\n  reference:   local/x:v2   # here\n  files: [a]\n',
    ],
    ['artifact: {reference: "local/x:v1"}\n', 'artifact: {reference: local/x:v2}\n'],
    ['artifact:\n  reference:\n', 'artifact:\n  reference: local/x:v2\n'],
    [
      'artifact:\n  files:\n    - a\n# end\n',
      'artifact:\n  files:\n    - a\n  reference: local/x:v2\n# end\n',
    ],
    ['artifact: # todo\nname: x\n', 'artifact: # todo\n  reference: local/x:v2\nname: x\n'],
    ['', 'artifact:\n  reference: local/x:v2\n'],
  ])('changes only that in %j', (before, after) => {
    expect(setArtifactReference(before, 'local/x:v2')).toBe(after);
  });

  it('refuses an artifact that is not a block', () => {
    expect(() => setArtifactReference('artifact: model.pkl', 'local/x:v2')).toThrowError(/not a mapping/);
  });
});

describe('the example of an artifact block', () => {
  it('gives way to the block when a reference is set', () => {
    const text = writeSidecar(undefined, { ...emptyMetadata(), name: 'churn' });
    const edited = setArtifactReference(text, 'local/churn:v1');
    expect(edited).toContain('\nartifact:\n  reference: local/churn:v1\n');
    expect(edited).not.toContain('# artifact:');
    expect(edited.split('\n').length).toBe(text.split('\n').length);
  });

  it('gives way also where a person wrote on below it', () => {
    const text = `${writeSidecar(undefined, { ...emptyMetadata(), name: 'churn' })}\nlicense: MIT\n`;
    const edited = setArtifactReference(text, 'local/churn:v1');
    expect(edited).toContain('\nartifact:\n  reference: local/churn:v1\n\nlicense: MIT\n');
    expect(edited).not.toContain('# artifact:');
  });
});
