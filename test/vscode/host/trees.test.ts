import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as vscode from 'vscode';
import type { Services } from '../../../src/extension/services.ts';
import { ArtifactTree } from '../../../src/extension/tree/artifact-tree.ts';
import { localRoots } from '../../../src/extension/tree/local-roots.ts';
import type { Node } from '../../../src/extension/tree/nodes.ts';
import { registryRoots } from '../../../src/extension/tree/registry-roots.ts';
import { type DockerRegistry, startDockerRegistry } from '../../interop/support/docker-registry.ts';
import { extensionUnderTest, ownServices, temporaryFolder, writeModel } from './support.ts';

const name = `tree-${Date.now()}`;

function labels(nodes: readonly Node[], tree: ArtifactTree): readonly string[] {
  return nodes.map((node) => String(tree.getTreeItem(node).label));
}

async function find(tree: ArtifactTree, parent: Node | undefined, label: string): Promise<Node> {
  const nodes = await tree.getChildren(parent);
  const found = nodes.find((node) => tree.getTreeItem(node).label === label);
  assert(found, `${label} among ${labels(nodes, tree).join(', ')}`);
  return found;
}

async function setRegistries(value: unknown): Promise<void> {
  await vscode.workspace
    .getConfiguration('omlmd')
    .update('registries', value, vscode.ConfigurationTarget.Global);
}

/** Takes any login, and refuses its list of repositories all the same, as Harbor does. */
async function startSecretiveRegistry(): Promise<{ readonly host: string; stop(): void }> {
  const server = createServer(({ url, headers }, response) => {
    const taken = headers.authorization !== undefined && !url?.includes('_catalog');
    response.writeHead(taken ? 200 : 401, { 'www-authenticate': 'Basic realm="test"' }).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { host: `127.0.0.1:${port}`, stop: () => server.close() };
}

describe('the trees', () => {
  const folder = temporaryFolder();
  let registry: DockerRegistry;
  let services: Services;

  before(async function () {
    this.timeout(40_000);
    await extensionUnderTest().activate();
    services = ownServices();
    registry = await startDockerRegistry();
    const model = await writeModel(folder.path, 'iris.safetensors');
    const to = (destination: string) =>
      vscode.commands.executeCommand('omlmd.push', model, [model], { destination });
    for (const tag of ['v1', 'v2', 'v10']) await to(`local/${name}:${tag}`);
    for (let n = 0; n < 60; n += 1) await to(`${registry.host}/team/iris:build-${n}`);
  });
  after(async () => {
    await setRegistries(undefined);
    await registry.stop();
    folder.remove();
  });

  it('show the local store down to files and metadata', async () => {
    const tree = new ArtifactTree(services, localRoots(services));
    const repository = await find(tree, undefined, name);
    const tags = await tree.getChildren(repository);
    assert.deepEqual(labels(tags, tree), ['v10', 'v2', 'v1']);
    const [newest] = tags;
    const groups = await tree.getChildren(newest);
    assert.deepEqual(labels(groups, tree), ['Files', 'Metadata']);
    const file = await find(tree, groups[0], 'iris.safetensors');
    assert.equal(tree.getTreeItem(file).contextValue, 'file.model');
    const format = await find(tree, groups[1], 'model_format_name');
    assert.equal(tree.getTreeItem(format).description, 'safetensors');
  });

  it('read a registry page by page', async () => {
    await setRegistries([{ host: registry.host }]);
    const tree = new ArtifactTree(services, registryRoots(services));
    const repository = await find(tree, await find(tree, undefined, registry.host), 'team/iris');
    const first = await tree.getChildren(repository);
    assert.equal(first.length, 51);
    const more = first.at(-1);
    assert(more?.kind === 'more');
    await more.load();
    const all = await tree.getChildren(repository);
    assert.equal(all.length, 60);
    assert.equal(tree.getTreeItem(all[0] ?? more).label, 'build-59');
  });

  it('show pinned repositories of a registry that does not answer, and what to do', async () => {
    await setRegistries([{ host: '127.0.0.1:9', repositories: ['team/churn'] }]);
    await vscode.workspace.getConfiguration('omlmd').update('retries', 0, vscode.ConfigurationTarget.Global);
    services.resetContext();
    const tree = new ArtifactTree(services, registryRoots(services));
    const nodes = await tree.getChildren(await find(tree, undefined, '127.0.0.1:9'));
    await vscode.workspace
      .getConfiguration('omlmd')
      .update('retries', undefined, vscode.ConfigurationTarget.Global);
    assert.equal(tree.getTreeItem(nodes[0] as Node).label, 'team/churn');
    const [, failure] = nodes;
    assert(failure?.kind === 'message');
    assert.equal(tree.getTreeItem(failure).command?.command, 'omlmd.refresh');
  });

  it('take a list that is refused to a good login for one that is not there', async () => {
    const secretive = await startSecretiveRegistry();
    try {
      await setRegistries([{ host: secretive.host, repositories: ['team/churn'] }]);
      await services.logins.put(secretive.host, { kind: 'basic', username: 'ada', password: 'secret' });
      const tree = new ArtifactTree(services, registryRoots(services));
      const nodes = await tree.getChildren(await find(tree, undefined, secretive.host));
      assert.deepEqual(labels(nodes, tree), ['team/churn', 'The registry does not list its repositories']);
      assert.equal(tree.getTreeItem(nodes[1] as Node).command?.command, 'omlmd.addRepository');
    } finally {
      secretive.stop();
    }
  });

  it('offer plain HTTP where a registry does not speak TLS', async () => {
    // An address of this machine that is not known as one, so that TLS is not left out by itself.
    const host = registry.host.replace('127.0.0.1', '0.0.0.0');
    await setRegistries([{ host }]);
    services.resetContext();
    const tree = new ArtifactTree(services, registryRoots(services));
    const [failure] = await tree.getChildren(await find(tree, undefined, host));
    assert(failure?.kind === 'message');
    assert.match(failure.label, /plain HTTP/);
    assert.deepEqual(tree.getTreeItem(failure).command?.arguments, [host]);
    assert.equal(tree.getTreeItem(failure).command?.command, 'omlmd.useHttp');
  });

  it('say every row to a screen reader', async () => {
    const tree = new ArtifactTree(services, localRoots(services));
    for (const node of await tree.getChildren()) {
      assert(tree.getTreeItem(node).accessibilityInformation?.label);
    }
  });

  it('find the way up from a tag, so that it can be revealed', async () => {
    const tree = new ArtifactTree(services, localRoots(services));
    const repository = await find(tree, undefined, name);
    const tag = await find(tree, repository, 'v1');
    assert.equal(tree.getParent(tag), repository);
    assert.equal(tree.getParent(repository), undefined);
  });
});
