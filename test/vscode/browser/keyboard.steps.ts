import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeSafetensors } from '../../support/safetensors-file.ts';
import type { Stage, Suite } from './step.ts';

/** Most keys that a menu or a tree takes to reach an entry. */
const MAX_KEYS = 60;

/** Milliseconds until a key has moved the focus. */
const KEY_MS = 50;

/** The main job without a mouse, in the theme of those who need contrast. */
export const suite: Suite = {
  name: 'keyboard in high contrast',
  settings: { 'workbench.colorTheme': 'Default High Contrast' },
  steps: [
    { name: 'push from the palette', run: pushFromPalette },
    { name: 'look at it in the tree', run: lookInTree },
    { name: 'push several files from the menu of the explorer', run: pushSeveral },
    { name: 'copy to a place that is typed', run: copyTo },
    { name: 'inspect it', run: inspect },
  ],
};

async function pushFromPalette({ page, workbench, snap }: Stage): Promise<void> {
  await palette({ page, workbench }, 'OMLMD: Push as OCI Artifact…');
  await workbench.quickPickRow('iris.onnx').waitFor();
  await page.keyboard.press('Enter');
  for (const asks of ['Where to?', 'Which tag?', 'Review']) {
    await page.locator(`.quick-input-widget input[placeholder^="${asks}"]`).waitFor();
    await snap(asks);
    await page.keyboard.press('Enter');
  }
  await workbench.notification('Pushed local/iris:v1').waitFor();
}

async function lookInTree(stage: Stage): Promise<void> {
  const { page, workbench } = stage;
  await workbench.treeItem(/^version v1 of local\/iris/).waitFor();
  await palette(stage, 'OMLMD: Focus on Local Store View');
  await treeHasFocus(stage);
  await walkTo(stage, /^version v1 of local\/iris/);
  await page.keyboard.press('ArrowRight');
  await workbench.treeItem(/^Files, 3 entries/).waitFor();
  await walkTo(stage, /^Metadata, /);
  await page.keyboard.press('ArrowRight');
  await workbench.treeItem('name: iris').waitFor();
}

async function pushSeveral({ page, workbench, workspace, snap }: Stage): Promise<void> {
  for (const name of ['part-1.safetensors', 'part-2.safetensors'])
    await writeSafetensors(path.join(workspace, name), [1, 2]);
  await workbench.clearNotifications();
  await palette({ page, workbench }, 'File: Focus on Files Explorer');
  await workbench.explorerRow('part-2.safetensors').waitFor();
  await treeHasFocus({ page });
  await page.keyboard.press('End');
  // The first key selects the row that it comes to, the second one adds its neighbour.
  await page.keyboard.press('Shift+ArrowUp');
  await page.keyboard.press('Shift+ArrowDown');
  await page.locator('.explorer-folders-view .monaco-list-row.selected').nth(1).waitFor();
  await page.keyboard.press('Shift+F10');
  await workbench.menuItem('Push as OCI Artifact…').waitFor();
  const focused = page.locator('.monaco-menu .action-item.focused', { hasText: 'Push as OCI Artifact…' });
  for (let keys = 0; keys < MAX_KEYS && !(await focused.isVisible()); keys += 1)
    await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Enter');
  await page.getByText('Push 2 files').first().waitFor();
  await snap('two files');
  for (const asks of ['Where to?', 'Which tag?', 'Review']) {
    await page.locator(`.quick-input-widget input[placeholder^="${asks}"]`).waitFor();
    await page.keyboard.press('Enter');
  }
  await workbench.notification(/Pushed local\/part-1:v1/).waitFor();
}

async function copyTo({ page, workbench, home }: Stage): Promise<void> {
  await workbench.clearNotifications();
  await palette({ page, workbench }, 'OMLMD: Copy to Registry…');
  await workbench.quickPickRow('local/iris:v1').waitFor();
  await workbench.quickInput().fill('local/iris:v1');
  await page.keyboard.press('Enter');
  await page.locator('.quick-input-widget input[placeholder^="Where to?"]').waitFor();
  await workbench.quickInput().fill('local/copied');
  await page.keyboard.press('Enter');
  await workbench.notification('Copied to local/copied:v1').waitFor();
  assert(existsSync(path.join(home, 'store', 'copied', 'index.json')));
}

async function inspect({ page, workbench }: Stage): Promise<void> {
  await workbench.clearNotifications();
  await palette({ page, workbench }, 'OMLMD: Inspect Model');
  await workbench.quickPickRow('iris.onnx').waitFor();
  await page.keyboard.press('Enter');
  await workbench.webview().getByRole('heading', { name: 'Inputs' }).waitFor();
}

async function palette({ page, workbench }: Pick<Stage, 'page' | 'workbench'>, title: string): Promise<void> {
  await workbench.findCommand(title);
  await page.keyboard.press('Enter');
}

/** A key that is pressed before goes to nothing. */
async function treeHasFocus({ page }: Pick<Stage, 'page'>): Promise<void> {
  await page.locator('.sidebar .monaco-list:focus').waitFor();
}

/** Goes down a tree that has the focus until a row of that name has it. */
async function walkTo({ page }: Stage, name: RegExp): Promise<void> {
  const focused = page.locator('.sidebar .monaco-list:focus .monaco-list-row.focused');
  for (let keys = 0; keys < MAX_KEYS; keys += 1) {
    const label = (await focused.isVisible()) ? await focused.getAttribute('aria-label') : undefined;
    if (label && name.test(label)) return;
    await page.keyboard.press(label === undefined ? 'Home' : 'ArrowDown');
    await sleep(KEY_MS);
  }
  assert.fail(`no row is called ${name}`);
}
