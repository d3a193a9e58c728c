import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import * as vscode from 'vscode';
import type { PullResult } from '../../../src/core/index.ts';
import type { Services } from '../../../src/extension/services.ts';
import { ArtifactTree } from '../../../src/extension/tree/artifact-tree.ts';
import { localRoots } from '../../../src/extension/tree/local-roots.ts';
import { onPath } from '../../interop/support/on-path.ts';
import { extensionUnderTest, ownServices, temporaryFolder, writeModel } from './support.ts';

const run = promisify(execFile);
const serve = async (options: { readonly port?: number; readonly readOnly?: boolean }) =>
  vscode.commands.executeCommand<string>('omlmd.serveStore', options);
const stop = () => vscode.commands.executeCommand('omlmd.stopServing');

describe('the local store, served', () => {
  const folder = temporaryFolder();
  const name = `served-${Date.now()}`;
  let model: vscode.Uri;
  let host: string;

  before(async () => {
    await extensionUnderTest().activate();
    model = await writeModel(folder.path, 'iris.safetensors');
    await vscode.commands.executeCommand('omlmd.push', model, [model], { destination: `local/${name}:v1` });
    host = new URL(await serve({ port: 0, readOnly: true })).host;
  });
  after(async () => {
    await stop();
    folder.remove();
  });

  it('is pulled from by its address', async () => {
    const out = path.join(folder.path, 'out');
    await vscode.commands.executeCommand<PullResult>('omlmd.pull', `${host}/${name}:v1`, { folder: out });
    assert.deepEqual(readFileSync(path.join(out, 'iris.safetensors')), readFileSync(model.fsPath));
  });

  it('is pulled from by oras and skopeo', async function () {
    if (!onPath('oras') && !onPath('skopeo')) this.skip();
    if (onPath('oras')) {
      await run('oras', ['pull', '--plain-http', '-o', 'by-oras', `${host}/${name}:v1`], {
        cwd: folder.path,
      });
      const file = path.join(folder.path, 'by-oras', 'iris.safetensors');
      assert.deepEqual(readFileSync(file), readFileSync(model.fsPath));
    }
    if (onPath('skopeo')) {
      const from = ['inspect', '--raw', '--tls-verify=false', `docker://${host}/${name}:v1`];
      const { stdout } = await run('skopeo', from, { cwd: folder.path });
      assert.match(stdout, /iris\.safetensors/);
    }
  });

  it('takes nothing when it is read-only', async () => {
    const options = { destination: `${host}/${name}:v2` };
    await assert.rejects(
      Promise.resolve(vscode.commands.executeCommand('omlmd.push', model, [model], options)),
      /405|UNSUPPORTED|read-only/i,
    );
  });

  it('keeps its address when it is asked for once more, and gives it to the clipboard', async () => {
    assert.equal(new URL(await serve({ port: 0 })).host, host);
    assert.equal(await vscode.commands.executeCommand('omlmd.copyServedAddress'), host);
    assert.equal(await vscode.env.clipboard.readText(), host);
  });

  it('is gone when it is stopped, and stopping twice is nothing', async () => {
    await stop();
    await stop();
    await assert.rejects(fetch(`http://${host}/v2/`));
    host = new URL(await serve({ port: 0 })).host;
    assert.equal((await fetch(`http://${host}/v2/`)).status, 200);
  });

  it('says that a port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    assert(typeof address === 'object' && address !== null);
    await stop();
    try {
      await assert.rejects(serve({ port: address.port }), /another program uses this port/);
    } finally {
      other.close();
    }
  });

  it('stands on top of the tree, which shows what others push', async () => {
    const services: Services = ownServices();
    const tree = new ArtifactTree(services, localRoots(services));
    const core = await services.core();
    const { host: own } = await services.server.start(core, await services.context(), {
      port: 0,
      readOnly: false,
    });
    try {
      const [top] = await tree.getChildren();
      assert(top?.kind === 'served');
      const item = tree.getTreeItem(top);
      assert.equal(item.label, own);
      assert.equal(item.contextValue, 'served');
      const written = new Promise<void>((resolve) => services.server.onDidWrite(() => resolve()));
      await vscode.commands.executeCommand('omlmd.push', model, [model], {
        destination: `${own}/${name}:v3`,
      });
      await written;
    } finally {
      await services.server.stop();
    }
    assert.notEqual((await tree.getChildren())[0]?.kind, 'served');
  });

  it('ends with the window', async () => {
    const services = ownServices();
    const { url } = await services.server.start(await services.core(), await services.context(), {
      port: 0,
      readOnly: true,
    });
    services.server.dispose();
    await services.server.stop();
    await assert.rejects(fetch(`${url}/v2/`));
  });
});
