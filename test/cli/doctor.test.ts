import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, connect, createServer } from 'node:net';
import { dirname } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { freePort } from '../support/processes.ts';
import { answer, on, resetUpload, withHeaders } from '../support/registry/registry-faults.ts';
import {
  startTestRegistry,
  TEST_LOGIN,
  type TestRegistry,
  type TestRegistryOptions,
} from '../support/registry/test-registry.ts';
import { type CliSandbox, makeCliSandbox } from '../support/run-cli.ts';

let sandbox: CliSandbox;
let registries: TestRegistry[];
beforeEach(async () => {
  sandbox = await makeCliSandbox();
  registries = [];
});
afterEach(async () => {
  for (const registry of registries) await registry.stop();
  await sandbox.remove();
});

async function start(options?: TestRegistryOptions): Promise<TestRegistry> {
  const registry = await startTestRegistry(options);
  registries.push(registry);
  return registry;
}

interface Check {
  readonly check: string;
  readonly status: string;
  readonly message: string;
  readonly hint: string | null;
}

async function examine(args: readonly string[], env: Record<string, string> = {}, input = '') {
  const result = await sandbox.run(['doctor', ...args, '--format', 'json'], { env, input });
  const checks = JSON.parse(result.stdout) as Check[];
  const find = (name: string) => checks.find(({ check }) => check === name);
  // What is not right says what to do, and only that.
  for (const { status, hint } of checks) expect(hint === null).toBe(status === 'ok');
  return { ...result, checks, find, states: checks.map(({ check, status }) => `${check} ${status}`) };
}

const LOGIN = ['-u', TEST_LOGIN.username, '--password-stdin'];

