import { writeFile } from 'node:fs/promises';
import net from 'node:net';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from '../../src/cli/run.ts';
import { ask } from '../core/server/http-client.ts';
import { freePort, waitUntil } from '../support/processes.ts';
import { testCertificate } from '../support/registry/test-registry.ts';
import { type CliSandbox, makeCliSandbox } from '../support/run-cli.ts';

let sandbox: CliSandbox;
let stops: (() => Promise<unknown>)[];
beforeEach(async () => {
  sandbox = await makeCliSandbox();
  stops = [];
  await writeFile(sandbox.path('model.bin'), 'weights');
});
afterEach(async () => {
  for (const stop of stops) await stop();
  await sandbox.remove();
});

interface Serving {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  readonly url: string;
  /** Interrupts it, and tells how it ended and all that it printed. */
  stop(): Promise<{ readonly status: number; readonly stdout: string }>;
}

/** Runs `omlmd serve` in this process until it is stopped. */
async function serve(args: readonly string[] = [], input = ''): Promise<Serving> {
  const controller = new AbortController();
  const stdin = new PassThrough();
  stdin.end(input);
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  let printed = '';
  stdout.on('data', (chunk) => {
    printed += chunk;
  });
  let told = '';
  stderr.on('data', (chunk) => {
    told += chunk;
  });
  const env = { OMLMD_HOME: sandbox.home, HOME: sandbox.folder };
  let status: number | undefined;
  const done = run(['serve', '--port', '0', ...args], { stdin, stdout, stderr, env }, controller.signal);
  void done.then((ended) => {
    status = ended;
  });
  await waitUntil('the address', async () => printed.includes('\n') || status !== undefined, {
    milliseconds: 10_000,
  });
  if (status !== undefined) throw new Error(`serve ended with ${status}: ${told}`);
  const { url } = JSON.parse(printed.split('\n', 1)[0] ?? '');
  const stop = async () => {
    controller.abort();
    return { status: await done, stdout: printed };
  };
  stops.push(stop);
  return { host: new URL(url).host, url, stop };
}

describe('serve', () => {
  it.each([[[]], [['--format', 'json']], [['--progress', 'jsonl']], [['--debug']]])(
    'prints its address as the first and only line of stdout, with %j, and ends with 0',
    async (args) => {
      const { host, url, stop } = await serve(args);
      expect(url).toMatch(/^http:\/\/127\.0\.0\.1:[0-9]+$/);
      expect((await ask(host, 'GET', '/v2/')).status).toBe(200);
      const { status, stdout } = await stop();
      expect([status, stdout]).toEqual([0, `{"url":"${url}"}\n`]);
      await expect(ask(host, 'GET', '/v2/')).rejects.toThrow('ECONNREFUSED');
    },
  );

  it('has the artifacts of the local store, and puts there what is pushed to it', async () => {
    await sandbox.run(['push', 'local/m:v1', sandbox.path('model.bin'), '--empty-metadata']);
    const { host } = await serve();
    const listed = await sandbox.run(['ls', `${host}/m`]);
    expect(listed.stdout).toContain('v1');
    const pushed = await sandbox.run([
      'push',
      `${host}/team/n:v2`,
      sandbox.path('model.bin'),
      '--empty-metadata',
    ]);
    expect(pushed.status).toBe(0);
    expect((await sandbox.run(['inspect', 'local/team/n:v2'])).status).toBe(0);
    expect((await sandbox.run(['store', 'verify'])).status).toBe(0);
  });

  it('takes nothing when it is read-only', async () => {
    const { host } = await serve(['--read-only']);
    const { status, code } = await ask(host, 'POST', '/v2/m/blobs/uploads/');
    expect([status, code]).toEqual([405, 'UNSUPPORTED']);
  });

  it('answers on IPv6 loopback too, and to programs of this machine only', async () => {
    const { host } = await serve();
    const port = host.split(':')[1];
    expect((await ask(`[::1]:${port}`, 'GET', '/v2/')).status).toBe(200);
    const headers = { host: 'evil.example' };
    expect((await ask(host, 'GET', '/v2/', { headers })).status).toBe(403);
  });

  it('answers to the names that the person lists, and to no other', async () => {
    const { host } = await serve(['--host-name', 'Host.Lima.internal', '--host-name', 'models.test']);
    const status = async (name: string, more = {}) =>
      (await ask(host, 'GET', '/v2/', { headers: { host: name, ...more } })).status;
    for (const name of ['host.lima.internal:5000', 'MODELS.test', 'models.test:1', 'localhost'])
      expect(await status(name), name).toBe(200);
    for (const name of ['models.test.evil.example', 'evil.models.test', 'evil.example', 'models.test:5000:1'])
      expect(await status(name), name).toBe(403);
    expect(await status('models.test', { origin: 'http://models.test' })).toBe(403);
  });

  it('listens for other machines with a login and a certificate', async () => {
    const { cert, key } = testCertificate();
    await writeFile(sandbox.path('cert.pem'), cert);
    await writeFile(sandbox.path('key.pem'), key);
    const files = ['--cert-file', sandbox.path('cert.pem'), '--key-file', sandbox.path('key.pem')];
    const login = ['-u', 'ci', '--password-stdin'];
    const { host, url } = await serve(['--listen', '127.0.0.1', ...files, ...login], 'correct horse\n');
    expect(url).toBe(`https://${host}`);
    const push = ['push', `${host}/m:v1`, sandbox.path('model.bin'), '--ca-file', sandbox.path('cert.pem')];
    expect((await sandbox.run(push)).status).toBe(4);
    expect((await sandbox.run([...push, ...login], { input: 'wrong\n' })).status).toBe(4);
    expect((await sandbox.run([...push, ...login], { input: 'correct horse\n' })).status).toBe(0);
  });
});

describe('serve refuses', () => {
  const login = ['-u', 'ci', '--password-stdin'];

  it.each([
    [['--listen', '0.0.0.0'], 'needs a login (--username, --password-stdin) and a certificate'],
    [['--listen', '127.0.0.1', ...login], 'needs a certificate (--cert-file, --key-file)'],
    [['--port', '65536'], 'expected a whole number from 0 to 65535'],
    [['--cert-file', 'cert.pem'], '--cert-file'],
    [['-u', 'ci'], '--password-stdin'],
    [['--host-name', '*'], '--host-name "*": expected a host name, without a port'],
    [['--host-name', 'models.test:5000'], 'expected a host name, without a port'],
    [['--host-name', 'a.test', '--listen', '127.0.0.1'], 'with --listen every name is answered'],
  ])('%j, with status 2', async (args, message) => {
    const { status, stdout, stderr } = await sandbox.run(['serve', '--port', '0', ...args], { input: 'x\n' });
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
  });

  it('a certificate that is none', async () => {
    await writeFile(sandbox.path('none.pem'), 'not a certificate');
    const files = ['--cert-file', sandbox.path('none.pem'), '--key-file', sandbox.path('none.pem')];
    const { status, stderr } = await sandbox.run(['serve', '--port', '0', ...files]);
    expect(status).toBe(2);
    expect(stderr).toContain('the certificate or its key cannot be used');
  });

  it('a port that is in use, whichever loopback address it is in use on', async () => {
    for (const address of ['127.0.0.1', '::1']) {
      const port = await freePort();
      const other = net.createServer();
      await new Promise<void>((resolve) => other.listen(port, address, resolve));
      const { status, stderr } = await sandbox.run(['serve', '--port', String(port)]);
      expect(status).toBe(2);
      expect(stderr).toContain(`port ${port}: another program uses this port`);
      await new Promise((resolve) => other.close(resolve));
    }
  });
});
