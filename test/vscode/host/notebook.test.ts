import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';

/** A notebook file with these Python cells, opened as a person would. */
async function openNotebook(name: string, cells: readonly string[]): Promise<vscode.NotebookDocument> {
  const [workspace] = vscode.workspace.workspaceFolders ?? [];
  assert(workspace);
  const file = path.join(workspace.uri.fsPath, name);
  writeFileSync(file, JSON.stringify(notebookOf(cells)));
  const notebook = await vscode.workspace.openNotebookDocument(vscode.Uri.file(file));
  await vscode.window.showNotebookDocument(notebook);
  return notebook;
}

function notebookOf(cells: readonly string[]) {
  return {
    cells: cells.map((source) => ({
      cell_type: 'code',
      execution_count: null,
      metadata: {},
      outputs: [],
      source,
    })),
    metadata: { language_info: { name: 'python' } },
    nbformat: 4,
    nbformat_minor: 5,
  };
}

async function labelsIn(cell: vscode.NotebookCell, character: number): Promise<readonly string[]> {
  const list = await vscode.commands.executeCommand<vscode.CompletionList>(
    'vscode.executeCompletionItemProvider',
    cell.document.uri,
    new vscode.Position(0, character),
  );
  return list.items.map(({ label }) => (typeof label === 'string' ? label : label.label));
}

describe('notebooks', () => {
  afterEach(async () => {
    await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  });

  it('get a ready push cell below the selected one, with the variable selected', async () => {
    const notebook = await openNotebook('Churn.ipynb', ['clf = SVC().fit(X, y)', 'print(1)']);
    const editor = vscode.window.activeNotebookEditor;
    assert(editor);
    editor.selection = new vscode.NotebookRange(0, 1);
    await vscode.commands.executeCommand('omlmd.notebook.push');
    const cell = notebook.cellAt(1);
    assert.equal(notebook.cellCount, 3);
    assert.equal(cell.document.languageId, 'python');
    assert.equal(cell.document.getText(), '%load_ext omlmd_jupyter\n%omlmd push local/churn:v1 --model clf');
    assert.equal(editor.selection.start, 1);
    const text = vscode.window.activeTextEditor;
    assert.equal(text?.document, cell.document);
    assert.equal(text?.document.getText(text.selection), 'clf');
  });

  it('load the magics once', async () => {
    const notebook = await openNotebook('Once.ipynb', ['net.fit(X)']);
    await vscode.commands.executeCommand('omlmd.notebook.push');
    await vscode.commands.executeCommand('omlmd.notebook.push');
    assert.equal(notebook.cellAt(2).document.getText(), '%omlmd push local/once:v2 --model net');
  });

  it('complete verbs, flags and references of the local store', async () => {
    const lines = [
      '%',
      '%omlmd ',
      '%omlmd push local/a:v1 --',
      '%omlmd pull local/',
      '%omlmd pull local/magic:',
    ];
    const notebook = await openNotebook('Complete.ipynb', lines);
    const at = (index: number) => labelsIn(notebook.cellAt(index), lines[index]?.length ?? 0);
    assert.deepEqual((await at(0)).filter((label) => label.includes('omlmd')).sort(), ['%%omlmd', '%omlmd']);
    const verbs = await at(1);
    assert(verbs.includes('push') && verbs.includes('diff'));
    const flags = await at(2);
    assert(flags.includes('--model') && flags.includes('--plain-http'));
    const [workspace] = vscode.workspace.workspaceFolders ?? [];
    assert(workspace);
    const model = vscode.Uri.joinPath(workspace.uri, 'magic.bin');
    await vscode.workspace.fs.writeFile(model, Buffer.from('weights'));
    await vscode.commands.executeCommand('omlmd.push', model, [model], {
      destination: 'local/magic',
      tag: 'v7',
    });
    assert((await at(3)).includes('local/magic'));
    assert((await at(4)).includes('local/magic:v7'));
  });

  it('do not complete in other Python lines', async () => {
    const notebook = await openNotebook('Plain.ipynb', ['x = 7 % ']);
    const labels = await labelsIn(notebook.cellAt(0), 8);
    assert(!labels.some((label) => label.includes('omlmd')));
  });
});
