import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { COMMANDS } from '../../../src/extension/commands/index.ts';
import { extensionUnderTest } from './support.ts';

describe('activation', () => {
  it('gives other extensions an API', async () => {
    const api = await extensionUnderTest().activate();
    assert.equal((api as { version: number }).version, 1);
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

  it('hides from the palette what only a tree can call', () => {
    const { commandPalette } = extensionUnderTest().packageJSON.contributes.menus;
    const hidden = (commandPalette as { command: string; when: string }[])
      .filter(({ when }) => when === 'false')
      .map(({ command }) => command);
    assert(hidden.includes('omlmd.loadMore'));
  });
});
