import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as vscode from 'vscode';
import type { PullResult, PushResult } from '../../../src/core/index.ts';
import { prepare } from '../../../src/extension/push-flow/push-flow.ts';
import { transferModel } from '../../../src/extension/push-flow/send-model.ts';
import {
  type DockerRegistry,
  PASSWORD,
  startDockerRegistry,
  USER,
} from '../../interop/support/docker-registry.ts';
import { extensionUnderTest, ownServices, temporaryFolder, writeModel } from './support.ts';

const push = async (file: vscode.Uri, destination: string, tag: string) =>
  vscode.commands.executeCommand<PushResult>('omlmd.push', file, [file], { destination, tag });

const pull = async (reference: string, folder: string, existing: 'refuse' | 'replace' | 'keep' = 'refuse') =>
  vscode.commands.executeCommand<PullResult>('omlmd.pull', reference, { folder, existing });

describe('push and pull through commands', () => {
  const folder = temporaryFolder();
  const name = `host-${Date.now()}`;
  let model: vscode.Uri;

  before(async () => {
    await extensionUnderTest().activate();
    model = await writeModel(folder.path, 'iris.safetensors');
  });
  after(() => folder.remove());

  it('puts a model into the local store with metadata read from it', async () => {
    const result = await push(model, `local/${name}`, 'v1');
    assert.equal(result.reference, `local/${name}:v1`);
    assert.match(result.digest, /^sha256:[0-9a-f]{64}$/);
    assert.equal(result.metadata.model_format_name, 'safetensors');
  });

  it('gives the same bytes back', async () => {
    const out = path.join(folder.path, 'out');
    const result = await pull(`local/${name}:v1`, out);
    const file = result.files.find(({ title }) => title === 'iris.safetensors');
    assert(file);
    assert.deepEqual(readFileSync(file.path), readFileSync(model.fsPath));
  });

  it('refuses to replace other files, replaces them and keeps them as told', async () => {
    const out = path.join(folder.path, 'out');
    const file = path.join(out, 'iris.safetensors');
    writeFileSync(file, 'mine');
    await assert.rejects(pull(`local/${name}:v1`, out), /iris\.safetensors/);
    assert.equal(readFileSync(file, 'utf8'), 'mine');
    await pull(`local/${name}:v1`, out, 'keep');
    assert.equal(readFileSync(file, 'utf8'), 'mine');
    await pull(`local/${name}:v1`, out, 'replace');
    assert.deepEqual(readFileSync(file), readFileSync(model.fsPath));
  });

  it('deletes an artifact that the caller has asked about', async () => {
    await push(model, `local/${name}`, 'gone');
    await writeModel(folder.path, 'iris.safetensors', [9]);
    await push(model, `local/${name}`, 'stays');
    const reference = `local/${name}:gone`;
    assert.equal(await vscode.commands.executeCommand('omlmd.delete', reference, { confirmed: true }), true);
    await assert.rejects(pull(reference, path.join(folder.path, 'none')), /gone/);
  });

  it('puts several files, and a folder, into one artifact', async () => {
    const other = await writeModel(folder.path, 'second.safetensors', [4, 5]);
    const both = await vscode.commands.executeCommand<PushResult>('omlmd.push', model, [model, other], {
      destination: `local/${name}:both`,
    });
    const titles = both.files.map(({ title }) => title);
    assert(titles.includes('iris.safetensors') && titles.includes('second.safetensors'));
    const shelf = path.join(folder.path, 'shelf');
    mkdirSync(path.join(shelf, 'inner'), { recursive: true });
    await writeModel(path.join(shelf, 'inner'), 'deep.safetensors');
    const all = await push(vscode.Uri.file(shelf), `local/${name}`, 'folder');
    assert(all.files.some(({ title }) => title === 'inner/deep.safetensors'));
  });

  it('copies an artifact elsewhere with the same digest', async () => {
    const { digest } = await push(model, `local/${name}`, 'original');
    const copied = await vscode.commands.executeCommand<PushResult>(
      'omlmd.copyTo',
      `local/${name}:original`,
      {
        destination: `local/${name}-copy:v1`,
      },
    );
    assert.equal(copied.digest, digest);
    assert.equal(copied.reference, `local/${name}-copy:v1`);
  });

  it('does not move a tag that the person did not see', async () => {
    const services = ownServices();
    const { parseLocation } = await services.core();
    const { digest } = await push(model, `local/${name}`, 'taken');
    const changed = await writeModel(folder.path, 'changed.safetensors', [7]);
    const paths = [changed.fsPath];
    const sending = {
      paths,
      model: await prepare(paths, 'auto'),
      location: parseLocation(`local/${name}:taken`),
      moveTag: false,
      allowUnsafe: false,
    };
    await assert.rejects(transferModel(services, sending), /taken/);
    await vscode.commands.executeCommand('omlmd.copyDigest', `local/${name}:taken`);
    assert.equal(await vscode.env.clipboard.readText(), digest);
  });

  it('refuses a model with a critical finding unless it is told otherwise', async () => {
    const file = vscode.Uri.file(path.join(folder.path, 'bad.pkl'));
    writeFileSync(file.fsPath, "cos\nsystem\n(S'true'\ntR.");
    await assert.rejects(push(file, `local/${name}`, 'bad'), /os\.system/);
    const destination = `local/${name}:bad`;
    await vscode.commands.executeCommand('omlmd.push', file, [file], { destination, allowUnsafe: true });
  });

  it('copies digests and references to the clipboard', async () => {
    const { digest } = await push(model, `local/${name}`, 'v3');
    await vscode.commands.executeCommand('omlmd.copyDigest', `local/${name}:v3`);
    assert.equal(await vscode.env.clipboard.readText(), digest);
    await vscode.commands.executeCommand('omlmd.copyReference', `local/${name}:v3`);
    assert.equal(await vscode.env.clipboard.readText(), `local/${name}:v3`);
  });

  it('rejects a reference without a host in one sentence, before anything is sent', async () => {
    await assert.rejects(push(model, 'team/iris', 'v1'), /did you mean/);
  });

  it('opens what it inspects in a read-only editor', async () => {
    await vscode.commands.executeCommand('omlmd.inspect', model);
    const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
    assert(input instanceof vscode.TabInputCustom);
    assert.equal(input.viewType, 'omlmd.modelViewer');
    await vscode.commands.executeCommand('omlmd.inspect', `local/${name}:v3`);
    const isPanel = () =>
      vscode.window.tabGroups.activeTabGroup.activeTab?.input instanceof vscode.TabInputWebview;
    for (let tries = 0; tries < 50 && !isPanel(); tries += 1) await sleep(100);
    assert(isPanel());
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  });
});

describe('a registry that wants a login', () => {
  const folder = temporaryFolder();
  let registry: DockerRegistry;
  let model: vscode.Uri;

  before(async function () {
    this.timeout(40_000);
    registry = await startDockerRegistry({ auth: true });
    model = await writeModel(folder.path, 'iris.safetensors');
  });
  after(async () => {
    await registry.stop();
    folder.remove();
  });

  it('is named in the error of a push without one', async () => {
    await assert.rejects(push(model, `${registry.host}/team/iris`, 'v1'), (error: Error) => {
      assert.match(error.message, new RegExp(registry.host));
      return true;
    });
  });

  it('takes a login that it was asked about, and refuses a wrong one, which is not kept', async () => {
    const services = ownServices();
    const { login } = await services.core();
    const context = await services.context();
    const wrong = { kind: 'basic', username: USER, password: 'wrong' } as const;
    await assert.rejects(login(context, registry.host, wrong, services.logins));
    assert.deepEqual(services.logins.hosts(), []);
    const right = { kind: 'basic', username: USER, password: PASSWORD } as const;
    await login(context, registry.host, right, services.logins);
    assert.deepEqual(services.logins.hosts(), [registry.host]);
    assert.deepEqual(await services.logins.get(registry.host), right);
  });
});
