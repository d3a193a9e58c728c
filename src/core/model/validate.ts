import { OmlmdError, quote } from '../errors.ts';
import { JsonNumber, type JsonObject, type JsonValue, toPlain } from '../oci/json.ts';
import { parseNameAndTags, parseReference } from '../oci/reference.ts';
import { isMetadataField } from './metadata.ts';
import { describeSchemaIssue, kindOf, spanAt } from './metadata-file.ts';
import { readMetadataText } from './metadata-reading.ts';
import type { Problem, ProblemCode } from './problem.ts';
import { MetadataFileSchema } from './schema.ts';
import { looksSecret } from './secrets.ts';
import { pathKey, type YamlReading } from './yaml-document.ts';
import type { Span } from './yaml-nodes.ts';
import { ambiguityOf } from './yaml-resolution.ts';

export type { Problem } from './problem.ts';

export interface ValidateOptions {
  /** Whether a file named by `artifact.files` is there; without it nobody looks. */
  readonly exists?: (path: string) => boolean;
}

/**
 * Everything wrong or doubtful in a metadata file, in the order of the text. Never throws. Files
 * are looked for through `exists`, relative as they are written; the path is a name that decides nothing.
 */
export function validateMetadataText(text: string, _path: string, options: ValidateOptions = {}): Problem[] {
  const reading = readMetadataText(text);
  const report = new Report(reading);
  for (const { code, message, span } of reading.issues) report.add('error', code, message, span);
  if (reading.issues.length === 0) checkDocument(report, reading, options);
  return report.problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
}

class Report {
  readonly problems: Problem[] = [];
  readonly #reading: YamlReading;

  constructor(reading: YamlReading) {
    this.#reading = reading;
  }

