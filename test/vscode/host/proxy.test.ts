import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import path from 'node:path';
import * as vscode from 'vscode';
import { type DockerRegistry, startDockerRegistry } from '../../interop/support/docker-registry.ts';
import { extensionUnderTest, temporaryFolder, writeModel } from './support.ts';

/** A registry that only the proxy knows the way to. */
const HIDDEN = 'registry.invalid:5000';

/** A proxy for plain HTTP that sends whatever it is asked for to one registry. */
async function startProxy(upstream: string) {
  const asked: string[] = [];
  const server = http.createServer((request, response) => {
    const { method = 'GET', url = '', headers } = request;
    asked.push(url);
    const there = http.request(
      `http://${upstream}${new URL(url, 'http://none').pathname}${new URL(url, 'http://none').search}`,
      { method, headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    request.pipe(there);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert(typeof address === 'object' && address !== null);
  return { url: `http://127.0.0.1:${address.port}`, asked, stop: () => server.close() };
}

async function set(section: string, key: string, value: unknown): Promise<void> {
  await vscode.workspace.getConfiguration(section).update(key, value, vscode.ConfigurationTarget.Global);
}

describe('a registry behind the proxy of VS Code’s settings', () => {
  const folder = temporaryFolder();
  let registry: DockerRegistry;
  let proxy: Awaited<ReturnType<typeof startProxy>>;

  before(async function () {
    this.timeout(40_000);
    await extensionUnderTest().activate();
    registry = await startDockerRegistry();
    proxy = await startProxy(registry.host);
    await set('omlmd', 'plainHttpHosts', [HIDDEN]);
    await set('omlmd', 'retries', 0);
    await set('http', 'proxy', proxy.url);
  });
  after(async () => {
    for (const [section, key] of [
      ['http', 'proxy'],
      ['omlmd', 'retries'],
      ['omlmd', 'plainHttpHosts'],
    ] as const)
      await set(section, key, undefined);
    proxy.stop();
    await registry.stop();
    folder.remove();
  });

  it('is pushed to and pulled from through it', async () => {
    const model = await writeModel(folder.path, 'iris.safetensors');
    const destination = `${HIDDEN}/team/iris:v1`;
    await vscode.commands.executeCommand('omlmd.push', model, [model], { destination });
    await vscode.commands.executeCommand('omlmd.pull', destination, {
      folder: path.join(folder.path, 'out'),
    });
    assert(
      proxy.asked.some((url) => url.startsWith(`http://${HIDDEN}/v2/team/iris/`)),
      proxy.asked[0],
    );
  });
});
