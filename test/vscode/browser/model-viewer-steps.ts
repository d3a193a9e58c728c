import assert from 'node:assert/strict';
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FrameLocator, Page } from 'playwright-core';
import { madeLlama } from '../../support/made-llama.ts';
import { writeSparseSafetensors } from '../../support/safetensors-file.ts';
import type { Stage, Suite } from './step.ts';

const MODELS = path.join(import.meta.dirname, '..', '..', 'fixtures', 'models');

/** Imports of an ordinary classifier, of a package nobody knows, and a call of `os.system`; harmless: it is `true`. */
const PICKLE_WITH_FINDINGS = [
  'csklearn.pipeline\nPipeline\n0',
  'csklearn.preprocessing._data\nStandardScaler\n0',
  'csklearn.svm._classes\nSVC\n0',
  'cnumpy\ndtype\n0',
  'cacme_scoring.hooks\nOnLoad\n0',
  "cos\nsystem\n(S'true'\ntR.",
].join('');

/** The viewer of model files in one colour theme. */
export function modelViewerSuite(name: string, theme: string): Suite {
  return {
    name,
    settings: { 'workbench.colorTheme': theme },
    steps: [
      { name: 'an ONNX model', run: viewOnnx },
      { name: 'a language model of 10 GB', run: viewLarge },
      { name: 'every control by Tab', run: tabThrough },
      { name: 'its tensors by keys alone', run: walkTensors },
      { name: 'a list of 100,000 tensors scrolls', run: scrollMany },
      { name: 'the place in the page is kept while another tab is looked at', run: leaveAndReturn },
      { name: 'a pickle with findings', run: viewPickle },
      { name: 'a pipeline with its steps and hyperparameters', run: viewPipeline },
      { name: 'a GGUF model', run: viewGguf },
      { name: 'a file that ends early', run: viewTruncated },
      { name: 'a model that is no model', run: viewUnknown },
      { name: 'the viewer from the review of a push', run: viewFromReview },
      { name: 'a model in the store, from the tree', run: viewLayer },
    ],
  };
}

async function open({ page, workbench, workspace }: Stage, file: string): Promise<FrameLocator> {
  assert(existsSync(path.join(workspace, file)));
  await page.keyboard.press('Control+k');
  await page.keyboard.press('Control+w');
  if (!(await workbench.explorerRow('iris.onnx').isVisible()))
    await workbench.activityBarItem('Explorer').click();
  await workbench.explorerRow(file).click({ button: 'right' });
  await workbench.choose('Open Model Viewer');
  return workbench.webview();
}

async function viewOnnx(stage: Stage): Promise<void> {
  cpSync(path.join(MODELS, 'mlp.onnx'), path.join(stage.workspace, 'mlp.onnx'));
  const view = await open(stage, 'mlp.onnx');
  await view.getByRole('heading', { name: 'Inputs' }).waitFor();
  await view.getByRole('grid', { name: 'Operators' }).waitFor();
  await stage.snap('top');
  await view.getByRole('heading', { name: 'Metadata', exact: true }).scrollIntoViewIfNeeded();
}

async function viewLarge(stage: Stage): Promise<void> {
  const file = path.join(stage.workspace, 'llama.safetensors');
  const size = await writeSparseSafetensors(file, madeLlama(32), { format: 'pt', license: 'llama3' });
  assert(size > 10e9);
  const view = await open(stage, 'llama.safetensors');
  const grid = view.getByRole('grid', { name: 'Tensors' });
  await grid.waitFor();
  const shown = await grid.evaluate(() => performance.now());
  console.log(`       from the start of the page until the tensors are seen: ${Math.round(shown)} ms`);
  await stage.snap('top');
  await view.getByRole('img', { name: /^Bytes by type\. BF16: .*; F32: / }).waitFor();
  await view.getByRole('grid', { name: 'Tensors' }).scrollIntoViewIfNeeded();
}

