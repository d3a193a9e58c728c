import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTestRegistry, type TestRegistry } from '../support/registry/test-registry.ts';
import { type CliSandbox, makeCliSandbox } from '../support/run-cli.ts';
import { writeSafetensors } from '../support/safetensors-file.ts';

let sandbox: CliSandbox;
let registry: TestRegistry;

beforeEach(async () => {
  sandbox = await makeCliSandbox();
  registry = await startTestRegistry();
});

afterEach(async () => {
  await registry.stop();
  await sandbox.remove();
});

async function ok(...args: string[]): Promise<string> {
  const result = await sandbox.run(args);
  expect(result.stderr).toBe('');
  expect(result.status).toBe(0);
  return result.stdout;
}

const golden = (name: string) => `../golden/cli/${name}`;

describe('a model pushed to the local store', () => {
  it('is listed, inspected, compared, copied to a registry and pulled back byte for byte', async () => {
    const model = sandbox.path('churn.safetensors');
    await writeSafetensors(model, [1, 2, 3]);
    await expect(sandbox.plain(await ok('push', 'local/team/churn:v1', model))).toMatchFileSnapshot(
      golden('push.golden.txt'),
    );
    await ok('push', 'local/team/churn:v2', model, '--set', 'accuracy=0.97', '--set', 'author=Ada');
    await expect(sandbox.plain(await ok('ls', 'local/team/churn', '--long'))).toMatchFileSnapshot(
      golden('ls-long.golden.txt'),
    );
    expect(await ok('ls')).toBe('team/churn\n');
    await expect(sandbox.plain(await ok('inspect', 'local/team/churn:v2'))).toMatchFileSnapshot(
      golden('inspect.golden.txt'),
    );
    await expect(
      sandbox.plain(await ok('diff', 'local/team/churn:v1', 'local/team/churn:v2')),
    ).toMatchFileSnapshot(golden('diff.golden.txt'));
    await ok('cp', 'local/team/churn:v2', `${registry.host}/team/churn`);
    const out = sandbox.path('out');
    await expect(
      sandbox.plain(await ok('pull', `${registry.host}/team/churn:v2`, '-o', out)),
    ).toMatchFileSnapshot(golden('pull.golden.txt'));
    expect(await readFile(sandbox.path('out/churn.safetensors'))).toEqual(await readFile(model));
    expect((await readdir(out)).sort()).toEqual([
      'churn.safetensors',
      'model_metadata.omlmd.json',
      'model_metadata.omlmd.yaml',
    ]);
  });

  it('prints documents with the keys of the contract', async () => {
    const model = sandbox.path('m.safetensors');
    await writeSafetensors(model, [1]);
    const pushed = JSON.parse(await ok('push', 'local/m:v1,latest', model, '--format', 'json'));
    expect(Object.keys(pushed)).toEqual(
      expect.arrayContaining([
        'reference',
        'digest',
        'mediaType',
        'size',
        'manifestSize',
        'annotations',
        'tags',
        'files',
        'metadata',
      ]),
    );
    expect(pushed.tags).toEqual(['v1', 'latest']);
    expect(pushed.files.map((f: { title: string }) => f.title)).toEqual([
      'm.safetensors',
      'model_metadata.omlmd.json',
      'model_metadata.omlmd.yaml',
    ]);
    const again = JSON.parse(await ok('push', 'local/m:v1', model, '--format', 'json'));
    expect(again.digest).toBe(pushed.digest);
    expect(new Set(again.files.map((f: { state: string }) => f.state))).toEqual(new Set(['exists']));
    const pulled = JSON.parse(await ok('pull', 'local/m:v1', '-o', sandbox.path('out'), '--format', 'json'));
    expect(pulled.files[0]).toMatchObject({ title: 'm.safetensors', state: 'downloaded' });
    const report = JSON.parse(await ok('inspect', 'local/m:v1', '--format', 'json'));
    expect(report).toMatchObject({ format: 'omlmd', models: [{ title: 'm.safetensors', verified: false }] });
    expect(Object.keys(report.metadata)).toHaveLength(7);
  });

  it('pushes nothing on a dry run, and says what it would', async () => {
    const model = sandbox.path('m.safetensors');
    await writeSafetensors(model, [1]);
    expect(await ok('push', 'local/m:v1', model, '--dry-run')).toMatch(
      /^Would push local\/m:v1\n {2}sha256:/,
    );
    expect((await sandbox.run(['inspect', 'local/m:v1'])).status).toBe(3);
  });

  it('sends an unchanged artifact with one request a blob and three more (R29)', async () => {
    const model = sandbox.path('m.safetensors');
    await writeSafetensors(model, [1, 2]);
    await ok('push', `${registry.host}/m:v1`, model);
    const before = registry.requests.length;
    await ok('push', `${registry.host}/m:v1`, model);
    const second = registry.requests.slice(before);
    expect(second.length).toBeLessThanOrEqual(3 + 3 + 1); // three blobs; ping of a fresh process besides
    expect(second.some((r) => r.method === 'POST' || r.method === 'PATCH')).toBe(false);
  });
});