describe('doctor HOST', () => {
  it('finds nothing wrong with a registry that has everything, and stores nothing in it', async () => {
    const registry = await start();
    const { status, states } = await examine([registry.host]);
    expect(states).toEqual([
      'dns ok',
      'tls ok',
      'api ok',
      'login ok',
      'push ok',
      'chunks ok',
      'referrers ok',
      'catalog ok',
    ]);
    expect(status).toBe(0);
    const [stored] = registry.memory.repositories.values();
    expect([stored?.blobs.size, stored?.manifests.size, stored?.uploads.size]).toEqual([0, 0, 0]);
    expect(registry.count('DELETE', '/blobs/uploads/')).toBe(1);
    expect([registry.count('PUT'), registry.count('PATCH')]).toEqual([0, 1]);
  });

  it('shows a line a check, with what to do below it', async () => {
    const registry = await start({ referrersApi: false });
    const { stdout } = await sandbox.run(['doctor', registry.host]);
    expect(stdout).toMatch(/^ok {7}dns {8}127\.0\.0\.1 is an address\n/);
    expect(stdout).toMatch(/\nwarning {2}referrers {2}no referrers API.*\n {20}→ Nothing has to be done/);
  });

  it('says which logins a registry takes, and who one is', async () => {
    const registry = await start({ auth: 'bearer' });
    const stranger = await examine([registry.host]);
    expect(stranger.find('api')?.message).toContain('bearer');
    expect(stranger.find('login')).toMatchObject({
      status: 'warning',
      hint: expect.stringContaining('omlmd login'),
    });
    expect(stranger.find('push')?.status).toBe('warning');
    expect(stranger.status).toBe(0);
    const known = await examine([registry.host, ...LOGIN], {}, TEST_LOGIN.password);
    expect(known.find('login')?.message).toBe(`logged in as "${TEST_LOGIN.username}"`);
    expect(known.find('push')?.status).toBe('ok');
  });

  it('finds a login that is not taken', async () => {
    const registry = await start({ auth: 'basic' });
    const { status, find, stdout, stderr } = await examine([registry.host, ...LOGIN], {}, 'wrong password');
    expect(find('login')?.status).toBe('failure');
    expect(status).toBe(1);
    expect(stdout + stderr).not.toContain('wrong password');
  });

  it('takes a refusal seriously where the person said in which repository', async () => {
    const registry = await start();
    registry.faults.add(on('POST', '/v2/team/churn/'), answer(403, {}, 'DENIED'));
    expect((await examine([registry.host])).find('push')?.status).toBe('ok');
    for (const args of [[registry.host, '--repository', 'team/churn'], [`${registry.host}/team/churn`]]) {
      const { status, find } = await examine(args);
      expect(find('push')).toMatchObject({
        status: 'failure',
        message: expect.stringContaining('team/churn'),
      });
      expect(status).toBe(1);
    }
  });

  it('tells how large chunks have to be, and when they cannot be so large', async () => {
    const large = await start({ minimumChunk: 8_000_000 });
    const some = await examine([large.host]);
    expect(some.find('chunks')).toMatchObject({ status: 'ok', message: expect.stringContaining('8.0 MB') });
    expect(large.count('PATCH')).toBe(0);
    const most = await examine([(await start({ minimumChunk: 1e9 })).host]);
    expect(most.find('chunks')?.status).toBe('failure');
  });

  it('tries how large chunks may be, and claims no more than it has tried', async () => {
    const { find } = await examine([(await start()).host]);
    expect(find('chunks')).toMatchObject({
      status: 'ok',
      message: 'a little over 4.2 MB are taken at once; more was not tried',
    });
  });

  const MEBIBYTE = 1024 * 1024;
  const ghcr = answer(416, {}, 'BLOB_UPLOAD_INVALID', 'chunk exceeds the maximum of 4194304 bytes');
  it.each([
    ['GHCR takes no byte more than 4 MiB', 4 * MEBIBYTE, ghcr, 'ok', 'no more is sent'],
    ['a proxy takes 1 MiB', MEBIBYTE, answer(413), 'warning', 'halved, down to 1.0 MB'],
    ['a registry takes no chunks', 0, answer(405, {}, 'UNSUPPORTED'), 'warning', 'in one request'],
    ['a proxy hangs up on long bodies', 3 * MEBIBYTE, resetUpload(2 * MEBIBYTE), 'warning', 'not taken'],
  ] as const)('says what is done where %s', async (_what, most, refuse, status, words) => {
    const registry = await start();
    registry.faults.add((call) => on('PATCH')(call) && Number(call.headers['content-length']) > most, refuse);
    const { find } = await examine([registry.host]);
    expect(find('chunks')).toMatchObject({ status, message: expect.stringContaining(words) });
    expect(registry.count('PATCH')).toBe(most === 0 ? 1 : 2);
    const [stored] = registry.memory.repositories.values();
    expect([stored?.blobs.size, stored?.uploads.size]).toEqual([0, 0]);
  });

  it('says that an upload was left when the registry does not let go of it', async () => {
    const registry = await start();
    registry.faults.add(on('DELETE'), answer(405));
    expect((await examine([registry.host])).find('push')).toMatchObject({
      status: 'ok',
      message: expect.stringContaining('left for the registry to forget'),
    });
  });

  it('tells what is not there from what cannot be told', async () => {
    const none = await start({ referrersApi: false });
    none.faults.add(on('GET', '/_catalog'), answer(404));
    const { status, find } = await examine([none.host]);
    expect(find('referrers')).toMatchObject({
      status: 'warning',
      message: expect.stringContaining('sha256-'),
    });
    expect(find('catalog')?.status).toBe('warning');
    expect(status).toBe(0);
    const page = await start();
    page.faults.add(on('GET', '/referrers/'), withHeaders({ 'content-type': 'text/html' }));
    expect((await examine([page.host])).find('referrers')?.message).toContain('no referrers API');
    const unknown = await start();
    unknown.faults.add(on('GET', '/referrers/'), answer(404, {}, 'NAME_UNKNOWN'));
    expect((await examine([unknown.host])).find('referrers')?.message).toContain('cannot be told');
  });

  it('names the certificate that is not trusted, and asks nothing over it', async () => {
    const registry = await start({ tls: true });
    const { status, states, find } = await examine([registry.host]);
    expect(states).toEqual(['dns ok', 'tls failure', 'certificate ok']);
    expect(find('tls')).toMatchObject({
      message: expect.stringContaining('"test registry, trusted by no one"'),
      hint: expect.stringContaining('--ca-file'),
    });
    expect(status).toBe(1);
    expect(registry.requests).toEqual([]);
    const cert = new URL('../support/registry/tls/cert.pem', import.meta.url).pathname;
    const trusted = await examine([registry.host, '--ca-file', cert]);
    expect(trusted.find('tls')?.status).toBe('ok');
    expect(trusted.find('push')?.status).toBe('ok');
    expect((await examine([registry.host, '--insecure'])).find('tls')?.status).toBe('warning');
  });

  it('ends where nothing answers, or something else does', async () => {
    const host = `127.0.0.1:${await freePort()}`;
    expect(await examine([host])).toMatchObject({ status: 1, states: ['dns ok', 'tls failure'] });
    expect((await examine(['no-such-host.invalid'])).states[0]).toBe('dns failure');
    const web = await start();
    web.faults.add(on('GET', '/v2/'), answer(404));
    expect(await examine([web.host])).toMatchObject({
      status: 1,
      states: ['dns ok', 'tls ok', 'api failure'],
    });
  });

  it('does not wait for a server that says nothing', async () => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    try {
      const address = silent.address();
      const port = address !== null && typeof address === 'object' ? address.port : 0;
      const { status, find } = await examine([`127.0.0.1:${port}`, '--timeout', '1']);
      expect(status).toBe(1);
      expect(find('api')?.message).toContain('no byte');
    } finally {
      silent.close();
    }
  }, 20_000);

  it.each([
    ['2126-10-01', 'ok'],
    ['2126-10-25', 'warning'],
    ['2126-11-05', 'failure'],
  ])('looks at how long a certificate is valid: on %s it is %s', async (now, status) => {
    const registry = await start({ tls: true });
    vi.useFakeTimers({ toFake: ['Date'], now: new Date(now) });
    try {
      expect((await examine([registry.host])).find('certificate')?.status).toBe(status);
    } finally {
      vi.useRealTimers();
    }
  });

  it('looks through a proxy, at a name that only the proxy knows', async () => {
    const registry = await start({ tls: true });
    const [host = '', port] = registry.host.split(':');
    const proxy = createHttpServer().on('connect', (_request, socket) => {
      const tunnel = connect(Number(port), host, () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        tunnel.pipe(socket).pipe(tunnel);
      });
      for (const end of [socket, tunnel]) end.on('error', () => tunnel.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    try {
      const env = { https_proxy: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` }; // listening on TCP
      const strict = await examine(['registry.invalid'], env);
      expect(strict.states).toEqual(['dns warning', 'tls failure', 'certificate ok']);
      expect(registry.requests).toEqual([]);
      const { states } = await examine(['registry.invalid', '--insecure'], env);
      expect(states).toContain('push ok');
    } finally {
      proxy.close();
      proxy.closeAllConnections();
    }
  });

  it('refuses what is no host before anything is asked', async () => {
    for (const args of [['local/m'], ['not a host'], ['--repository', 'm']])
      expect((await sandbox.run(['doctor', ...args])).status).toBe(2);
    const registry = await start();
    expect((await sandbox.run(['doctor', registry.host, '--repository', 'UPPER'])).status).toBe(2);
    expect(registry.requests).toEqual([]);
  });
});

describe('doctor', () => {
  const docker = () => sandbox.path('docker/config.json');

  async function write(path: string, document: unknown, mode = 0o600): Promise<void> {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, typeof document === 'string' ? document : JSON.stringify(document), { mode });
  }

  it('finds nothing wrong with a new machine, and makes nothing on it', async () => {
    const { status, states, find } = await examine([]);
    expect(states).toEqual(['node ok', 'home ok', 'store ok', 'logins ok', 'proxy ok']);
    expect(find('home')?.message).toContain('which the first push makes');
    expect(status).toBe(0);
  });

  it('finds a data folder that cannot be written, and an index that cannot be read', async () => {
    await write(sandbox.path('file'), 'not a folder');
    const env = { OMLMD_HOME: sandbox.path('file/home') };
    expect((await examine([], env)).find('home')?.status).toBe('failure');
    await write(sandbox.path('m.bin'), 'weights');
    await sandbox.run(['push', 'local/m:v1', sandbox.path('m.bin'), '--empty-metadata']);
    expect((await examine([])).find('store')?.message).toContain('1 repository');
    await writeFile(`${sandbox.home}/store/m/index.json`, '{');
    const { status, find } = await examine([]);
    expect(find('store')).toMatchObject({ status: 'failure', message: expect.stringContaining('"m"') });
    expect(status).toBe(1);
  });

  it('names files of logins and helpers, and no secret', async () => {
    const auth = Buffer.from('ada:correct horse').toString('base64');
    await write(docker(), {
      auths: { 'ghcr.io': { auth } },
      credHelpers: { 'r.example': 'here', x: 'gone' },
    });
    await write(sandbox.path('bin/docker-credential-here'), '#!/bin/sh\n');
    await chmod(sandbox.path('bin/docker-credential-here'), 0o755);
    const { status, checks, stdout } = await examine([], { PATH: sandbox.path('bin') });
    expect(checks.filter(({ check }) => check === 'logins')).toMatchObject([
      { status: 'ok', message: `${docker()}: 1 registry, helpers "here", "gone"` },
    ]);
    expect(checks.filter(({ check }) => check === 'helper').map(({ status: state }) => state)).toEqual([
      'ok',
      'failure',
    ]);
    expect(status).toBe(1);
    expect(stdout).not.toContain(auth);
    expect(stdout).not.toContain('correct horse');
  });

  it('warns of a file of logins that others can read, and fails at one that is not JSON', async () => {
    await write(docker(), { auths: { 'ghcr.io': { auth: 'YTpi' } } });
    await chmod(docker(), 0o644);
    expect((await examine([])).find('logins')?.status).toBe('warning');
    await write(docker(), '{"auths": secret');
    const { find, stdout } = await examine([]);
    expect(find('logins')?.status).toBe('failure');
    expect(stdout).not.toContain('secret');
  });

  it('warns of half a login in the environment', async () => {
    const half = await examine([], { OMLMD_USERNAME: 'ada', OMLMD_PASSWORD: 'hunter2' });
    expect(half.find('logins')?.status).toBe('warning');
    const whole = await examine([], {
      OMLMD_USERNAME: 'ada',
      OMLMD_PASSWORD: 'hunter2',
      OMLMD_REGISTRY: 'r.example',
    });
    expect(whole.find('logins')).toMatchObject({
      status: 'ok',
      message: expect.stringContaining('r.example'),
    });
    expect(half.stdout + whole.stdout).not.toContain('hunter2');
  });

  it('shows proxies without their logins', async () => {
    const { find, stdout } = await examine([], { https_proxy: 'http://ada:hunter2@proxy.example:3128' });
    expect(find('proxy')?.message).toContain('proxy.example:3128');
    expect(stdout).not.toContain('hunter2');
  });
});