/** One stop for a list of any length. */
async function tabThrough({ page, workbench }: Stage): Promise<void> {
  const view = workbench.webview();
  await view.getByRole('button', { name: 'Push…' }).focus();
  const stops: string[] = [];
  for (let tabs = 0; tabs < 6; tabs += 1) {
    const focused = view.locator(':focus');
    stops.push(
      (await focused.getAttribute('role')) ?? (await focused.evaluate((at) => at.tagName.toLowerCase())),
    );
    await page.keyboard.press('Tab');
  }
  assert.deepEqual(stops, ['button', 'button', 'button', 'input', 'gridcell', 'summary']);
}

async function walkTensors({ page, workbench, snap }: Stage): Promise<void> {
  const view = workbench.webview();
  const filter = view.getByRole('searchbox', { name: 'Filter Tensors' });
  await filter.focus();
  await page.keyboard.type('mlp down');
  await view.getByText('32 of 291').waitFor();
  await page.keyboard.press('ArrowDown');
  await focusedCell(view, 'model.layers.0.mlp.down_proj.weight').waitFor();
  await page.keyboard.press('PageDown');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Control+End');
  await page.keyboard.press('Home');
  await focusedCell(view, 'model.layers.31.mlp.down_proj.weight').waitFor();
  await snap('filtered');
  await sortByKeys(page, view);
}

async function sortByKeys(page: Page, view: FrameLocator): Promise<void> {
  await view.getByRole('searchbox', { name: 'Filter Tensors' }).fill('');
  await page.keyboard.press('Tab');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('End');
  await page.keyboard.press('Enter');
  await view.locator('[role="columnheader"][aria-sort="descending"]', { hasText: 'Size' }).waitFor();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Home');
  await focusedCell(view, 'model.embed_tokens.weight').waitFor();
}

function focusedCell(view: FrameLocator, text: string) {
  return view.locator('[role="gridcell"]:focus', { hasText: text });
}

/** Rows in the page at once, however long the list is: those that are seen, and some around them. */
const MAX_DRAWN = 40;
/** Pixels and times of the turns of the wheel. */
const WHEEL = { pixels: 3000, turns: 40 };

async function scrollMany(stage: Stage): Promise<void> {
  const { page, workspace } = stage;
  const tensors = Array.from({ length: 100_000 }, (_, at) => ({ name: `t.${at}`, dtype: 'F16', shape: [8] }));
  await writeSparseSafetensors(path.join(workspace, 'many.safetensors'), tensors);
  const view = await open(stage, 'many.safetensors');
  const grid = view.getByRole('grid', { name: 'Tensors' });
  await grid.scrollIntoViewIfNeeded();
  await grid.hover();
  const start = Date.now();
  for (let turn = 0; turn < WHEEL.turns; turn += 1) {
    await page.mouse.wheel(0, WHEEL.pixels);
    assert((await grid.getByRole('row').count()) <= MAX_DRAWN);
  }
  console.log(
    `       a turn of the wheel over 100,000 rows: ${Math.round((Date.now() - start) / WHEEL.turns)} ms`,
  );
  await view
    .getByText(/^t\.42\d\d$/)
    .first()
    .waitFor();
  const filter = view.getByRole('searchbox', { name: 'Filter Tensors' });
  const typed = Date.now();
  await filter.fill('9999');
  await view.getByText('19 of 100,000').waitFor();
  console.log(`       a filter over 100,000 rows: ${Date.now() - typed} ms`);
}

async function leaveAndReturn(stage: Stage): Promise<void> {
  const { page, workbench } = stage;
  const view = await open(stage, 'llama.safetensors');
  await view.getByRole('heading', { name: 'Metadata', exact: true }).scrollIntoViewIfNeeded();
  const place = () => view.locator('main').evaluate(() => Math.round(window.scrollY));
  const before = await place();
  assert(before > 0);
  await workbench.explorerRow('iris.onnx').click({ button: 'right' });
  await workbench.choose('Open Model Viewer');
  await view.getByRole('heading', { name: 'iris', exact: true }).waitFor();
  await page.getByRole('tab', { name: 'llama.safetensors' }).click();
  await view.getByRole('heading', { name: 'llama', exact: true }).waitFor();
  for (let tries = 0; tries < 40 && (await place()) !== before; tries += 1) await sleep(50);
  assert.equal(await place(), before);
}