describe('upstream texts', () => {
  it('prints the config and a crawl as upstream does, byte for byte', async () => {
    const readme = sandbox.path('README.md');
    await writeFile(readme, '# hello\n');
    const metadata = sandbox.path('md.json');
    await writeFile(
      metadata,
      JSON.stringify({
        name: 'Model Example',
        author: 'John Doe',
        license: 'Apache-2.0',
        accuracy: 0.9777777777777777,
      }),
    );
    const ref = `${registry.host}/mmortari/mlartifact:v1`;
    await ok('push', ref, readme, '--metadata', metadata, '--plain-http');
    const config = await ok('get', 'config', ref, '--plain-http');
    expect(config.startsWith(`{"reference":"${ref}", "config": {\n    "name": "Model Example",`)).toBe(true);
    expect(config.endsWith('} }\n')).toBe(true);
    const manifest = JSON.parse(await ok('get', 'manifest', ref));
    expect(manifest.config.digest).toBe(
      'sha256:3a0f78f88e0fe9d9cad48f7d279a1911434183e484dab54e405dcdf75502b2bc',
    );
    expect(manifest.layers[2].digest).toBe(
      'sha256:09fcf26fa55e340ed3d374cf6677418c671934106003dd6267a96cb76e4e728e',
    );
    await ok('push', `${registry.host}/mmortari/mlartifact:v2`, readme, '--empty-metadata');
    const crawled = await ok('crawl', ref, `${registry.host}/mmortari/mlartifact:v2`);
    expect(crawled).toMatch(/^\[\{"reference":.*\} \}, \{"reference":/s);
    expect(JSON.parse(crawled)).toHaveLength(2);
  });

  it('crawls on past a reference that fails, tells of it and exits with 1', async () => {
    const readme = sandbox.path('README.md');
    await writeFile(readme, 'x');
    await ok('push', 'local/a:v1', readme, '--empty-metadata');
    const { status, stdout, stderr } = await sandbox.run(['crawl', 'local/a:v1', 'local/a:nope']);
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toHaveLength(1);
    expect(stderr).toContain('nope');
  });
});

describe('a folder', () => {
  it('becomes a layer a file, titled by its path, without what nobody means to publish', async () => {
    await mkdir(sandbox.path('net/sub/__pycache__'), { recursive: true });
    await writeSafetensors(sandbox.path('net/model.safetensors'), [1, 2]);
    await writeFile(sandbox.path('net/sub/config.json'), '{}');
    await writeFile(sandbox.path('net/sub/__pycache__/x.pyc'), '');
    await writeFile(sandbox.path('net/notes.tmp'), '');
    await writeFile(sandbox.path('net/.omlmdignore'), '*.tmp\n');
    const pushed = JSON.parse(await ok('push', 'local/net:v1', sandbox.path('net'), '--format', 'json'));
    const titles = pushed.files.map((f: { title: string }) => f.title);
    expect(titles).toEqual([
      'model.safetensors',
      'sub/config.json',
      'model_metadata.omlmd.json',
      'model_metadata.omlmd.yaml',
    ]);
    expect(pushed.leftOut).toBe(3);
    expect(pushed.metadata).toMatchObject({ name: 'net', customProperties: { file_count: 2 } });
    await ok('pull', 'local/net:v1', '-o', sandbox.path('back'));
    expect(await readFile(sandbox.path('back/sub/config.json'), 'utf8')).toBe('{}');
  });
});
