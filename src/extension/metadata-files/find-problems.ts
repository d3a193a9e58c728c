import { existsSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import type { Problem } from '../../core/index.ts';
import type { Services } from '../services.ts';
import { hasYamlExtension } from './metadata-selector.ts';

/** What a schema alone can see: Red Hat's YAML extension says it from the same schema. */
const SEEN_BY_SCHEMA: ReadonlySet<string> = new Set([
  'yaml-syntax',
  'not-a-mapping',
  'wrong-type',
  'unknown-key',
  'repeated-key',
]);

/** The problems of a metadata file as it is on the screen. */
export async function findProblems(
  services: Services,
  document: vscode.TextDocument,
): Promise<vscode.Diagnostic[]> {
  const core = await services.core();
  const { fsPath } = document.uri;
  const problems = core.validateMetadataText(document.getText(), fsPath, {
    exists: (file) => existsSync(path.resolve(path.dirname(fsPath), file)),
  });
  const saidElsewhere = hasYamlExtension() ? SEEN_BY_SCHEMA : undefined;
  return problems.filter(({ code }) => !saidElsewhere?.has(code)).map(toDiagnostic);
}

const SEVERITIES: Readonly<Record<Problem['severity'], vscode.DiagnosticSeverity>> = {
  error: vscode.DiagnosticSeverity.Error,
  warning: vscode.DiagnosticSeverity.Warning,
  info: vscode.DiagnosticSeverity.Information,
};

/** Lines and columns count from 1 in the core and from 0 in the editor. */
function toDiagnostic(problem: Problem): vscode.Diagnostic {
  const { line, column, endLine, endColumn } = problem;
  const range = new vscode.Range(line - 1, column - 1, endLine - 1, endColumn - 1);
  const diagnostic = new vscode.Diagnostic(range, problem.message, SEVERITIES[problem.severity]);
  diagnostic.source = 'omlmd';
  diagnostic.code = problem.code;
  return diagnostic;
}
