import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as vscode from 'vscode';
import { fileSubject, layerSubject } from '../../../src/extension/inspect/inspect-subject.ts';
import type { Services } from '../../../src/extension/services.ts';
import { findingBadges } from '../../../src/extension/tree/finding-badges.ts';
import { layerUri } from '../../../src/extension/tree/layer-uri.ts';
import type { GridView, ReportView } from '../../../src/webview/contract.ts';
import { madeLlama } from '../../support/made-llama.ts';
import { writeSparseSafetensors } from '../../support/safetensors-file.ts';
import { extensionUnderTest, ownServices, temporaryFolder, writeModel } from './support.ts';

const name = `viewer-${Date.now()}`;
const { signal } = new AbortController();

function gridOf(report: ReportView, title: string): GridView {
  const grid = report.sections.find((section) => section.kind === 'grid' && section.title === title);
  assert(grid?.kind === 'grid', `${title} among ${report.sections.map((section) => section.title)}`);
  return grid;
}

/** Counts what this process reads from files by handles, until it is stopped. */
async function countReads(file: string) {
  const probe = await open(file);
  const handles: FileHandle = Object.getPrototypeOf(probe);
  await probe.close();
  const { read } = handles;
  const stop = () => {
    handles.read = read;
  };
  const counted = { count: 0, bytes: 0, stop };
  async function countedRead(this: FileHandle, ...args: Parameters<FileHandle['read']>) {
    const result = await read.apply(this, args);
    counted.count += 1;
    counted.bytes += result.bytesRead;
    return result;
  }
  // Parsed boundary: the function has overloads.
  handles.read = countedRead as typeof read;
  return counted;
}

