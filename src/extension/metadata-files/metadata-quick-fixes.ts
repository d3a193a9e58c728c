import * as vscode from 'vscode';
import { movePropertyLines } from './property-move.ts';

type Fix = (document: vscode.TextDocument, problem: vscode.Diagnostic) => vscode.CodeAction[];

/** Ways to mend what the diagnostics of a metadata file name, by the code of the problem. */
const FIXES: ReadonlyMap<string, Fix> = new Map([
  ['ambiguous-scalar', mendScalar],
  ['flat-property', moveProperty],
  ['file-missing', mendFile],
  ['reference-invalid', nameLocalStore],
]);

/** Quick fixes for metadata files. Each is one edit that leaves comments and the rest of the text alone. */
export const metadataQuickFixes: vscode.CodeActionProvider = {
  provideCodeActions(document, _range, { diagnostics }) {
    return diagnostics
      .filter(({ source }) => source === 'omlmd')
      .flatMap((problem) => FIXES.get(String(problem.code))?.(document, problem) ?? []);
  },
};

/** The words for true and false that YAML 1.1 knows and YAML 1.2 does not. */
const TRUE_11 = /^(?:yes|on)$/i;
const FALSE_11 = /^(?:no|off)$/i;

function mendScalar(document: vscode.TextDocument, problem: vscode.Diagnostic): vscode.CodeAction[] {
  const text = document.getText(problem.range);
  const quoted = `'${text.replaceAll("'", "''")}'`;
  const fixes = [replacing(document, problem, vscode.l10n.t('Write it as text: {0}', quoted), quoted)];
  const word = TRUE_11.test(text) ? 'true' : FALSE_11.test(text) ? 'false' : undefined;
  if (word !== undefined)
    fixes.push(replacing(document, problem, vscode.l10n.t('Write it as {0}', word), word));
  return fixes;
}

function moveProperty(document: vscode.TextDocument, problem: vscode.Diagnostic): vscode.CodeAction[] {
  const lines = document.getText().split(/\r?\n/);
  const move = movePropertyLines(lines, problem.range.start.line);
  if (move === undefined) return [];
  const edit = new vscode.WorkspaceEdit();
  const newline = document.eol === vscode.EndOfLine.CRLF ? '\r\n' : '\n';
  const atEnd = move.before >= lines.length;
  const block = move.lines.join(newline);
  const place = document.validatePosition(
    new vscode.Position(move.before, atEnd ? Number.MAX_SAFE_INTEGER : 0),
  );
  edit.insert(document.uri, place, atEnd ? newline + block : block + newline);
  edit.delete(document.uri, new vscode.Range(move.from, 0, move.to, 0));
  if (move.emptied !== undefined) {
    const { line, column } = move.emptied;
    edit.delete(document.uri, new vscode.Range(line, column, line, document.lineAt(line).text.length));
  }
  return [action(problem, vscode.l10n.t('Move it under customProperties'), { edit, isPreferred: true })];
}

function mendFile(document: vscode.TextDocument, problem: vscode.Diagnostic): vscode.CodeAction[] {
  const choose: vscode.Command = {
    title: vscode.l10n.t('Choose a File…'),
    command: 'omlmd.metadata.chooseFile',
    arguments: [document.uri, problem.range],
  };
  const name = unquote(document.getText(problem.range));
  const fixes = [action(problem, choose.title, { command: choose, isPreferred: true })];
  if (/^(?:[/\\]|[a-zA-Z]:)/.test(name) || name.split(/[/\\]/).includes('..')) return fixes;
  const edit = new vscode.WorkspaceEdit();
  edit.createFile(vscode.Uri.joinPath(document.uri, '..', name), { ignoreIfExists: true });
  return [...fixes, action(problem, vscode.l10n.t('Create the File {0}', name), { edit })];
}

/** A name without a host may have been meant for the local store. */
function nameLocalStore(document: vscode.TextDocument, problem: vscode.Diagnostic): vscode.CodeAction[] {
  const text = unquote(document.getText(problem.range));
  if (!/^[a-z0-9]+(?:[._/-][a-z0-9]+)*(?::[\w.-]+)?$/.test(text)) return [];
  const local = `local/${text}`;
  return [replacing(document, problem, vscode.l10n.t('Use the local store: {0}', local), local)];
}

function replacing(
  document: vscode.TextDocument,
  problem: vscode.Diagnostic,
  title: string,
  text: string,
): vscode.CodeAction {
  const edit = new vscode.WorkspaceEdit();
  edit.replace(document.uri, problem.range, text);
  return action(problem, title, { edit });
}

function action(
  problem: vscode.Diagnostic,
  title: string,
  does: Pick<vscode.CodeAction, 'edit' | 'command' | 'isPreferred'>,
): vscode.CodeAction {
  const made = new vscode.CodeAction(title, vscode.CodeActionKind.QuickFix);
  return Object.assign(made, does, { diagnostics: [problem] });
}

function unquote(text: string): string {
  return /^(["']).*\1$/s.test(text) ? text.slice(1, -1) : text;
}
