import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isOmlmdError } from '../../../src/core/errors.ts';
import { compareCodePoints } from '../../../src/core/model/code-points.ts';
import { formatPythonJson } from '../../../src/core/model/python-json.ts';
import { formatPythonYaml } from '../../../src/core/model/python-yaml.ts';
import { readYaml } from '../../../src/core/model/yaml-document.ts';
import { JsonNumber, type JsonValue, parseJson } from '../../../src/core/oci/json.ts';

/** What Python's json and PyYAML wrote and read: see make_vectors.py. */
interface TextVectors {
  readonly numbers: readonly [source: string, json: string, yaml: string][];
  readonly texts: readonly [json: string, yamlValue: string, yamlKey: string][];
  readonly documents: readonly [source: string, json: string, yaml: string][];
  readonly plainScalars: readonly [plain: string, json: string][];
}

const vectors: TextVectors = JSON.parse(
  readFileSync(new URL('../../fixtures/omlmd/text.json', import.meta.url), 'utf8'),
);
const one = new JsonNumber('1');

/** Pairs that differ, so that a failure shows them and not two megabytes of equal text. */
function differences(rows: readonly (readonly [got: string, wanted: string])[]) {
  return rows.filter(([got, wanted]) => got !== wanted).slice(0, 5);
}

describe('formatPythonJson', () => {
  it('writes numbers as Python does', () => {
    const rows = vectors.numbers.map(
      ([source, json]) => [formatPythonJson(parseJson(source)), json] as const,
    );
    expect(rows.length).toBeGreaterThan(800);
    expect(differences(rows)).toEqual([]);
  });

  it('writes strings as Python does', () => {
    const rows = vectors.texts.map(([json]) => [formatPythonJson(parseJson(json)), json] as const);
    expect(differences(rows)).toEqual([]);
  });

  it('writes documents with indent 4 as Python does', () => {
    const rows = vectors.documents.map(
      ([source, json]) => [formatPythonJson(parseJson(source, { duplicateKeys: 'last' }), 4), json] as const,
    );
    expect(differences(rows)).toEqual([]);
  });

  it.each([
    ['1E5', '100000.0'],
    ['100e-2', '1.0'],
    ['-0e3', '-0.0'],
    ['-0', '0'],
    ['9223372036854775808', '9223372036854775808'],
    ['1e16', '1e+16'],
    ['1e15', '1000000000000000.0'],
    ['0.0001', '0.0001'],
    ['0.00001', '1e-05'],
  ])('writes %s as %s', (source, wanted) => {
    expect(formatPythonJson(parseJson(source))).toBe(wanted);
  });

  it('escapes DEL and splits characters beyond 16 bits', () => {
    expect(formatPythonJson('\x7f/é🚀')).toBe('"\\u007f/\\u00e9\\ud83d\\ude80"');
  });

  it('refuses a float that would become Infinity', () => {
    let caught: unknown;
    try {
      formatPythonJson(new JsonNumber('1e400'));
    } catch (error) {
      caught = error;
    }
    expect(isOmlmdError(caught, 'metadata-invalid')).toBe(true);
  });
});

describe('formatPythonYaml', () => {
  it('writes numbers as PyYAML does', () => {
    const rows = vectors.numbers.map(
      ([source, , yaml]) => [formatPythonYaml([parseJson(source)]), `- ${yaml}\n`] as const,
    );
    expect(differences(rows)).toEqual([]);
  });

  it('writes texts as values and as keys as PyYAML does', () => {
    const rows = vectors.texts.flatMap(([json, value, key]) => {
      const text = String(parseJson(json));
      return [
        [formatPythonYaml(new Map([['key', text]])), value],
        [formatPythonYaml(new Map<string, JsonValue>([[text, one]])), key],
      ] as const;
    });
    expect(differences(rows)).toEqual([]);
  });

  it('writes documents as PyYAML does', () => {
    const rows = vectors.documents.map(
      ([source, , yaml]) => [formatPythonYaml(parseJson(source, { duplicateKeys: 'last' })), yaml] as const,
    );
    expect(rows.length).toBeGreaterThan(100);
    expect(differences(rows)).toEqual([]);
  });

  it('ends a document that is one plain scalar', () => {
    expect(formatPythonYaml('a')).toBe('a\n...\n');
    expect(formatPythonYaml(null)).toBe('null\n...\n');
    expect(formatPythonYaml('yes')).toBe("'yes'\n");
  });
});

describe('readYaml', () => {
  it('takes plain scalars as PyYAML does, dates as text', () => {
    const rows = vectors.plainScalars.map(([plain, json]) => {
      const { value } = readYaml(`- ${plain}\n`);
      return [formatPythonJson(Array.isArray(value) ? (value[0] ?? null) : value), json] as const;
    });
    expect(rows.length).toBeGreaterThan(800);
    expect(differences(rows)).toEqual([]);
  });

  it('reads back what PyYAML wrote', () => {
    const rows = vectors.documents.map(([, json, yaml]) => {
      const { value, issues } = readYaml(yaml);
      expect(issues).toEqual([]);
      return [formatPythonYaml(value), formatPythonYaml(parseJson(json))] as const;
    });
    expect(differences(rows)).toEqual([]);
  });
});

describe('compareCodePoints', () => {
  it('puts what UTF-16 splits behind what it does not', () => {
    expect(['🚀', '～', 'a', '', 'aa', '\ud83d'].toSorted(compareCodePoints)).toEqual([
      '',
      'a',
      'aa',
      '\ud83d',
      '～',
      '🚀',
    ]);
  });
});