async function viewPipeline(stage: Stage): Promise<void> {
  cpSync(path.join(MODELS, 'pipeline.pkl'), path.join(stage.workspace, 'pipeline.pkl'));
  const view = await open(stage, 'pipeline.pkl');
  await view.getByRole('grid', { name: 'Steps' }).getByText('classify').waitFor();
}

async function viewFromReview(stage: Stage): Promise<void> {
  const { page, workbench } = stage;
  await page.keyboard.press('Control+k');
  await page.keyboard.press('Control+w');
  await workbench.explorerRow('iris.onnx').click({ button: 'right' });
  await workbench.choose('Push as OCI Artifact…');
  for (const asks of ['Where to?', 'Which tag?']) {
    await page.locator(`.quick-input-widget input[placeholder^="${asks}"]`).waitFor();
    await page.keyboard.press('Enter');
  }
  await workbench.quickPickRow('Open Model Viewer').waitFor();
  await stage.snap('review');
  await workbench.quickPickRow('Open Model Viewer').click();
  const view = workbench.webview();
  await view.getByRole('heading', { name: 'iris', exact: true }).waitFor();
  assert.equal(await page.locator('.quick-input-widget').isVisible(), false);
}

async function viewPickle(stage: Stage): Promise<void> {
  writeFileSync(path.join(stage.workspace, 'scorer.pkl'), PICKLE_WITH_FINDINGS);
  const view = await open(stage, 'scorer.pkl');
  await view.locator('.finding.critical', { hasText: 'system' }).waitFor();
  await view.getByRole('grid', { name: 'Imports' }).getByText('dangerous').waitFor();
}

async function viewGguf(stage: Stage): Promise<void> {
  const name = 'tiny-llama.Q4_K_M.gguf';
  cpSync(path.join(MODELS, name), path.join(stage.workspace, name));
  const view = await open(stage, name);
  await view.getByText('llama.context_length').waitFor();
}

async function viewTruncated(stage: Stage): Promise<void> {
  const whole = readFileSync(path.join(MODELS, 'mlp.onnx'));
  writeFileSync(path.join(stage.workspace, 'cut.onnx'), whole.subarray(0, whole.byteLength / 2));
  const view = await open(stage, 'cut.onnx');
  await view.getByText('Read in part').waitFor();
}

async function viewUnknown(stage: Stage): Promise<void> {
  writeFileSync(path.join(stage.workspace, 'notes.npz'), 'these are only words');
  const view = await open(stage, 'notes.npz');
  await view.getByText('The format is not known').waitFor();
}

async function viewLayer(stage: Stage): Promise<void> {
  const { page, workbench } = stage;
  await workbench.explorerRow('scorer.pkl').click({ button: 'right' });
  await workbench.choose('Push as OCI Artifact…');
  for (const asks of ['Where to?', 'Which tag?']) {
    await page.locator(`.quick-input-widget input[placeholder^="${asks}"]`).waitFor();
    await page.keyboard.press('Enter');
  }
  await workbench.quickPickRow('Push Anyway…').click();
  await page.locator('.monaco-dialog-box').getByRole('button', { name: 'Push Anyway' }).click();
  const tag = workbench.treeItem(/^version v1 of local\/scorer/);
  await tag.waitFor();
  await workbench.clearNotifications();
  if ((await tag.getAttribute('aria-expanded')) !== 'true') await tag.locator('.monaco-tl-twistie').click();
  const file = workbench.treeItem(/^file scorer\.pkl/);
  await file.click();
  const view = workbench.webview();
  await view.getByText('unverified').waitFor();
  await view.locator('.finding.critical').waitFor();
  await view.getByRole('button', { name: 'Inspect Artifact' }).waitFor();
}
