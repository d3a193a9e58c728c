import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { writeSafetensors } from '../../support/safetensors-file.ts';
import type { Stage, Suite } from './step.ts';

const NOTEBOOK = {
  cells: [
    { cell_type: 'markdown', metadata: {}, source: '# Churn\nWho leaves, and why.' },
    {
      cell_type: 'code',
      execution_count: null,
      metadata: {},
      outputs: [],
      source: 'from sklearn.linear_model import LogisticRegression\n\nclf = LogisticRegression().fit(X, y)',
    },
    {
      cell_type: 'code',
      execution_count: null,
      metadata: {},
      outputs: [],
      source: '%%omlmd push local/churn:v2 --model clf\nname: churn # import as\naccuracy: 0.97',
    },
  ],
  metadata: { language_info: { name: 'python' } },
  nbformat: 4,
  nbformat_minor: 5,
};

/** Metadata files and notebooks as a person meets them. */
export const suite: Suite = {
  name: 'metadata files and notebooks',
  steps: [
    { name: 'generate metadata from the explorer', run: generate },
    { name: 'complete a licence', run: completeLicence },
    { name: 'see problems and mend one', run: mendProblem },
    { name: 'push by the code lens', run: pushByLens },
    { name: 'push a change as the next version', run: pushNextVersion },
    { name: 'push from a notebook', run: pushFromNotebook },
  ],
};

async function generate({ page, workbench, workspace }: Stage): Promise<void> {
  await writeSafetensors(path.join(workspace, 'churn.safetensors'), [0.25, -1, 3], { author: 'Jo' });
  await workbench.explorerRow('churn.safetensors').click({ button: 'right' });
  await workbench.chooseMore('Generate Metadata');
  await workbench.codeLens('not pushed yet').waitFor();
  await page.locator('.view-line', { hasText: 'model_format_name' }).waitFor();
}

async function completeLicence({ page, snap }: Stage): Promise<void> {
  await typeAtEnd(page, 'lic');
  const suggestions = page.locator('.suggest-widget .monaco-list-row');
  await suggestions.filter({ hasText: 'license' }).waitFor();
  await page.keyboard.press('Enter');
  await page.keyboard.type('Apa');
  await suggestions.filter({ hasText: 'Apache-2.0' }).waitFor();
  await snap('licence suggestions');
  await page.keyboard.press('Enter');
  await page.locator('.view-line', { hasText: 'license: Apache-2.0' }).waitFor();
}

async function mendProblem({ page, workbench, snap }: Stage): Promise<void> {
  await typeAtEnd(page, 'accuracy: 1e2');
  await page.keyboard.press('Escape');
  await workbench.codeLens('Validate').click();
  const problems = page.locator('.markers-panel .monaco-list-row');
  await problems.filter({ hasText: 'YAML 1.2' }).waitFor();
  await snap('problems');
  await page.locator('.view-line', { hasText: 'accuracy' }).click({ position: { x: 20, y: 8 } });
  await page.keyboard.press('Control+.');
  await page.getByText('Move it under customProperties').first().waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+Shift+K');
  await problems.filter({ hasText: 'YAML 1.2' }).waitFor({ state: 'detached' });
  await page.keyboard.press('Control+s');
  await page.keyboard.press('Control+j');
}

async function pushByLens({ page, workbench, workspace }: Stage): Promise<void> {
  await workbench.codeLens(/Push/).click();
  for (const step of ['Where to?', 'Which tag?', 'Review']) {
    await page.locator(`.quick-input-widget input[placeholder*="${step}"]`).waitFor();
    await page.keyboard.press('Enter');
  }
  await workbench.codeLens('pushed as local/churn:v1').waitFor();
  assert.match(readFileSync(path.join(workspace, 'churn.omlmd.yaml'), 'utf8'), /reference: local\/churn:v1/);
}

async function pushNextVersion({ page, workbench, workspace, snap }: Stage): Promise<void> {
  await workbench.clearNotifications();
  await typeAtEnd(page, '# tuned');
  await page.keyboard.press('Control+Home');
  await typeAtEnd(page, 'task: classification');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+s');
  await workbench.codeLens('changed since v1').waitFor();
  await snap('changed');
  await workbench.codeLens(/Push/).click();
  await workbench.quickPickRow('Push as v2').waitFor();
  await snap('next version');
  await page.keyboard.press('Enter');
  await workbench.codeLens('pushed as local/churn:v2').waitFor();
  assert.match(readFileSync(path.join(workspace, 'churn.omlmd.yaml'), 'utf8'), /reference: local\/churn:v2/);
}

async function pushFromNotebook({ page, workbench, workspace }: Stage): Promise<void> {
  await workbench.clearNotifications();
  writeFileSync(path.join(workspace, 'Churn.ipynb'), JSON.stringify(NOTEBOOK));
  await page.keyboard.press('Control+Shift+e'); // the push has shown the local store
  await workbench.explorerRow('Churn.ipynb').dblclick();
  await page.locator('.notebook-toolbar-container').getByText('Push Model…').click();
  const line = page.locator('.view-line', { hasText: 'local/churn:v3' });
  await line.waitFor();
  assert.equal(
    (await line.textContent())?.replaceAll('\u00a0', ' '),
    '%omlmd push local/churn:v3 --model clf',
  );
  // The magic, the verb, the reference and the flag have colours of their own.
  const count = await eventually(async () => {
    const classes = await line.locator('span span').evaluateAll((spans) => spans.map((s) => s.className));
    return new Set(classes).size;
  }, 5);
  assert(count >= 5, `${count} colours`);
}

async function typeAtEnd(page: Page, text: string): Promise<void> {
  await page.locator('.editor-instance .view-lines').last().click();
  await page.keyboard.press('Control+End');
  await page.keyboard.press('Enter');
  await page.keyboard.type(text);
}

/** Colours come a moment after the text: asks until the number is reached, for five seconds. */
async function eventually(ask: () => Promise<number>, wanted: number): Promise<number> {
  for (let tries = 50; ; tries -= 1) {
    const answer = await ask();
    if (answer >= wanted || tries === 0) return answer;
    await sleep(100);
  }
}
