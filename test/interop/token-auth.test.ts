import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCuttingProxy } from '../support/cutting-proxy.ts';
import { runOk, spawnGroup, stopGroup, waitUntil } from '../support/processes.ts';
import { testCertificate } from '../support/registry/test-registry.ts';
import { type DockerRegistry, startDockerRegistry } from './support/docker-registry.ts';
import { Omlmd } from './support/omlmd.ts';
import { onPath } from './support/on-path.ts';
import { startTokenServer, type TokenServer } from './support/token-server.ts';

const LOGIN = { username: 'ada', password: 'correct horse' };
const MIB = 1024 * 1024;
const MODEL = randomBytes(20 * MIB);
/** Enough for several connections. */
const LARGE_BYTES = 80 * MIB;

let folder: string;
let tokens: TokenServer;
let registry: DockerRegistry;
let omlmd: Omlmd;
let ca: string;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'omlmd-tokens-'));
  tokens = await startTokenServer(folder, LOGIN);
  registry = await startDockerRegistry({ tokens });
  omlmd = new Omlmd();
  ca = omlmd.write('ca.pem', testCertificate().cert);
  omlmd.write('model.bin', MODEL);
  const { username, password } = LOGIN;
  await omlmd.text(['login', registry.host, ...tls(), '-u', username, '--password-stdin'], {
    input: password,
  });
});
afterAll(async () => {
  await registry?.stop();
  await tokens?.stop();
  omlmd?.remove();
  rmSync(folder, { recursive: true, force: true });
});

const tls = () => ['--ca-file', ca];
const at = (name: string, host = registry.host) => `${host}/${name}`;
const push = (name: string, host = registry.host) =>
  omlmd.json(['push', at(name, host), 'model.bin', '--set', `name=${name}`, ...tls()]);
const pulled = async (name: string, host = registry.host) => {
  const out = mkdtempSync(path.join(omlmd.folder, 'out-'));
  await omlmd.text(['pull', at(name, host), '-o', out, ...tls()]);
  return readFileSync(path.join(out, 'model.bin'));
};

/** For what goes through a proxy: docker's file has the login of the registry's own address only. */
async function logInAt(host: string): Promise<void> {
  const { username, password } = LOGIN;
  await omlmd.text(['login', host, ...tls(), '-u', username, '--password-stdin'], { input: password });
}

