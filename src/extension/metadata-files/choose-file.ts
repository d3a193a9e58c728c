import path from 'node:path';
import * as vscode from 'vscode';
import type { Services } from '../services.ts';

/** The quick fix *Choose a File…*: puts the chosen file's path where a missing one is named. */
export async function chooseFile(_services: Services, ...args: readonly unknown[]): Promise<void> {
  const [uri, range] = args;
  if (!(uri instanceof vscode.Uri) || !(range instanceof vscode.Range)) return;
  const folder = path.dirname(uri.fsPath);
  const chosen = await vscode.window.showOpenDialog({
    defaultUri: vscode.Uri.file(folder),
    canSelectFolders: true,
    canSelectFiles: true,
    openLabel: vscode.l10n.t('Choose'),
  });
  const [file] = chosen ?? [];
  if (file === undefined) return;
  const relative = path.relative(folder, file.fsPath).split(path.sep).join('/');
  const edit = new vscode.WorkspaceEdit();
  edit.replace(uri, range, quoteIfNeeded(relative));
  await vscode.workspace.applyEdit(edit);
}

/** Plain where that is sure to stay text, else in single quotes. */
function quoteIfNeeded(name: string): string {
  return /^[A-Za-z_][\w./-]*\.[A-Za-z]\w*$/.test(name) ? name : `'${name.replaceAll("'", "''")}'`;
}
