import { describe, expect, it } from 'vitest';
import { validateMetadataText } from '../../../src/core/model/validate.ts';

/** `line:column-endLine:endColumn severity code`, one a problem. */
function found(text: string, exists?: (path: string) => boolean): string[] {
  return validateMetadataText(text, 'm.omlmd.yaml', exists === undefined ? {} : { exists }).map(
    (p) => `${p.line}:${p.column}-${p.endLine}:${p.endColumn} ${p.severity} ${p.code}`,
  );
}

describe('validateMetadataText', () => {
  it('has nothing to say about a good file', () => {
    const text = `# churn
name: churn
description:
customProperties:
  accuracy: 0.97
  license: Apache-2.0
  big: 9223372036854775808
  date: 2024-01-01
artifact:
  reference: registry.example/team/churn:v3
  files: [churn.onnx, README.md]
  format: omlmd
`;
    expect(found(text, () => true)).toEqual([]);
    expect(found('')).toEqual([]);
    expect(found('{"name": "x", "customProperties": {"a": 1e3}}')).toEqual([]);
  });

  it.each([
    ['a: [1\nb: 2', ['2:1-2:2 error yaml-syntax']],
    ['name: x\n  b: 1', ['1:7-1:8 error yaml-syntax']],
    ['a: !!python/name:os.system x', ['1:28-1:29 error yaml-tag']],
    ['- a', ['1:1-1:1 error not-a-mapping']],
    ['name: 5', ['1:7-1:8 error wrong-type']],
    ['author: [a]', ['1:9-1:12 error wrong-type']],
    ['customProperties: text', ['1:19-1:23 error wrong-type']],
    ['artifact: x', ['1:11-1:12 warning wrong-type']],
    ['artifact:\n  reference: 5', ['2:14-2:15 error wrong-type']],
    ['artifact:\n  reference:\n', []],
    ['artifact:\n  referense: local/x', ['2:3-2:12 error unknown-key']],
    ['artifact:\n  reference: churn', ['2:14-2:19 error reference-invalid']],
    ['artifact:\n  reference: local/Churn', ['2:14-2:25 error reference-invalid']],
    ['artifact:\n  reference: local/churn:v1', []],
    ['artifact:\n  reference: local/churn', []],
    ['artifact:\n  reference: oci-layout:./out:v1', []],
    ['artifact:\n  reference: "oci-layout:"', ['2:14-2:27 error reference-invalid']],
    ['customProperties:\n  a: 1e3', ['2:6-2:9 warning ambiguous-scalar']],
    [
      'customProperties:\n  a: yes\n  b: 017\n  c: 08',
      [
        '2:6-2:9 warning ambiguous-scalar',
        '3:6-3:9 warning ambiguous-scalar',
        '4:6-4:8 warning ambiguous-scalar',
      ],
    ],
    ['customProperties:\n  on: 1', ['2:3-2:5 warning ambiguous-scalar']],
    ['customProperties:\n  a: "1e3"\n  b: y', []],
    ['customProperties:\n  a: 1\n  a: 2', ['3:3-3:4 warning repeated-key']],
    ['customProperties:\n  accuracy: 97.7', ['2:13-2:17 warning accuracy-range']],
    ['customProperties:\n  accuracy: high', []],
    ['customProperties:\n  x: .inf', ['2:6-2:10 error number-not-finite']],
    ['accuracy: 0.5', ['1:1-1:9 info flat-property']],
    ['accuracy: 0.5\ncustomProperties: {accuracy: 0.6}', ['1:1-1:9 warning flat-property']],
    [`customProperties:\n  note: ghp_${'a1'.repeat(18)}`, ['2:9-2:49 warning secret-looking']],
    ['customProperties:\n  db_password: hunter2000', ['2:16-2:26 warning secret-looking']],
    ['customProperties:\n  max_token: 512\n  tokenizer: bpe', []],
  ])('finds what is wrong in %j', (text, problems) => {
    expect(found(text)).toEqual(problems);
  });

  it('looks for the files through the given check only', () => {
    const text = 'artifact:\n  files: [a.onnx, ../b.onnx, /c]\n';
    expect(found(text)).toEqual(['2:19-2:28 warning file-outside', '2:30-2:32 warning file-outside']);
    expect(found(text, (path) => path !== 'a.onnx')[0]).toBe('2:11-2:17 error file-missing');
  });

  it('says both readings of an ambiguous scalar', () => {
    const [problem] = validateMetadataText('customProperties:\n  a: 017', 'm');
    expect(problem?.message).toBe('"017" is the number 15 here and the number 17 to YAML 1.2 readers');
  });

  it('never repeats a secret', () => {
    const [problem] = validateMetadataText('customProperties: {password: hunter2000}', 'm');
    expect(problem?.message).not.toContain('hunter');
  });

  it('sorts problems by place', () => {
    expect(found('artifact:\n  x: 1\nname: 5\nauthor: 1e3').map((p) => p.split(' ')[0])).toEqual([
      '2:3-2:4',
      '3:7-3:8',
      '4:9-4:12',
    ]);
  });
});
