import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as vscode from 'vscode';
import { startDockerRegistry } from '../../interop/support/docker-registry.ts';
import { writeSafetensors } from '../../support/safetensors-file.ts';

/** Milliseconds that a test waits for VS Code to come round. */
const PATIENCE_MS = 8_000;

/** Stands for the content of a model file. */
const MODEL = Symbol('model');

/** A folder of its own for each test, inside of the workspace. */
async function folder(
  files: Readonly<Record<string, string | typeof MODEL>>,
): Promise<(name: string) => vscode.Uri> {
  const [workspace] = vscode.workspace.workspaceFolders ?? [];
  assert(workspace);
  const made = mkdtempSync(path.join(workspace.uri.fsPath, 'case-'));
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(made, name);
    if (content === MODEL) await writeSafetensors(file, [1, 2, 3]);
    else writeFileSync(file, content);
  }
  return (name) => vscode.Uri.file(path.join(made, name));
}

async function open(uri: vscode.Uri): Promise<vscode.TextDocument> {
  const document = await vscode.workspace.openTextDocument(uri);
  await vscode.window.showTextDocument(document);
  return document;
}

/** Asks again until the answer is there. */
async function eventually<T>(what: string, ask: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    assert(Date.now() < deadline, `waited in vain for ${what}`);
    await sleep(100);
  }
}

async function lensTitles(uri: vscode.Uri): Promise<readonly string[]> {
  const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>(
    'vscode.executeCodeLensProvider',
    uri,
    10,
  );
  return lenses.map((lens) => lens.command?.title ?? '');
}

function problemsOf(uri: vscode.Uri): readonly vscode.Diagnostic[] {
  return vscode.languages.getDiagnostics(uri).filter(({ source }) => source === 'omlmd');
}

async function labelsAt(uri: vscode.Uri, line: number, character: number): Promise<readonly string[]> {
  const list = await vscode.commands.executeCommand<vscode.CompletionList>(
    'vscode.executeCompletionItemProvider',
    uri,
    new vscode.Position(line, character),
  );
  return list.items.map(({ label }) => (typeof label === 'string' ? label : label.label));
}

async function fixes(uri: vscode.Uri, code: string): Promise<readonly vscode.CodeAction[]> {
  const problem = await eventually(code, () => problemsOf(uri).find((p) => p.code === code));
  return vscode.commands.executeCommand('vscode.executeCodeActionProvider', uri, problem.range);
}

async function apply(actions: readonly vscode.CodeAction[], title: RegExp): Promise<void> {
  const action = actions.find((a) => title.test(a.title));
  assert(action?.edit, `no fix ${title} in ${actions.map((a) => a.title).join(', ')}`);
  await vscode.workspace.applyEdit(action.edit);
}

