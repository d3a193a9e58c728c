import * as vscode from 'vscode';
import { isModelFileName } from '../../core/index.ts';

/** Files offered without browsing; a folder of thousands of checkpoints is browsed. */
const MAX_FOUND = 200;
const LEFT_OUT = '**/{node_modules,.git,.venv,__pycache__,.ipynb_checkpoints}/**';

interface FileItem extends vscode.QuickPickItem {
  readonly uri?: vscode.Uri;
}

/** Asks for a model: the open one first, then those of the workspace, or any by browsing. */
export async function pickModelFiles(): Promise<readonly vscode.Uri[]> {
  const found = (await vscode.workspace.findFiles('**/*.*', LEFT_OUT, undefined)).filter((uri) =>
    isModelFileName(uri.path),
  );
  const items: FileItem[] = withOpenFirst(found).slice(0, MAX_FOUND).map(fileItem);
  const browse: FileItem = { label: vscode.l10n.t('$(folder-opened) Browse…'), alwaysShow: true };
  const chosen = await vscode.window.showQuickPick([...items, browse], {
    title: vscode.l10n.t('Choose a Model'),
    placeHolder: vscode.l10n.t('A model file of the workspace, or browse for any file or folder'),
    matchOnDescription: true,
  });
  if (chosen === undefined) throw new vscode.CancellationError();
  return chosen.uri === undefined ? browseForFiles() : [chosen.uri];
}

async function browseForFiles(): Promise<readonly vscode.Uri[]> {
  const chosen = await vscode.window.showOpenDialog({
    canSelectFiles: true,
    canSelectFolders: true,
    canSelectMany: true,
    title: vscode.l10n.t('Choose a Model'),
  });
  if (chosen === undefined) throw new vscode.CancellationError();
  return chosen;
}

function withOpenFirst(found: readonly vscode.Uri[]): readonly vscode.Uri[] {
  const tab = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  const open =
    tab instanceof vscode.TabInputCustom || tab instanceof vscode.TabInputText ? tab.uri : undefined;
  const sorted = found.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  if (open === undefined || !found.some((uri) => uri.toString() === open.toString())) return sorted;
  return [open, ...sorted.filter((uri) => uri.toString() !== open.toString())];
}

function fileItem(uri: vscode.Uri): FileItem {
  const path = vscode.workspace.asRelativePath(uri);
  const slash = path.lastIndexOf('/');
  return {
    label: path.slice(slash + 1),
    description: path.slice(0, Math.max(0, slash)),
    iconPath: new vscode.ThemeIcon('file-binary'),
    uri,
  };
}