describe('CNCF distribution with TLS and tokens', () => {
  it('takes a push, and gives the same bytes back; a pull asks for no more than to pull', async () => {
    await push('team/iris:v1');
    const before = tokens.asked.length;
    expect(MODEL.equals(await pulled('team/iris:v1'))).toBe(true);
    expect(new Set(tokens.asked.slice(before).flat())).toEqual(new Set(['repository:team/iris:pull']));
  });

  it('gives nothing to strangers, nor to a client that does not trust its certificate', async () => {
    const stranger = new Omlmd();
    try {
      expect((await stranger.run(['inspect', at('team/iris:v1'), ...tls()])).status).toBe(4);
      const distrusting = await omlmd.run(['inspect', at('team/iris:v1'), '--retries', '0']);
      expect(distrusting.status).toBe(5);
      expect(distrusting.stderr).toMatch(/certificate/i);
    } finally {
      stranger.remove();
    }
  });

  it('attaches, discovers, lists, copies with referrers between its repositories, and removes', async () => {
    omlmd.write('note.txt', 'note');
    const { digest } = await omlmd.json([
      ...['attach', at('team/iris:v1'), 'note.txt', '--artifact-type', 'text/note', ...tls()],
    ]);
    await omlmd.text(['cp', '-r', at('team/iris:v1'), at('team/copy:v2'), ...tls()]);
    const { referrers } = await omlmd.json(['discover', at('team/copy:v2'), ...tls()]);
    expect(referrers).toMatchObject([{ digest, artifactType: 'text/note' }]);
    expect(await omlmd.text(['ls', at('team/copy'), ...tls()])).toBe('v2\n');
    expect(await omlmd.text(['ls', registry.host, ...tls()])).toMatch(/team\/copy[\s\S]*team\/iris/);
    await omlmd.text(['cp', '-r', at('team/copy:v2'), 'local/team/home:v2', ...tls()]);
    expect((await omlmd.json(['discover', 'local/team/home:v2'])).referrers).toMatchObject([{ digest }]);
    await omlmd.text(['rm', '--yes', at('team/copy:v2'), ...tls()]);
    expect((await omlmd.run(['inspect', at('team/copy:v2'), ...tls()])).status).toBe(3);
    expect(MODEL.equals(await pulled('team/iris:v1'))).toBe(true);
  });

  it('moves a tag only where it is absent, when it is asked to', async () => {
    const again = ['push', at('team/iris:v1'), 'note.txt', '--empty-metadata', '--tag-if-absent', ...tls()];
    expect((await omlmd.run(again)).status).toBe(8);
    expect(MODEL.equals(await pulled('team/iris:v1'))).toBe(true);
  });

  it('gets a new token when the old one runs out in the middle of a push, and little again (R17)', async () => {
    const proxy = await startCuttingProxy(registry.host, { bytesPerSecond: 5_000_000 });
    try {
      await logInAt(proxy.host);
      const before = tokens.asked.length;
      const there = proxy.there();
      tokens.giveShort(2);
      await push('team/short:v1', proxy.host);
      expect(tokens.asked.length - before).toBeGreaterThan(2);
      expect(proxy.there() - there).toBeLessThan(1.5 * MODEL.length);
      expect(MODEL.equals(await pulled('team/short:v1'))).toBe(true);
    } finally {
      await proxy.stop();
    }
  });

  it('finds nothing wrong with it but what it lacks', async () => {
    const checks = await omlmd.text(['doctor', at('team/iris'), '--format', 'json', ...tls()]);
    expect(JSON.parse(checks).map(({ status }: { status: string }) => status)).not.toContain('failure');
  });

  it('gets whole what went through connections that are cut after 3 MB', async () => {
    const proxy = await startCuttingProxy(registry.host, { cutAfter: 3 * MIB });
    try {
      await logInAt(proxy.host);
      await push('team/cut:v1', proxy.host);
      expect(MODEL.equals(await pulled('team/cut:v1', proxy.host))).toBe(true);
      expect(proxy.cuts()).toBeGreaterThan(5);
      expect(proxy.there()).toBeLessThan(2 * MODEL.length);
    } finally {
      await proxy.stop();
    }
  });

  it('takes the upload of a process that was killed from the next one, with a new token', async () => {
    const proxy = await startCuttingProxy(registry.host, { bytesPerSecond: 20_000_000 });
    try {
      await logInAt(proxy.host);
      const command = ['push', at('team/killed:v1', proxy.host), 'model.bin', '--empty-metadata', ...tls()];
      const child = spawnGroup('omlmd', [...command], { cwd: omlmd.work, env: omlmd.env(), stdio: 'ignore' });
      await waitUntil('half of the upload', async () => proxy.there() > MODEL.length / 2, { child });
      child.kill('SIGKILL');
      await stopGroup(child);
      const before = proxy.there();
      await omlmd.text(command);
      // This registry forgets an upload when a chunk of it has broken off: it may have to begin anew, once.
      expect(proxy.there() - before).toBeLessThan(1.25 * MODEL.length);
      expect(readdirSync(path.join(omlmd.home, 'uploads'))).toEqual([]);
      expect(MODEL.equals(await pulled('team/killed:v1'))).toBe(true);
    } finally {
      await proxy.stop();
    }
  });

  it('gives the rest of a pull that was killed to the next one', async () => {
    const proxy = await startCuttingProxy(registry.host, { bytesPerSecond: 10_000_000 });
    try {
      await logInAt(proxy.host);
      const out = path.join(omlmd.folder, 'killed');
      const command = ['pull', at('team/iris:v1', proxy.host), '-o', out, ...tls()];
      const child = spawnGroup('omlmd', command, { cwd: omlmd.work, env: omlmd.env(), stdio: 'ignore' });
      const start = proxy.back();
      await waitUntil('half of the download', async () => proxy.back() - start > MODEL.length / 2, { child });
      child.kill('SIGKILL');
      await stopGroup(child);
      expect(readdirSync(out).filter((name) => !name.startsWith('.omlmd-'))).toEqual([]);
      const before = proxy.back();
      await omlmd.text(command);
      expect(proxy.back() - before).toBeLessThan(0.75 * MODEL.length);
      expect(readdirSync(out)).not.toContainEqual(expect.stringMatching(/^\.omlmd-/));
      expect(MODEL.equals(readFileSync(path.join(out, 'model.bin')))).toBe(true);
    } finally {
      await proxy.stop();
    }
  });

  it('gives a large blob over several connections, each of which is reset', async () => {
    const large = randomBytes(LARGE_BYTES);
    omlmd.write('large/model.bin', large);
    await omlmd.text(['push', at('team/large:v1'), 'large/model.bin', '--empty-metadata', ...tls()]);
    const proxy = await startCuttingProxy(registry.host, { cutAfter: 5 * MIB, bytesPerSecond: 10_000_000 });
    try {
      await logInAt(proxy.host);
      expect(large.equals(await pulled('team/large:v1', proxy.host))).toBe(true);
      expect(proxy.peak()).toBeGreaterThan(2);
      expect(proxy.cuts()).toBeGreaterThan(10);
      expect(proxy.back()).toBeLessThan(1.25 * LARGE_BYTES);
    } finally {
      await proxy.stop();
    }
  });

  it('shows and keeps no secret and no token', async () => {
    const { username, password } = LOGIN;
    const basic = Buffer.from(`${username}:${password}`).toString('base64');
    const { stdout, stderr } = await omlmd.run(['inspect', at('team/iris:v1'), ...tls(), '--debug']);
    for (const secret of [password, basic, 'eyJ'])
      expect(`${stdout}${stderr}`.includes(secret), secret).toBe(false);
  });
});

// The Go programs are not on npm, PyPI or in Debian.
describe.runIf(onPath('oras'))('oras at the same registry', () => {
  it('pulls what was pushed', async () => {
    const { username, password } = LOGIN;
    const login = ['-u', username, '--password-stdin', '--ca-file', ca];
    const out = path.join(omlmd.folder, 'by-oras');
    await runOk('oras', ['pull', ...login, '-o', out, at('team/iris:v1')], {
      input: password,
      env: omlmd.env(),
    });
    expect(MODEL.equals(readFileSync(path.join(out, 'model.bin')))).toBe(true);
  });
});
