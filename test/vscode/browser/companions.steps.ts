import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Stage, Suite } from './step.ts';

const MODELS = path.resolve(import.meta.dirname, '..', '..', 'fixtures', 'models');

export const suite: Suite = {
  name: 'companions',
  steps: [{ name: 'what lies beside a model goes with it as the person says', run: chooseCompanions }],
};

async function chooseCompanions({ page, workbench, workspace, snap }: Stage): Promise<void> {
  const folder = path.join(workspace, 'net');
  mkdirSync(folder);
  for (const name of ['external.onnx', 'external.onnx.data'])
    copyFileSync(path.join(MODELS, name), path.join(folder, name));
  writeFileSync(path.join(folder, 'README.md'), '# External\n');
  await workbench.explorerRow('net').click();
  await workbench.explorerRow('external.onnx').click({ button: 'right' });
  await workbench.choose('Push as OCI Artifact…');
  for (const says of ['Where to?', 'Which tag?']) {
    await page.locator(`.quick-input-widget input[placeholder^="${says}"]`).waitFor();
    if (says === 'Which tag?') await workbench.quickPickRow('first version').waitFor();
    await page.keyboard.press('Enter');
  }
  // What it needs goes with it unasked.
  await workbench.quickPickRow('2 files').waitFor();
  await workbench.quickPickRow('1 of 2 beside the model').waitFor();
  await snap('review');
  await workbench.quickPickRow('Files That Go with It…').click();
  const checked = (name: string) => workbench.quickPickRow(name).getByRole('checkbox', { checked: true });
  await workbench.quickPickRow('The model cannot be loaded without it').waitFor();
  assert.equal(await checked('external.onnx.data').count(), 1);
  assert.equal(await checked('README.md').count(), 0);
  await workbench.quickPickRow('README.md').click();
  await snap('choice');
  await page.keyboard.press('Enter');
  await workbench.quickPickRow('3 files').waitFor();
  await workbench.quickPickRow('2 of 2 beside the model').waitFor();
  await snap('review of three files');
  await page.keyboard.press('Enter');
  await workbench.notification('Pushed local/external:v1').waitFor();
}
