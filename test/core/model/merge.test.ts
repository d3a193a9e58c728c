import { describe, expect, it } from 'vitest';
import { isOmlmdError } from '../../../src/core/errors.ts';
import { mergeMetadata } from '../../../src/core/model/merge.ts';
import type { Origin } from '../../../src/core/model/metadata.ts';
import { parseMetadataFile } from '../../../src/core/model/metadata-file.ts';
import { metadataToJson } from '../../../src/core/model/metadata-text.ts';
import { formatPythonJson } from '../../../src/core/model/python-json.ts';
import { parseSetValue } from '../../../src/core/model/set-value.ts';

function layer(origin: Origin, text: string) {
  return { origin, metadata: parseMetadataFile(text, 'm').metadata };
}

describe('mergeMetadata', () => {
  const reader = layer(
    'auto',
    'name: m\nmodel_format_name: onnx\nopset: 17\nmetrics: {f1: 0.5, auc: 0.6}\ntags: [a]\n',
  );
  const file = layer('file', 'author: me\nname:\nmetrics: {f1: 0.9}\ntags: [b]\nlicense: MIT\n');

  it('lets the later layer win and keeps the order keys came in', () => {
    const { metadata, origins } = mergeMetadata(
      [reader, file],
      [parseSetValue('opset=18'), parseSetValue('z.y=1')],
    );
    expect(metadata).toMatchObject({ name: 'm', author: 'me', model_format_name: 'onnx' });
    expect(formatPythonJson(metadata.customProperties)).toBe(
      '{"opset": 18, "metrics": {"f1": 0.9, "auc": 0.6}, "tags": ["b"], "license": "MIT", "z": {"y": 1}}',
    );
    expect(Object.fromEntries(origins)).toEqual({
      name: 'auto',
      model_format_name: 'auto',
      author: 'file',
      'customProperties.opset': 'user',
      'customProperties.metrics.f1': 'file',
      'customProperties.metrics.auc': 'auto',
      'customProperties.tags': 'file',
      'customProperties.license': 'file',
      'customProperties.z.y': 'user',
    });
  });

  it('does not change the layers it was given', () => {
    const before = metadataToJson(reader.metadata);
    mergeMetadata([reader, file], [parseSetValue('metrics.f1=0'), parseSetValue('tags=x')]);
    expect(metadataToJson(reader.metadata)).toBe(before);
  });

  it('forgets where a replaced value came from', () => {
    const { metadata, origins } = mergeMetadata([reader], ['metrics=none', 'opset.x=1'].map(parseSetValue));
    expect(formatPythonJson(metadata.customProperties)).toBe(
      '{"opset": {"x": 1}, "metrics": "none", "tags": ["a"]}',
    );
    expect([...origins.keys()].filter((k) => /metrics|opset/.test(k))).toEqual([
      'customProperties.metrics',
      'customProperties.opset.x',
    ]);
  });

  it('lets a person clear a field', () => {
    const { metadata } = mergeMetadata([reader], [parseSetValue('name=')]);
    expect(metadata.name).toBeNull();
  });

  it('keeps __proto__ as a name like any other', () => {
    const { metadata } = mergeMetadata([layer('auto', '')], [parseSetValue('__proto__.polluted=1')]);
    expect(formatPythonJson(metadata.customProperties)).toBe('{"__proto__": {"polluted": 1}}');
    expect({}).not.toHaveProperty('polluted');
  });
});

describe('parseSetValue', () => {
  it.each([
    ['name=churn', ['name'], '"churn"'],
    ['accuracy=0.970', ['customProperties', 'accuracy'], '0.97'],
    ['a.b=1', ['customProperties', 'a', 'b'], '1'],
    ['name.x=1', ['customProperties', 'name', 'x'], '1'],
    ['customProperties.a=yes', ['customProperties', 'a'], 'true'],
    ['v="1.0"', ['customProperties', 'v'], '"1.0"'],
    ["v='it''s'", ['customProperties', 'v'], '"it\'s"'],
    ['v="a\\tb"', ['customProperties', 'v'], '"a\\tb"'],
    ['v="', ['customProperties', 'v'], '"\\""'],
    ['v="a" and "b"', ['customProperties', 'v'], '"\\"a\\" and \\"b\\""'],
    ['v=a=b: c # d', ['customProperties', 'v'], '"a=b: c # d"'],
    ['v=1e3', ['customProperties', 'v'], '"1e3"'],
    ['v=2024-01-01', ['customProperties', 'v'], '"2024-01-01"'],
    ['v=[1, 2]', ['customProperties', 'v'], '"[1, 2]"'],
    ['v=', ['customProperties', 'v'], 'null'],
  ])('reads %s', (text, path, json) => {
    const { path: got, value } = parseSetValue(text);
    expect([got, formatPythonJson(value)]).toEqual([path, json]);
  });

  it.each(['name', '=x', 'a..b=1', 'customProperties=1', 'x=.inf'])('refuses %s as wrong use', (text) => {
    let caught: unknown;
    try {
      parseSetValue(text);
    } catch (error) {
      caught = error;
    }
    expect(isOmlmdError(caught, 'usage')).toBe(true);
  });
});
