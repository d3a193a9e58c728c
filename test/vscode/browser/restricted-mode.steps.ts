import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Stage, Suite } from './step.ts';

/** A host that nobody must ask: a folder that came from anywhere names it (S26). */
const FOREIGN_REGISTRY = 'registry.example';

/** A folder that is not trusted: it is looked at, and sends and writes nothing. */
export const suite: Suite = {
  name: 'restricted mode',
  trusted: false,
  settings: {
    'security.workspace.trust.enabled': true,
    'security.workspace.trust.startupPrompt': 'never',
    'security.workspace.trust.banner': 'never',
  },
  steps: [
    { name: 'the folder is not trusted', run: seeRestricted },
    { name: 'its registries are ignored, and the views say why', run: seeNoRegistries },
    { name: 'a model can be inspected', run: inspect },
    { name: 'a model cannot be pushed', run: cannotPush },
  ],
};

async function seeRestricted({ page }: Stage): Promise<void> {
  await page.locator('.statusbar-item', { hasText: 'Restricted Mode' }).waitFor();
}

async function seeNoRegistries({ page, workbench, workspace }: Stage): Promise<void> {
  mkdirSync(path.join(workspace, '.vscode'), { recursive: true });
  const settings = { 'omlmd.registries': [{ host: FOREIGN_REGISTRY, repositories: ['team/model'] }] };
  writeFileSync(path.join(workspace, '.vscode', 'settings.json'), JSON.stringify(settings));
  await workbench.activityBarItem('OMLMD').click();
  await page.getByText(/trust/i).first().waitFor();
  await sleep(1000); // long enough for a changed setting to show in the tree
  assert.equal(await page.getByText(FOREIGN_REGISTRY).count(), 0);
}

async function inspect({ workbench }: Stage): Promise<void> {
  await workbench.activityBarItem('Explorer').click();
  await workbench.explorerRow('iris.onnx').click({ button: 'right' });
  await workbench.choose('Open Model Viewer');
  await workbench.webview().getByText('Nothing dangerous was found').waitFor();
}

async function cannotPush({ page, workbench, home, snap }: Stage): Promise<void> {
  await workbench.explorerRow('iris.onnx').click({ button: 'right' });
  const push = page.locator('.monaco-menu .action-item', { hasText: 'Push as OCI Artifact…' });
  await push.waitFor();
  assert.match((await push.getAttribute('class')) ?? '', /disabled/);
  await snap('menu');
  await page.keyboard.press('Escape');
  assert(!existsSync(path.join(home, 'store')));
}