describe('the model viewer', () => {
  const folder = temporaryFolder();
  let services: Services;
  before(async () => {
    await extensionUnderTest().activate();
    services = ownServices();
  });
  after(async () => {
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    folder.remove();
  });

  it('is an option for files that are called like models, and takes none from other editors', () => {
    const { customEditors } = extensionUnderTest().packageJSON.contributes;
    const [viewer] = customEditors as { viewType: string; priority: string; selector: object[] }[];
    assert.equal(viewer?.viewType, 'omlmd.modelViewer');
    assert.equal(viewer.priority, 'option');
    for (const ending of ['onnx', 'safetensors', 'gguf', 'pkl', 'joblib'])
      assert(JSON.stringify(viewer.selector).includes(`"*.${ending}"`));
  });

  it('opens a file in an editor of its own', async () => {
    const model = await writeModel(folder.path, 'm.safetensors');
    await vscode.commands.executeCommand('omlmd.openModelViewer', model);
    const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
    assert(input instanceof vscode.TabInputCustom);
    assert.equal(input.viewType, 'omlmd.modelViewer');
  });

  it('opens a model of an artifact, by the node of a tree or by its reference', async () => {
    const model = await writeModel(folder.path, 'm.safetensors');
    const destination = `local/${name}:v1`;
    await vscode.commands.executeCommand('omlmd.push', model, [model], { destination });
    const report = await layerSubject(services, destination).read(signal);
    assert.deepEqual(gridOf(report, 'Tensors').columns[0]?.cells, ['weight']);
    assert.match(report.notices[0]?.text ?? '', /unverified/);
    await vscode.commands.executeCommand('omlmd.openModelViewer', destination);
    const label = () => vscode.window.tabGroups.activeTabGroup.activeTab?.label;
    for (let tries = 0; tries < 50 && !label()?.startsWith('Model of'); tries += 1) await sleep(100);
    assert.equal(label(), `Model of ${name}:v1`);
  });

  it('opens a model of 16 GB', async function () {
    const file = path.join(folder.path, 'llama.safetensors');
    assert((await writeSparseSafetensors(file, madeLlama(32))) > 10e9);
    const start = performance.now();
    const reads = await countReads(file);
    const report = await fileSubject(file)
      .read(signal)
      .finally(() => reads.stop());
    assert(this.test);
    this.test.title += `: ${Math.round(performance.now() - start)} ms`;
    // What bounds the time until the page is drawn: how often and how much is read, and what the page is sent.
    assert(reads.count > 0 && reads.count <= 2, `${reads.count} reads`);
    assert(reads.bytes < 100_000, `${reads.bytes} bytes read`);
    assert(JSON.stringify(report).length < 100_000, `${JSON.stringify(report).length} characters sent`);
    assert.equal(gridOf(report, 'Tensors').columns[0]?.cells.length, 291);
    assert.deepEqual(
      report.sections.flatMap((section) =>
        section.kind === 'pictures' ? section.pictures.map(({ title }) => title) : [],
      ),
      ['Bytes by type', 'Largest tensors', 'Bytes by part of the model'],
    );
  });

  it('puts the worst finding first, with its place', async () => {
    const file = path.join(folder.path, 'bad.pkl');
    writeFileSync(file, "cacme.hooks\nOnLoad\n0cos\nsystem\n(S'true'\ntR.");
    const report = await fileSubject(file).read(signal);
    const [first] = report.findings;
    assert.equal(first?.severity, 'critical');
    assert.match(first.where, /^offset \d+$/);
    assert.deepEqual(gridOf(report, 'Imports').columns[1]?.marks, ['bad', 'doubtful']);
  });

  it('has a badge in the trees on models with findings, and none on others', async () => {
    const bad = vscode.Uri.file(path.join(folder.path, 'bad.pkl'));
    writeFileSync(bad.fsPath, "cos\nsystem\n(S'true'\ntR.");
    const good = await writeModel(folder.path, 'good.safetensors');
    const badgeOf = async (file: vscode.Uri, tag: string) => {
      const reference = `local/${name}:${tag}`;
      const options = { destination: reference, allowUnsafe: true };
      await vscode.commands.executeCommand('omlmd.push', file, [file], options);
      const { inspectModel, parseLocation } = await services.core();
      const { digest } = await inspectModel(await services.context(), parseLocation(reference), undefined);
      assert(digest);
      const { token } = new vscode.CancellationTokenSource();
      return findingBadges(services).provideFileDecoration(layerUri({ reference, digest }), token);
    };
    const badge = await badgeOf(bad, 'bad');
    assert.equal(badge?.badge, '!!');
    assert.match(badge.tooltip ?? '', /^critical: .*os\.system/);
    assert.equal(await badgeOf(good, 'good'), undefined);
  });

  it('has a badge of what was found in the model as a whole', async () => {
    const shelf = path.join(folder.path, 'shelf');
    mkdirSync(shelf);
    await writeModel(shelf, 'model.safetensors');
    writeFileSync(
      path.join(shelf, 'config.json'),
      '{"model_type":"x","auto_map":{"AutoModel":"modeling.X"}}',
    );
    writeFileSync(path.join(shelf, 'README.md'), 'words');
    const reference = `local/${name}:whole`;
    const uri = vscode.Uri.file(shelf);
    await vscode.commands.executeCommand('omlmd.push', uri, [uri], { destination: reference });
    const { parseLocation, readArtifact, titleOf } = await services.core();
    const { manifest } = await readArtifact(await services.context(), parseLocation(reference));
    const badgeOf = async (title: string) => {
      const layer = manifest.layers.find((one) => titleOf(one) === title);
      assert(layer);
      const { token } = new vscode.CancellationTokenSource();
      const wanted = layerUri({ reference, digest: layer.digest });
      return findingBadges(services).provideFileDecoration(wanted, token);
    };
    const weights = await badgeOf('model.safetensors');
    assert.equal(weights?.badge, '!');
    assert.match(weights.tooltip ?? '', /^medium: config\.json: auto_map: "modeling\.X" is code/);
    assert.match((await badgeOf('config.json'))?.tooltip ?? '', /^medium: "modeling\.X" is code/);
    assert.equal(await badgeOf('README.md'), undefined);
  });
});
