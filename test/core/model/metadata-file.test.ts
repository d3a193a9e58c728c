import { describe, expect, it } from 'vitest';
import { isOmlmdError } from '../../../src/core/errors.ts';
import { METADATA_FIELDS } from '../../../src/core/model/metadata.ts';
import { parseMetadataFile } from '../../../src/core/model/metadata-file.ts';
import {
  metadataFromAnnotations,
  metadataFromPlain,
  metadataToAnnotations,
  metadataToJson,
  metadataToPlain,
} from '../../../src/core/model/metadata-text.ts';
import { formatPythonJson } from '../../../src/core/model/python-json.ts';

function propertiesOf(text: string): string {
  return formatPythonJson(parseMetadataFile(text, 'm').metadata.customProperties);
}

function messageOf(text: string): string {
  try {
    parseMetadataFile(text, 'm.omlmd.yaml');
  } catch (error) {
    if (isOmlmdError(error)) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'no error';
}

describe('parseMetadataFile', () => {
  it('puts unknown keys before those of customProperties', () => {
    expect(
      propertiesOf('license: MIT\nname: x\ncustomProperties:\n  accuracy: 0.90\n  license: BSD\nz: 1.0\n'),
    ).toBe('{"license": "BSD", "z": 1.0, "accuracy": 0.9}');
  });

  it('reads JSON as JSON: 1e3 is a number there and text in YAML', () => {
    expect(propertiesOf('{"a": 1e3, "b": 1.0, "b": 2}')).toBe('{"a": 1000.0, "b": 2}');
    expect(propertiesOf('a: 1e3')).toBe('{"a": "1e3"}');
    expect(propertiesOf('\ufeff{"a": 1e3}')).toBe('{"a": 1000.0}');
  });

  it('keeps values of fields that are not text, as upstream does', () => {
    const { metadata } = parseMetadataFile('name: 1.0\nmodel_format_version: 8\nuri: x', 'm');
    expect(metadataToAnnotations(metadata)).toEqual({
      'name+json': '1.0',
      'customProperties+json': '{}',
      uri: 'x',
      'model_format_version+json': '8',
    });
  });

  it('takes the artifact block apart from the metadata', () => {
    const text = 'name: x\nartifact:\n  reference: local/x:v1\n  files: [x.onnx]\n  later: 1\n';
    const { metadata, artifact } = parseMetadataFile(text, 'm');
    expect(artifact).toEqual({ reference: 'local/x:v1', files: ['x.onnx'] });
    expect(metadata.customProperties.size).toBe(0);
    expect(parseMetadataFile('artifact:\n', 'm')).not.toHaveProperty('artifact');
    expect(parseMetadataFile('artifact:\n  reference:\n', 'm').artifact).toEqual({});
  });

  it('takes an artifact that is no mapping for a property, as upstream does', () => {
    expect(propertiesOf('artifact: model.pkl')).toBe('{"artifact": "model.pkl"}');
  });

  it('takes an empty file, and empty customProperties, for nothing said', () => {
    expect(propertiesOf('')).toBe('{}');
    expect(propertiesOf('customProperties:\n')).toBe('{}');
  });

  it.each([
    ['- a', 'metadata-invalid: read m.omlmd.yaml:1:1: expected a mapping of fields, got a list'],
    [
      'name: x\ncustomProperties: [1]',
      'metadata-invalid: read m.omlmd.yaml:2:19: customProperties: expected a mapping, got a list',
    ],
    [
      'artifact:\n  files: [a, 2]',
      'metadata-invalid: read m.omlmd.yaml:2:14: artifact.files.1: expected text',
    ],
    [
      'artifact: {reference: 1}',
      'metadata-invalid: read m.omlmd.yaml:1:23: artifact.reference: expected text',
    ],
    ['{"a": 1e400}', 'metadata-invalid: read m.omlmd.yaml:1:1: number "1e400": larger than a double can be'],
    [
      `{"a": ${'['.repeat(70)}${']'.repeat(70)}}`,
      'limit-exceeded: read m.omlmd.yaml:1:76: nested deeper than 64 levels',
    ],
  ])('says where %j is wrong', (text, message) => {
    expect(messageOf(text)).toBe(message);
  });
});

describe('metadata as plain data and annotations', () => {
  const { metadata } = parseMetadataFile(
    'name: x\nuri:\nn: 1.5\nl: [1, a]\ndescription: ""\nauthor: [1]\n',
    'm',
  );

  it('has exactly the seven keys', () => {
    expect(Object.keys(metadataToPlain(metadata))).toEqual([...METADATA_FIELDS]);
    expect(metadataFromPlain(metadataToPlain(metadata))).toEqual(metadata);
  });

  it('goes to annotations and back', () => {
    expect(metadataFromAnnotations(metadataToAnnotations(metadata))).toEqual(metadata);
    expect(metadataToJson(metadataFromAnnotations({ 'customProperties+json': 'not json', other: 'x' }))).toBe(
      metadataToJson(parseMetadataFile('', 'm').metadata),
    );
  });
});