  add(severity: Problem['severity'], code: ProblemCode, message: string, span: Span): void {
    this.problems.push({ severity, code, message, ...this.#reading.rangeOf(span) });
  }

  /** At the value of a path. */
  at(severity: Problem['severity'], code: ProblemCode, message: string, path: readonly PropertyKey[]): void {
    this.add(severity, code, message, spanAt(this.#reading, path));
  }

  /** At the key of a path. */
  atKey(
    severity: Problem['severity'],
    code: ProblemCode,
    message: string,
    path: readonly PropertyKey[],
  ): void {
    const key = this.#reading.spans.get(pathKey(path))?.key;
    this.add(severity, code, message, key ?? spanAt(this.#reading, path));
  }
}

function checkDocument(report: Report, reading: YamlReading, options: ValidateOptions): void {
  const { value } = reading;
  checkScalars(report, reading);
  if (value === null) return;
  if (!(value instanceof Map)) {
    report.add('error', 'not-a-mapping', `expected a mapping of fields, got ${kindOf(value)}`, [0, 0]);
    return;
  }
  checkSchema(report, value);
  checkProperties(report, value);
  checkSecrets(report, value, []);
  const artifact = value.get('artifact');
  if (artifact instanceof Map) checkArtifact(report, artifact, options);
}

function checkScalars(report: Report, reading: YamlReading): void {
  for (const { text, span } of reading.plainScalars) {
    const ambiguity = ambiguityOf(text);
    if (ambiguity === undefined) continue;
    const message = `${quote(text)} is ${ambiguity.here} here and ${ambiguity.elsewhere} to YAML 1.2 readers`;
    report.add('warning', 'ambiguous-scalar', message, span);
  }
  for (const { text, span } of reading.repeatedKeys) {
    report.add('warning', 'repeated-key', `the key ${quote(text)} stands twice; the last one counts`, span);
  }
}

function checkSchema(report: Report, document: JsonObject): void {
  const result = MetadataFileSchema.safeParse(toPlain(document));
  for (const issue of result.error?.issues ?? []) {
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) {
        const path = [...issue.path, key];
        report.atKey('error', 'unknown-key', `${issue.path.join('.')} has no key ${quote(key)}`, path);
      }
      continue;
    }
    const value = valueAt(document, issue.path);
    const got = value === undefined ? '' : `, got ${kindOf(value)}`;
    // `reference:` without a value says nothing.
    if (value === null && issue.path[0] === 'artifact' && issue.path.length <= 2) continue;
    // Upstream takes an `artifact` that is no mapping for a property of that name.
    const severity = issue.path.length === 1 && issue.path[0] === 'artifact' ? 'warning' : 'error';
    report.at(
      severity,
      'wrong-type',
      `${issue.path.join('.')}: ${describeSchemaIssue(issue)}${got}`,
      issue.path,
    );
  }
}

function valueAt(value: JsonValue, path: readonly PropertyKey[]): JsonValue | undefined {
  let at: JsonValue | undefined = value;
  for (const key of path) {
    if (at instanceof Map) at = at.get(String(key));
    else at = Array.isArray(at) ? at[Number(key)] : undefined;
  }
  return at;
}

function checkProperties(report: Report, document: JsonObject): void {
  const own = document.get('customProperties');
  const properties = own instanceof Map ? own : undefined;
  for (const key of document.keys()) {
    if (isMetadataField(key) || key === 'artifact') continue;
    const message = properties?.has(key)
      ? `${quote(key)} is also in customProperties, and that one counts`
      : `${quote(key)} is no field, so it becomes a custom property`;
    report.atKey(properties?.has(key) ? 'warning' : 'info', 'flat-property', message, [key]);
  }
  for (const path of [
    ['accuracy'],
    ['customProperties', 'accuracy'],
    ['customProperties', 'metrics', 'accuracy'],
  ]) {
    const value = valueAt(document, path);
    if (!(value instanceof JsonNumber)) continue;
    const accuracy = value.toNumber();
    if (accuracy >= 0 && accuracy <= 1) continue;
    report.at('warning', 'accuracy-range', `accuracy ${quote(value.text)} is not from 0 to 1`, path);
  }
}

/** The value itself is never repeated: problems go to logs and screens. */
function checkSecrets(report: Report, value: JsonValue, path: readonly string[]): void {
  if (typeof value === 'string') {
    if (!looksSecret(path.at(-1) ?? '', value)) return;
    report.at(
      'warning',
      'secret-looking',
      `${path.join('.')} looks like a secret, and artifacts are shared`,
      path,
    );
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) checkSecrets(report, item, [...path, String(index)]);
  } else if (value instanceof Map) {
    for (const [key, member] of value) checkSecrets(report, member, [...path, key]);
  }
}

function checkArtifact(report: Report, artifact: JsonObject, options: ValidateOptions): void {
  const reference = artifact.get('reference');
  if (typeof reference === 'string') {
    const wrong = referenceProblem(reference);
    if (wrong !== undefined) report.at('error', 'reference-invalid', wrong, ['artifact', 'reference']);
  }
  const files = artifact.get('files');
  if (!Array.isArray(files)) return;
  for (const [index, file] of files.entries()) {
    if (typeof file === 'string') checkFile(report, file, ['artifact', 'files', index], options);
  }
}

function checkFile(
  report: Report,
  file: string,
  path: readonly PropertyKey[],
  { exists }: ValidateOptions,
): void {
  if (/^(?:[/\\]|[a-zA-Z]:)/.test(file) || file.split(/[/\\]/).includes('..')) {
    report.at('warning', 'file-outside', `the file ${quote(file)} is outside the folder of this file`, path);
  }
  if (exists?.(file) === false)
    report.at('error', 'file-missing', `the file ${quote(file)} is not there`, path);
}

/** What is wrong with a reference to a registry, to the local store, or to a layout on disk. */
function referenceProblem(reference: string): string | undefined {
  try {
    if (reference.startsWith('oci-layout:')) {
      return reference === 'oci-layout:'
        ? `reference ${quote(reference)}: expected oci-layout:PATH`
        : undefined;
    }
    if (reference.startsWith('local/')) parseNameAndTags(reference.slice('local/'.length), reference);
    else parseReference(reference);
    return undefined;
  } catch (error) {
    if (error instanceof OmlmdError) return error.message;
    throw error;
  }
}
