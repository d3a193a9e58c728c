import { describe, expect, it } from 'vitest';
import { isOmlmdError } from '../../../src/core/errors.ts';
import { formatPythonJson } from '../../../src/core/model/python-json.ts';
import { parseYaml, readYaml } from '../../../src/core/model/yaml-document.ts';

function jsonOf(text: string): string {
  return formatPythonJson(parseYaml(text, 'm.yaml'));
}

function errorOf(text: string): { code: string; message: string } {
  try {
    parseYaml(text, 'm.yaml');
  } catch (error) {
    if (isOmlmdError(error)) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error('expected an error');
}

function errorFree(text: string): boolean {
  return readYaml(text).issues.length === 0;
}

describe('parseYaml', () => {
  it.each([
    ['a: 1e3', '{"a": "1e3"}'],
    ['a: 1.0e+3', '{"a": 1000.0}'],
    ['a: 0x1F', '{"a": 31}'],
    ['a: 017', '{"a": 15}'],
    ['a: 1:30', '{"a": 90}'],
    ['a: 1_000', '{"a": 1000}'],
    ['a: 9223372036854775808', '{"a": 9223372036854775808}'],
    ['a: yes', '{"a": true}'],
    ['a: y', '{"a": "y"}'],
    ['a:', '{"a": null}'],
    ['a: 2024-01-01', '{"a": "2024-01-01"}'],
    ['a: 2024-01-01 10:00:00', '{"a": "2024-01-01 10:00:00"}'],
    ['a: "1"', '{"a": "1"}'],
    ['a: |\n  1\n', '{"a": "1\\n"}'],
    ['a: !!str 1', '{"a": "1"}'],
    ['a: !!float 1', '{"a": 1.0}'],
    ['a: !!int "3"', '{"a": 3}'],
    ['a: =\nb: <<', '{"a": "=", "b": "<<"}'],
    ['{a: [1, b], "c": {}}', '{"a": [1, "b"], "c": {}}'],
    ['1: a\nyes: b\n~: c\n1.50: d', '{"1": "a", "true": "b", "null": "c", "1.5": "d"}'],
    ['a: 1\nb: 2\na: 3', '{"a": 3, "b": 2}'],
    ['x: &x {a: 1, b: 2}\ny:\n  b: 3\n  <<: *x', '{"x": {"a": 1, "b": 2}, "y": {"a": 1, "b": 3}}'],
    ['x: &x [1]\ny: *x', '{"x": [1], "y": [1]}'],
    ['', 'null'],
    ['# only a comment\n', 'null'],
    ['\ufeffa: 1', '{"a": 1}'],
  ])('reads %j as PyYAML does', (text, wanted) => {
    expect(jsonOf(text)).toBe(wanted);
  });

  it('keeps __proto__ and integer-like keys, in order', () => {
    expect(jsonOf('b: 1\n10: 2\n__proto__:\n  polluted: yes\n2: 3\n')).toBe(
      '{"b": 1, "10": 2, "__proto__": {"polluted": true}, "2": 3}',
    );
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });

  it.each([
    ['a: [1\nb: 2', 'metadata-invalid', /m\.yaml:2:1:/],
    ['a: 1\n---\nb: 2', 'metadata-invalid', /one document/],
    ['a: !!python/object:os.system x', 'metadata-invalid', /python\/object/],
    ['a: !!binary aGk=', 'metadata-invalid', /binary/],
    ['a: !!set {x}', 'metadata-invalid', /set/],
    ['a: .inf', 'metadata-invalid', /m\.yaml:1:4:.*JSON cannot hold/],
    ['a: .nan', 'metadata-invalid', /JSON cannot hold/],
    ['? [a]\n: 1', 'metadata-invalid', /key must be text/],
    ['a: *nope', 'metadata-invalid', /nope/],
    ['a: &a [*a]', 'metadata-invalid', /contains itself/],
    ['a: \u0007', 'metadata-invalid', /control character/],
    [`a: ${'['.repeat(70)}${']'.repeat(70)}`, 'limit-exceeded', /deeper than 64/],
    ['['.repeat(500_000), 'limit-exceeded', /deeper than 64/],
    ['- '.repeat(500_000), 'limit-exceeded', /deeper than 64/],
    ['a'.repeat(1024 * 1024 + 1), 'limit-exceeded', /1048577 bytes/],
    [`a: &a 1\nb: [${'*a, '.repeat(51)}]`, 'limit-exceeded', /more than 50 aliases/],
  ])('refuses %j', (text, code, message) => {
    const error = errorOf(text);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });

  it('stops aliases of aliases before they fill the memory', () => {
    const laughs = Array.from({ length: 24 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]`);
    const error = errorOf(`a0: &a0 [x, x, x, x]\n${laughs.join('\n')}`);
    expect(error).toMatchObject({ code: 'limit-exceeded' });
  });

  it('stops at more values than fit into memory, which a megabyte can hold', () => {
    expect(errorOf(`[${'1,'.repeat(500_000)}1]`)).toMatchObject({ code: 'limit-exceeded' });
    expect(parseYaml(`[${'1,'.repeat(50_000)}1]`, 'a.yaml')).toHaveLength(50_001);
  });

  it('counts aliases as they are written, not as they are followed', () => {
    const names = ['b', 'c', 'd', 'e', 'f'];
    const lines = names.map(
      (name, i) => `${name}: &${name} [*${names[i - 1] ?? 'a'}, *${names[i - 1] ?? 'a'}]`,
    );
    expect(errorFree(`a: &a x\n${lines.join('\n')}\n`)).toBe(true);
  });

  it('takes text of 64 levels', () => {
    expect(jsonOf(`${'['.repeat(64)}${']'.repeat(64)}`)).toBe(`${'['.repeat(64)}${']'.repeat(64)}`);
  });

  it('does not spend quadratic time on a megabyte of digits', () => {
    const start = performance.now();
    expect(jsonOf(`a: ${'1:2'.repeat(300_000)}`)).toContain('1:21:2');
    expect(performance.now() - start).toBeLessThan(3000);
  });
});

describe('readYaml', () => {
  it('says where keys and values stand', () => {
    const reading = readYaml('name: x\ncustomProperties:\n  a: [1, 20]\n');
    const spans = reading.spans.get('["customProperties","a","1"]');
    expect(spans && reading.rangeOf(spans.value)).toEqual({ line: 3, column: 10, endLine: 3, endColumn: 12 });
    const key = reading.spans.get('["customProperties","a"]')?.key;
    expect(key && reading.rangeOf(key)).toEqual({ line: 3, column: 3, endLine: 3, endColumn: 4 });
  });
});