describe('metadata files', () => {
  afterEach(() => vscode.commands.executeCommand('workbench.action.closeAllEditors'));

  it('have lenses that push, validate and pull, and say that nothing was pushed', async () => {
    const at = await folder({ 'iris.safetensors': MODEL, 'iris.omlmd.yaml': 'name: iris\n' });
    await open(at('iris.omlmd.yaml'));
    // The first metadata file of the window wakes the extension up.
    const titles = await eventually('lenses', async () => {
      const found = await lensTitles(at('iris.omlmd.yaml'));
      return found.length > 0 ? found : undefined;
    });
    assert.deepEqual(titles, [
      '$(cloud-upload) Push',
      'Validate',
      'Pull',
      '$(circle-large-outline) not pushed yet',
    ]);
  });

  it('have no lenses where they are switched off', async () => {
    const at = await folder({ 'iris.omlmd.yaml': 'name: iris\n' });
    await open(at('iris.omlmd.yaml'));
    const settings = vscode.workspace.getConfiguration('omlmd');
    await settings.update('codeLens.enabled', false, vscode.ConfigurationTarget.Global);
    try {
      assert.deepEqual(await lensTitles(at('iris.omlmd.yaml')), []);
    } finally {
      await settings.update('codeLens.enabled', undefined, vscode.ConfigurationTarget.Global);
    }
  });

  it('say that a model is missing', async () => {
    const at = await folder({ 'iris.omlmd.yaml': 'name: iris\n' });
    await open(at('iris.omlmd.yaml'));
    assert.equal((await lensTitles(at('iris.omlmd.yaml'))).at(-1), '$(warning) no model beside it');
  });

  it('push to their reference, then follow the model as it changes', async () => {
    const name = `lens-${Date.now()}`;
    const text = `name: iris # ours\nartifact:\n  # where it goes\n  reference: local/${name}:v1\n`;
    const at = await folder({ 'iris.safetensors': MODEL, 'iris.omlmd.yaml': text });
    const file = at('iris.omlmd.yaml');
    const document = await open(file);
    await vscode.commands.executeCommand('omlmd.metadata.push', file);
    assert.equal(document.getText(), text);
    const pushed = await eventually('the status', async () =>
      (await lensTitles(file)).find((title) => title.startsWith('$(check) pushed as')),
    );
    assert.match(pushed, new RegExp(`pushed as local/${name}:v1 · sha256:[0-9a-f]{8}… · just now$`));
    const edit = new vscode.WorkspaceEdit();
    edit.insert(file, new vscode.Position(0, 0), 'author: me\n');
    await vscode.workspace.applyEdit(edit);
    await document.save();
    await eventually('the change', async () =>
      (await lensTitles(file)).find((title) => title === '$(circle-filled) changed since v1'),
    );
  });

  it('ask a registry only when they are told to', async () => {
    const registry = await startDockerRegistry({});
    try {
      const reference = `${registry.host}/team/iris`;
      const there = await folder({ 'iris.safetensors': MODEL });
      const model = there('iris.safetensors');
      const text = `artifact:\n  reference: ${reference}:v1\n`;
      const at = await folder({ 'iris.safetensors': MODEL, 'iris.omlmd.yaml': text });
      const file = at('iris.omlmd.yaml');
      await open(file);
      const status = async () => (await lensTitles(file)).at(-1) ?? '';
      assert.equal(await status(), `$(question) not compared with ${reference}:v1`);
      await vscode.commands.executeCommand('omlmd.metadata.compare', file);
      assert.equal(await status(), '$(circle-large-outline) not pushed yet');
      await vscode.commands.executeCommand('omlmd.push', model, [model], {
        destination: reference,
        tag: 'v1',
      });
      await vscode.commands.executeCommand('omlmd.metadata.compare', file);
      assert.match(await status(), /^\$\(check\) pushed as .*team\/iris:v1 · sha256:[0-9a-f]{8}…$/);
    } finally {
      await registry.stop();
    }
  });

  it('pull the model, and nothing else, into their folder', async () => {
    const name = `pull-${Date.now()}`;
    const text = `artifact:\n  reference: local/${name}:v1\n`;
    const at = await folder({ 'iris.safetensors': MODEL, 'iris.omlmd.yaml': text });
    await vscode.commands.executeCommand('omlmd.metadata.push', at('iris.omlmd.yaml'));
    const model = Buffer.from(await vscode.workspace.fs.readFile(at('iris.safetensors')));
    await vscode.workspace.fs.delete(at('iris.safetensors'));
    await vscode.commands.executeCommand('omlmd.metadata.pull', at('iris.omlmd.yaml'));
    const files = await vscode.workspace.fs.readDirectory(at('.'));
    assert.deepEqual(files.map(([file]) => file).sort(), ['iris.omlmd.yaml', 'iris.safetensors']);
    assert.deepEqual(Buffer.from(await vscode.workspace.fs.readFile(at('iris.safetensors'))), model);
  });

  it('are the metadata of the model that they name, whatever it is called', async () => {
    const name = `card-${Date.now()}`;
    const text = `author: Ada\nartifact:\n  reference: local/${name}:v1\n  files: [iris.safetensors]\n`;
    const at = await folder({ 'iris.safetensors': MODEL, 'card.omlmd.yaml': text });
    const result = await vscode.commands.executeCommand<{ metadata: { author: unknown } } | undefined>(
      'omlmd.metadata.push',
      at('card.omlmd.yaml'),
    );
    assert.equal(result?.metadata.author, 'Ada');
  });

  it('show their problems where they stand, and anew while they are edited', async () => {
    const at = await folder({ 'a.omlmd.yaml': 'name: a\nauthor: [1]\ncustomProperties:\n  v: 1e3\n' });
    const file = at('a.omlmd.yaml');
    await open(file);
    const found = await eventually('problems', () =>
      problemsOf(file).length === 2 ? problemsOf(file) : undefined,
    );
    assert.deepEqual(
      found.map(({ code, range, severity }) => [code, range.start.line, range.start.character, severity]),
      [
        ['wrong-type', 1, 8, vscode.DiagnosticSeverity.Error],
        ['ambiguous-scalar', 3, 5, vscode.DiagnosticSeverity.Warning],
      ],
    );
    const edit = new vscode.WorkspaceEdit();
    edit.replace(file, new vscode.Range(1, 8, 1, 11), 'me');
    await vscode.workspace.applyEdit(edit);
    await eventually('one problem less', () => problemsOf(file).length === 1 || undefined);
  });

  it('are not pushed with errors', async () => {
    const name = `errors-${Date.now()}`;
    const text = `name: [1]\nartifact:\n  reference: local/${name}:v1\n`;
    const at = await folder({ 'a.safetensors': MODEL, 'a.omlmd.yaml': text });
    assert.equal(await vscode.commands.executeCommand('omlmd.metadata.push', at('a.omlmd.yaml')), undefined);
  });

  it('have a fix for a scalar that readers differ about', async () => {
    const at = await folder({ 'a.omlmd.yaml': 'customProperties:\n  v: 1e3 # exponent\n  on_gpu: yes\n' });
    const document = await open(at('a.omlmd.yaml'));
    await apply(await fixes(document.uri, 'ambiguous-scalar'), /as text: '1e3'/);
    assert.match(document.getText(), /v: '1e3' # exponent\n/);
    await eventually('the next one', () => problemsOf(document.uri)[0]?.range.start.line === 2 || undefined);
    await apply(await fixes(document.uri, 'ambiguous-scalar'), /Write it as true/);
    assert.match(document.getText(), /on_gpu: true\n/);
  });

  it('have a fix that moves an unknown key under customProperties', async () => {
    const at = await folder({
      'a.omlmd.yaml': '# top\nlicense: MIT # ours\nname: a\ncustomProperties:\n  # kept\n  b: 1\n',
    });
    const document = await open(at('a.omlmd.yaml'));
    await apply(await fixes(document.uri, 'flat-property'), /under customProperties/);
    assert.equal(
      document.getText(),
      '# top\nname: a\ncustomProperties:\n  license: MIT # ours\n  # kept\n  b: 1\n',
    );
  });

  it('have a fix that creates a file that is missing', async () => {
    const at = await folder({ 'a.omlmd.yaml': 'artifact:\n  files: [README.md]\n' });
    await open(at('a.omlmd.yaml'));
    await apply(await fixes(at('a.omlmd.yaml'), 'file-missing'), /Create the File README\.md/);
    await vscode.workspace.fs.stat(at('README.md'));
    await eventually('no problem', () => problemsOf(at('a.omlmd.yaml')).length === 0 || undefined);
  });

  it('complete keys that are not there, licences and files', async () => {
    const text = 'name: a\n\ncustomProperties:\n  license: \n  \nartifact:\n  files:\n    - \n';
    const at = await folder({ 'a.omlmd.yaml': text, 'a.safetensors': MODEL });
    const { uri } = await open(at('a.omlmd.yaml'));
    const keys = await labelsAt(uri, 1, 0);
    assert(keys.includes('author') && keys.includes('license') && !keys.includes('name'));
    assert((await labelsAt(uri, 3, 11)).includes('Apache-2.0'));
    const properties = await labelsAt(uri, 4, 2);
    assert(
      properties.includes('accuracy') && !properties.includes('license') && !properties.includes('author'),
    );
    assert((await labelsAt(uri, 7, 6)).includes('a.safetensors'));
  });

  it('explain their keys', async () => {
    const at = await folder({ 'a.omlmd.yaml': 'model_format_name: onnx\ncustomProperties:\n  "a*b*": 1\n' });
    const { uri } = await open(at('a.omlmd.yaml'));
    const textAt = async (line: number, character: number) => {
      const position = new vscode.Position(line, character);
      const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
        'vscode.executeHoverProvider',
        uri,
        position,
      );
      return hovers
        .flatMap(({ contents }) => contents.map((c) => (typeof c === 'string' ? c : c.value)))
        .join('\n')
        .replaceAll('&nbsp;', ' ');
    };
    assert.match(await textAt(0, 3), /Format of the model file/);
    assert.match(await textAt(2, 4), /Custom property a\\\*b\\\*/);
  });

  it('have their fields coloured', async () => {
    const at = await folder({ 'a.omlmd.yaml': 'name: a\nother: 1\nartifact:\n  reference: local/a\n' });
    const { uri } = await open(at('a.omlmd.yaml'));
    const tokens = await vscode.commands.executeCommand<vscode.SemanticTokens>(
      'vscode.provideDocumentSemanticTokens',
      uri,
    );
    assert.deepEqual([...tokens.data], [0, 0, 4, 0, 0, 2, 0, 8, 0, 0, 1, 2, 9, 1, 0]);
  });

  it('are generated from the model, and keep comments and edits when that is done again', async () => {
    const at = await folder({ 'iris.safetensors': MODEL });
    const made = await vscode.commands.executeCommand<vscode.Uri>(
      'omlmd.metadata.generate',
      at('iris.safetensors'),
    );
    assert.equal(made.fsPath, at('iris.omlmd.yaml').fsPath);
    const document = vscode.window.activeTextEditor?.document;
    assert(document);
    assert.match(document.getText(), /^model_format_name: safetensors$/m);
    const edited = document
      .getText()
      .replace(/^name:.*$/m, 'name: mine # a comment')
      .replace(/^model_format_name.*\n/m, '');
    const edit = new vscode.WorkspaceEdit();
    edit.replace(made, new vscode.Range(0, 0, document.lineCount, 0), edited);
    await vscode.workspace.applyEdit(edit);
    await vscode.commands.executeCommand('omlmd.metadata.generate', at('iris.safetensors'));
    assert.match(document.getText(), /^name: mine # a comment$/m);
    assert.match(document.getText(), /^model_format_name: safetensors$/m);
    assert.equal(document.isDirty, false);
  });

  it('leave other YAML alone', async () => {
    const at = await folder({ 'values.yaml': 'name: [1]\nv: 1e3\n' });
    await open(at('values.yaml'));
    await sleep(600);
    assert.deepEqual(problemsOf(at('values.yaml')), []);
    assert.deepEqual(await lensTitles(at('values.yaml')), []);
  });
});
