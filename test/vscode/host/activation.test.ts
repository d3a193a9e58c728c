import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import * as vscode from 'vscode';
import { COMMANDS } from '../../../src/extension/commands/index.ts';
import { extensionUnderTest } from './support.ts';

/** Milliseconds until the page about the start is there. */
const PAGE_MS = 5_000;

/** What *Developer: Startup Performance* says of us, in milliseconds: loading the code, and the call of `activate`. */
async function activationTimes(): Promise<{ readonly load: number; readonly activate: number }> {
  await vscode.commands.executeCommand('perfview.show');
  let row: string | undefined;
  for (const end = Date.now() + PAGE_MS; row === undefined && Date.now() < end; await sleep(100)) {
    const page = vscode.workspace.textDocuments.find(({ uri }) => uri.scheme === 'perf')?.getText();
    row = page?.split('\n').find((line) => line.includes('omlmd-tools.omlmd'));
  }
  await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
  const [load, activate] = (row ?? '')
    .split('|')
    .map((cell) => cell.trim())
    .filter((cell) => /^\d+$/.test(cell))
    .map(Number);
  assert(load !== undefined && activate !== undefined, `two times in ${row}`);
  return { load, activate };
}

describe('activation', () => {
  it('gives other extensions an API', async () => {
    const api = await extensionUnderTest().activate();
    assert.equal((api as { version: number }).version, 1);
  });

  it('takes no more time than it should, by VS Code’s own clock', async function () {
    await extensionUnderTest().activate();
    const { load, activate } = await activationTimes();
    assert(this.test);
    this.test.title += `: ${load} ms to load the code, ${activate} ms to activate`;
    // Not a timed test, the machine may be busy: far above the 40 ms that it may take, far below what the core takes.
    assert(load + activate < 1000);
  });

  it('registers the commands that package.json contributes, and no others', async () => {
    await extensionUnderTest().activate();
    const contributed: { command: string }[] = extensionUnderTest().packageJSON.contributes.commands;
    const ids = contributed.map(({ command }) => command).sort();
    assert.deepEqual(Object.keys(COMMANDS).sort(), ids);
    const registered = await vscode.commands.getCommands(true);
    assert.deepEqual(
      ids.filter((id) => !registered.includes(id)),
      [],
    );
  });

  it('names every command and setting in words', () => {
    const { contributes } = extensionUnderTest().packageJSON;
    const text = JSON.stringify(contributes);
    assert.doesNotMatch(text, /"%[a-zA-Z.]+%"/);
  });

  it('puts no more than two entries and one submenu into the menu of a model', () => {
    const { menus } = extensionUnderTest().packageJSON.contributes;
    const entries = menus['explorer/context'] as { command?: string; submenu?: string; when: string }[];
    const onModels = entries.filter(({ when }) => when.includes('onnx'));
    assert.deepEqual(
      onModels.map(({ command, submenu }) => command ?? submenu),
      ['omlmd.push', 'omlmd.openModelViewer', 'omlmd.explorer'],
    );
  });

  it('hides from the palette what only a tree can call', () => {
    const { commandPalette } = extensionUnderTest().packageJSON.contributes.menus;
    const hidden = (commandPalette as { command: string; when: string }[])
      .filter(({ when }) => when === 'false')
      .map(({ command }) => command);
    assert(hidden.includes('omlmd.loadMore'));
  });
});
