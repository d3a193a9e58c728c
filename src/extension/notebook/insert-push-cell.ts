import * as vscode from 'vscode';
import { makePushCell, type PushCell } from './push-cell.ts';

/** The command behind *Push Model…*: a ready `%omlmd push` cell below the selected one, its variable selected. */
export async function insertPushCell(): Promise<void> {
  const editor = vscode.window.activeNotebookEditor;
  if (editor === undefined) {
    void vscode.window.showInformationMessage(vscode.l10n.t('Open a notebook to push a model from it.'));
    return;
  }
  const { notebook, selection } = editor;
  const cell = makePushCell(notebook.uri.path, pythonCells(notebook));
  // A notebook that was just opened has no selected cell.
  const index = selection.isEmpty ? notebook.cellCount : selection.end;
  const edit = new vscode.WorkspaceEdit();
  const data = new vscode.NotebookCellData(vscode.NotebookCellKind.Code, cell.code, 'python');
  edit.set(notebook.uri, [vscode.NotebookEdit.insertCells(index, [data])]);
  if (!(await vscode.workspace.applyEdit(edit))) return;
  const range = new vscode.NotebookRange(index, index + 1);
  editor.selection = range;
  editor.revealRange(range, vscode.NotebookEditorRevealType.InCenterIfOutsideViewport);
  await selectPlaceholder(notebook.cellAt(index), cell);
}

function pythonCells(notebook: vscode.NotebookDocument): readonly string[] {
  return notebook
    .getCells()
    .filter(({ document }) => document.languageId === 'python')
    .map(({ document }) => document.getText());
}

/** The cell's editor exists once the cell is being edited. */
async function selectPlaceholder(cell: vscode.NotebookCell, { placeholder }: PushCell): Promise<void> {
  await vscode.commands.executeCommand('notebook.cell.edit');
  const { line, start, end } = placeholder;
  const selection = new vscode.Range(line, start, line, end);
  await vscode.window.showTextDocument(cell.document, { selection });
}
