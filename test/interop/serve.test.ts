import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runOk, spawnGroup, stopGroup } from '../support/processes.ts';
import { Omlmd } from './support/omlmd.ts';
import { onPath } from './support/on-path.ts';

const MODEL = 'weights\n'.repeat(200_000);

let omlmd: Omlmd;
let host: string;
let stop: () => Promise<void>;
let manifest: string;

beforeAll(async () => {
  omlmd = new Omlmd();
  const child = spawnGroup('omlmd', ['serve', '--port', '0'], {
    env: omlmd.env(),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  stop = () => stopGroup(child);
  if (child.stdout === null) throw new Error('omlmd serve has no output');
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  host = new URL(JSON.parse(String(line)).url).host;
  omlmd.write('model.bin', MODEL);
  await omlmd.text(['push', 'local/team/churn:v1', 'model.bin', '--set', 'name=churn']);
  manifest = await omlmd.text(['get', 'manifest', 'local/team/churn:v1']);
});
afterAll(async () => {
  await stop();
  omlmd.remove();
});

const read = (...parts: string[]) => readFileSync(path.join(omlmd.work, ...parts), 'utf8');
const run = async (file: string, ...args: string[]) =>
  (await runOk(file, args, { cwd: omlmd.work, env: omlmd.env() })).stdout;

describe('omlmd with omlmd serve', () => {
  it('copies, pulls and attaches, and the local store has it', async () => {
    await omlmd.text(['cp', `${host}/team/churn:v1`, `${host}/team/copy:v1`]);
    expect(await omlmd.text(['get', 'manifest', 'local/team/copy:v1'])).toBe(manifest);
    await omlmd.text(['pull', `${host}/team/copy:v1`, '-o', 'by-omlmd']);
    expect(read('by-omlmd', 'model.bin')).toBe(MODEL);
    omlmd.write('note.txt', 'note');
    await omlmd.text(['attach', `${host}/team/copy:v1`, 'note.txt', '--artifact-type', 'text/note']);
    const { referrers } = await omlmd.json(['discover', 'local/team/copy:v1']);
    expect(referrers).toMatchObject([{ artifactType: 'text/note' }]);
    const checks = await omlmd.text(['doctor', `${host}/team/copy`, '--format', 'json']);
    expect(JSON.parse(checks).map(({ status }: { status: string }) => status)).not.toContain('failure');
  });
});

// The Go programs are not on npm, PyPI or in Debian.
describe.runIf(onPath('oras'))('oras with omlmd serve', () => {
  it('pulls what is in the local store', async () => {
    await run('oras', 'pull', '--plain-http', '-o', 'by-oras', `${host}/team/churn:v1`);
    expect(read('by-oras', 'model.bin')).toBe(MODEL);
  });

  it('pushes, attaches, discovers, lists, copies and deletes', async () => {
    const own = `${host}/team/by-oras`;
    omlmd.write('signature.txt', 'signed');
    await run('oras', 'push', '--plain-http', `${own}:v1,latest`, 'model.bin:application/x-mlmodel');
    const attach = ['attach', '--plain-http', '--artifact-type', 'text/signature', `${own}:v1`];
    await run('oras', ...attach, 'signature.txt');
    const found = await run('oras', 'discover', '--plain-http', '--format', 'json', `${own}:v1`);
    expect(found).toContain('text/signature');
    expect((await run('oras', 'repo', 'tags', '--plain-http', own)).trim().split('\n')).toEqual([
      'latest',
      'v1',
    ]);
    expect((await run('oras', 'repo', 'ls', '--plain-http', host)).split('\n')).toContain('team/by-oras');
    const copied = `${host}/team/by-oras-copy`;
    await run('oras', 'cp', '-r', '--from-plain-http', '--to-plain-http', `${own}:v1`, `${copied}:v1`);
    expect(await run('oras', 'discover', '--plain-http', `${copied}:v1`)).toContain('text/signature');
    await omlmd.text(['pull', 'local/team/by-oras-copy:v1', '-o', 'from-oras']);
    expect(read('from-oras', 'model.bin')).toBe(MODEL);
    await run('oras', 'manifest', 'delete', '--plain-http', '-f', `${copied}:v1`);
    expect((await omlmd.run(['inspect', 'local/team/by-oras-copy:v1'])).status).toBe(3);
  });
});

describe.runIf(onPath('skopeo'))('skopeo with omlmd serve', () => {
  const skopeo = (...args: string[]) => run('skopeo', '--insecure-policy', ...args);
  const at = (name: string) => `docker://${host}/${name}`;

  it('copies out of it, into it and within it, every byte as it was', async () => {
    await skopeo('copy', '--src-tls-verify=false', at('team/churn:v1'), 'dir:by-skopeo');
    expect(read('by-skopeo', 'manifest.json')).toBe(manifest);
    expect(readdirSync(path.join(omlmd.work, 'by-skopeo')).length).toBeGreaterThan(3);
    await skopeo('copy', '--dest-tls-verify=false', 'dir:by-skopeo', at('team/by-skopeo:v1'));
    const both = ['--src-tls-verify=false', '--dest-tls-verify=false'];
    await skopeo('copy', ...both, at('team/by-skopeo:v1'), at('team/by-skopeo-copy:v1'));
    for (const name of ['by-skopeo', 'by-skopeo-copy'])
      expect(await omlmd.text(['get', 'manifest', `local/team/${name}:v1`])).toBe(manifest);
    expect(await skopeo('inspect', '--tls-verify=false', '--raw', at('team/by-skopeo:v1'))).toBe(manifest);
    const tags = JSON.parse(await skopeo('list-tags', '--tls-verify=false', at('team/by-skopeo')));
    expect(tags.Tags).toEqual(['v1']);
    await skopeo('delete', '--tls-verify=false', at('team/by-skopeo-copy:v1'));
    expect((await omlmd.run(['inspect', 'local/team/by-skopeo-copy:v1'])).status).toBe(3);
  });
});

describe.runIf(onPath('regctl'))('regctl with omlmd serve', () => {
  it('copies with referrers and compares', async () => {
    await run('regctl', 'registry', 'set', '--tls', 'disabled', host);
    const [from, to] = [`${host}/team/churn:v1`, `${host}/team/by-regctl:v1`];
    await run('regctl', 'image', 'copy', '--referrers', from, to);
    expect(await run('regctl', 'manifest', 'get', '--format', 'raw-body', to)).toBe(manifest);
    expect(await run('regctl', 'tag', 'ls', `${host}/team/by-regctl`)).toBe('v1\n');
    await run('regctl', 'tag', 'rm', to);
    expect(await run('regctl', 'tag', 'ls', `${host}/team/by-regctl`)).toBe('');
  });
});

describe('the local store behind omlmd serve', () => {
  it('is whole after all that', async () => {
    expect((await omlmd.run(['store', 'verify'])).status).toBe(0);
  });
});
