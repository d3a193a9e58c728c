import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runOk } from '../support/processes.ts';
import { type DockerRegistry, startDockerRegistry } from './support/docker-registry.ts';
import { Omlmd } from './support/omlmd.ts';
import { onPath } from './support/on-path.ts';
import { pythonEnvironment } from './support/python-environment.ts';

const MODEL = 'weights\n';

let registry: DockerRegistry;
let omlmd: Omlmd;

beforeAll(async () => {
  registry = await startDockerRegistry();
  omlmd = new Omlmd();
  omlmd.write('model.bin', MODEL);
  await omlmd.text(['push', ours(), 'model.bin', '--set', 'name=churn']);
  await omlmd.text(['push', 'local/churn:v1', 'model.bin', '--set', 'name=churn']);
});
afterAll(async () => {
  omlmd.remove();
  await registry.stop();
});

const ours = () => `${registry.host}/team/churn:v1`;
const read = (...parts: string[]) => readFileSync(path.join(omlmd.work, ...parts), 'utf8');

/** Every file and folder below one, sorted: kind, right to execute, content. */
function tree(...parts: string[]): Record<string, string> {
  const root = path.join(omlmd.work, ...parts);
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' }).sort();
  return Object.fromEntries(names.map((name) => [name, describeFile(path.join(root, name))]));
}

function describeFile(file: string): string {
  const stat = statSync(file);
  if (stat.isDirectory()) return 'folder';
  return `${stat.mode & 0o111 ? 'executable' : 'plain'} ${readFileSync(file, 'base64')}`;
}

const run = (file: string, args: readonly string[]) =>
  runOk(file, args, { cwd: omlmd.work, env: omlmd.env() });

// The Go program is not on npm, PyPI or in Debian: where it is missing, its Python namesake below stands alone.
describe.runIf(onPath('oras'))('the oras program', () => {
  it('pulls what we pushed', async () => {
    await run('oras', ['pull', '--plain-http', '-o', 'by-oras', ours()]);
    expect(read('by-oras', 'model.bin')).toBe(MODEL);
    expect(JSON.parse(read('by-oras', 'model_metadata.omlmd.json'))).toMatchObject({ name: 'churn' });
  });

  it('fetches the manifest that we say is there, from the registry and from the local store', async () => {
    const manifest = await omlmd.text(['get', 'manifest', ours()]);
    const remote = await run('oras', ['manifest', 'fetch', '--plain-http', ours()]);
    expect(remote.stdout).toBe(manifest);
    const layout = `${path.join(omlmd.home, 'store', 'churn')}:v1`;
    const local = await run('oras', ['manifest', 'fetch', '--oci-layout', layout]);
    expect(local.stdout).toBe(manifest);
  });

  it('pushes what we pull and inspect', async () => {
    const theirs = `${registry.host}/team/by-oras:v1`;
    const type = 'application/vnd.example.model';
    await run('oras', ['push', '--plain-http', '--artifact-type', type, theirs, 'model.bin:text/plain']);
    expect(await omlmd.json(['inspect', theirs])).toMatchObject({ format: 'oras', artifactType: type });
    await omlmd.text(['pull', theirs, '-o', 'from-oras']);
    expect(read('from-oras', 'model.bin')).toBe(MODEL);
  });

  it('pushes a folder that we unpack into the tree that it unpacks itself', async () => {
    omlmd.write('folder/a.txt', 'a\n');
    omlmd.write('folder/deep/b.txt', 'b\n');
    omlmd.write(`folder/${'long/'.repeat(30)}é-模型.bin`, Buffer.alloc(300_000, 'x'));
    chmodSync(omlmd.write('folder/deep/run.sh', '#!/bin/sh\n'), 0o755);
    mkdirSync(path.join(omlmd.work, 'folder', 'empty'));
    const theirs = `${registry.host}/team/folder:v1`;
    await run('oras', ['push', '--plain-http', theirs, 'folder', 'model.bin:text/plain']);
    const pulled = await omlmd.json(['pull', theirs, '-o', 'unpacked']);
    expect(pulled).toMatchObject({
      files: [
        { path: path.join('unpacked', 'folder'), title: 'folder', state: 'unpacked' },
        { path: path.join('unpacked', 'model.bin'), title: 'model.bin', state: 'downloaded' },
      ],
    });
    expect(tree('unpacked', 'folder')).toEqual(tree('folder'));
    await run('oras', ['pull', '--plain-http', '-o', 'unpacked-by-oras', theirs]);
    expect(tree('unpacked')).toEqual(tree('unpacked-by-oras'));

    await omlmd.text(['pull', theirs, '-o', 'kept', '--no-unpack']);
    expect(
      readFileSync(path.join(omlmd.work, 'kept', 'folder'))
        .subarray(0, 2)
        .toString('hex'),
    ).toBe('1f8b');
    expect(Object.keys(tree('kept'))).toEqual(['folder', 'model.bin']);
  });

  it('pushes the folder that it is in, which we unpack where we are told', async () => {
    omlmd.write('here/a.txt', 'a\n');
    omlmd.write('here/deep/b.txt', 'b\n');
    const theirs = `${registry.host}/team/here:v1`;
    const cwd = path.join(omlmd.work, 'here');
    await runOk('oras', ['push', '--plain-http', theirs, '.'], { cwd, env: omlmd.env() });
    await omlmd.text(['pull', theirs, '-o', 'from-here']);
    expect(tree('from-here')).toEqual(tree('here'));
  });

  it('copies from our local store into a registry', async () => {
    const layout = `${path.join(omlmd.home, 'store', 'churn')}:v1`;
    const copied = `${registry.host}/team/copied:v1`;
    await run('oras', ['cp', '--from-oci-layout', layout, '--to-plain-http', copied]);
    expect(await omlmd.text(['get', 'manifest', copied])).toBe(
      await omlmd.text(['get', 'manifest', 'local/churn:v1']),
    );
  });
});

describe("PyPI's oras", () => {
  it('pulls what we pushed', async () => {
    const bin = await pythonEnvironment('oras-0.2.43', ['oras==0.2.43']);
    mkdirSync(path.join(omlmd.work, 'by-oras-py'));
    const program = [
      'import sys, oras.client',
      'oras.client.OrasClient(insecure=True).pull(target=sys.argv[1], outdir=sys.argv[2])',
    ];
    await run(path.join(bin, 'python'), ['-c', program.join('\n'), ours(), 'by-oras-py']);
    expect(read('by-oras-py', 'model.bin')).toBe(MODEL);
  });
});
