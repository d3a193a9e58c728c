import assert from 'node:assert/strict';
import { cpSync, existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
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
      { name: 'its tensors by keys alone', run: walkTensors },
      { name: 'a pickle with findings', run: viewPickle },
      { name: 'a GGUF model', run: viewGguf },
      { name: 'a file that ends early', run: viewTruncated },
      { name: 'a model that is no model', run: viewUnknown },
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
  const start = Date.now();
  const view = await open(stage, 'llama.safetensors');
  await view.getByRole('grid', { name: 'Tensors' }).waitFor();
  console.log(`       from the click in the menu: ${Date.now() - start} ms`);
  await stage.snap('top');
  await view.getByRole('img', { name: /^Bytes by type\. BF16: .*; F32: / }).waitFor();
  await view.getByRole('grid', { name: 'Tensors' }).scrollIntoViewIfNeeded();
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
  const { readFileSync } = await import('node:fs');
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
