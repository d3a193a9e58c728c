import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import net from 'node:net';
import { dirname } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { loginOnly, ownHostOnly } from '../../../src/core/server/request-guards.ts';
import { LocalStore } from '../../../src/core/store/local-store.ts';
import { artifact, blob, pushAll } from '../target.contract.ts';
import { manifestText, type RunningStore, startStore } from './running-store.ts';

const running: RunningStore[] = [];
async function start(...args: Parameters<typeof startStore>): Promise<RunningStore> {
  const started = await startStore(...args);
  running.push(started);
  return started;
}
afterEach(async () => {
  await Promise.all(running.splice(0).map((store) => store.stop()));
});

const DIGEST = digestOf(Buffer.from('x'));

/** Sends bytes as they are, and tells the first line of what comes back. */
async function sendRaw(host: string, text: string): Promise<string> {
  const [hostname = '', port = ''] = host.split(':');
  const socket = net.connect(Number(port), hostname);
  socket.on('error', () => {}); // the other side may end it while it is still sent
  socket.write(text);
  const [data] = await once(socket, 'data');
  socket.destroy();
  return String(data).split('\r\n', 1)[0] ?? '';
}

describe('the registry', () => {
  it('says what it is', async () => {
    const { ask } = await start();
    for (const path of ['/v2/', '/v2']) {
      const { status, headers } = await ask('GET', path);
      expect([status, headers['docker-distribution-api-version']]).toEqual([200, 'registry/2.0']);
    }
  });

  it('answers what it does not have with an error of the specification', async () => {
    const { ask } = await start();
    for (const path of ['/', '/v1/', '/v2/x', '/v2/x/y', '/v2/m/blobs', '/v2/m/tags/other', '/v2//'])
      expect([path, (await ask('GET', path)).status]).toEqual([path, 404]);
    for (const [method, path, allow] of [
      ['POST', '/v2/', 'GET, HEAD'],
      ['PUT', `/v2/m/blobs/${DIGEST}`, 'GET, HEAD, DELETE'],
      ['GET', '/v2/m/blobs/uploads/', 'POST'],
      ['OPTIONS', '/v2/m/manifests/v1', 'GET, HEAD, PUT, DELETE'],
      ['TRACE', '/v2/_catalog', 'GET, HEAD'],
    ] as const) {
      const { status, code, headers } = await ask(method, path);
      expect([status, code, headers.allow]).toEqual([405, 'UNSUPPORTED', allow]);
    }
  });

  it('takes no name that is none, and writes nowhere but in the store', async () => {
    const { ask, store } = await start();
    const around = await readdir(dirname(store.root));
    for (const name of [
      '..',
      '%2e%2e',
      '../m',
      'M',
      'a//b',
      '.hidden',
      'a/-b',
      'a%2fb',
      '-',
      'x'.repeat(300),
    ]) {
      const { status } = await ask('POST', `/v2/${name}/blobs/uploads/`);
      expect([name, status === 400 || status === 404]).toEqual([name, true]);
    }
    expect((await ask('POST', '/v2/A/blobs/uploads/')).code).toBe('NAME_INVALID');
    expect(await readdir(store.root)).toEqual([]);
    const after = await readdir(dirname(store.root));
    expect(after.filter((name) => !around.includes(name) && !name.startsWith('omlmd-'))).toEqual([]);
  });

  it('keeps names apart that mean something to the store', async () => {
    const { ask, pushManifest } = await start();
    for (const name of ['tags/list', 'blobs/uploads', 'manifests', 'm/blobs', 'm', 'index.json', 'con']) {
      await pushManifest(name, 'v1');
      expect((await ask('GET', `/v2/${name}/manifests/v1`)).body.toString()).toBe(manifestText('v1'));
      expect((await ask('GET', `/v2/${name}/tags/list`)).status).toBe(200);
    }
  });

  it('answers no request to another server, and none with headers without end', async () => {
    const { host } = await start();
    const whole = `GET http://${host}/v2/ HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
    expect(await sendRaw(host, whole)).toBe('HTTP/1.1 400 Bad Request');
    expect(await sendRaw(host, `GET //evil/v2/ HTTP/1.1\r\nHost: ${host}\r\n\r\n`)).toContain('400');
    const long = `GET /v2/ HTTP/1.1\r\nHost: ${host}\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`;
    expect(await sendRaw(host, long)).toContain('431');
  });

  it('tells a client nothing of this machine when it fails', async () => {
    const { ask, store } = await start({}, (next) => async (call) => {
      if (call.method === 'DELETE') throw new Error(`secret ${store.root}`);
      return next(call);
    });
    const { status, code, body } = await ask('DELETE', '/v2/m/manifests/v1');
    expect([status, code]).toEqual([500, 'UNKNOWN']);
    expect(body.toString()).not.toContain('secret');
  });
});

describe('a read-only registry', () => {
  it('answers every write with 405, and changes nothing', async () => {
    const { ask, store } = await start({ readOnly: true });
    const made = artifact([blob('weights')]);
    await pushAll(store.repository('m'), made);
    const location = '/v2/m/blobs/uploads/00000000000000000000000000000000';
    for (const [method, path] of [
      ['POST', '/v2/m/blobs/uploads/'],
      ['POST', `/v2/m/blobs/uploads/?digest=${DIGEST}`],
      ['POST', `/v2/m/blobs/uploads/?mount=${DIGEST}&from=x`],
      ['PATCH', location],
      ['PUT', `${location}?digest=${DIGEST}`],
      ['DELETE', location],
      ['PUT', '/v2/m/manifests/v1'],
      ['DELETE', `/v2/m/manifests/${made.root.digest}`],
      ['DELETE', `/v2/m/blobs/${made.root.digest}`],
      ['PUT', '/v2/NO-NAME/x'],
    ] as const) {
      const { status, code, headers } = await ask(method, path, { body: 'x' });
      expect([status, code, headers.allow]).toEqual([405, 'UNSUPPORTED', 'GET, HEAD']);
    }
    expect((await ask('GET', `/v2/m/manifests/${made.root.digest}`)).status).toBe(200);
    expect(await readdir(store.root)).toEqual(['m']);
  });
});

describe('the guards', () => {
  it('let in what calls this machine by one of its own names, and no page of a browser', async () => {
    const { ask, host } = await start({}, ownHostOnly);
    const port = host.split(':')[1];
    const asked = async (headers: Record<string, string>) => (await ask('GET', '/v2/', { headers })).status;
    for (const name of ['localhost', '127.0.0.1', '127.1.2.3', '[::1]', 'host.docker.internal', 'LOCALHOST'])
      for (const own of [name, `${name}:${port}`]) expect(await asked({ host: own })).toBe(200);
    for (const name of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', '10.0.0.1'])
      expect([name, await asked({ host: name })]).toEqual([name, 403]);
    expect(await sendRaw(host, 'GET /v2/ HTTP/1.1\r\nHost:\r\n\r\n')).toContain('403');
    for (const origin of ['https://evil.example', 'null', `http://${host}`])
      expect(await asked({ host, origin })).toBe(403);
  });

  it('let in who has the login', async () => {
    const { ask } = await start({}, (next) =>
      loginOnly({ username: 'ci', password: 'correct: horse' }, next),
    );
    const asked = (authorization?: string) =>
      ask('GET', '/v2/', authorization === undefined ? {} : { headers: { authorization } });
    const encode = (text: string) => Buffer.from(text).toString('base64');
    for (const scheme of ['Basic', 'basic'])
      expect((await asked(`${scheme} ${encode('ci:correct: horse')}`)).status).toBe(200);
    for (const wrong of [undefined, '', 'Basic', `Basic ${encode('ci:correct')}`, `Bearer ${encode('ci')}`]) {
      const { status, code, headers } = await asked(wrong);
      expect([status, code]).toEqual([401, 'UNAUTHORIZED']);
      expect(headers['www-authenticate']).toMatch(/^Basic realm="omlmd"/);
    }
  });
});

describe('one store', () => {
  it('is seen alike by clients of the registry and by programs that use its folder', async () => {
    const { ask, pushManifest, store } = await start();
    const direct = new LocalStore(store.root).repository('m');
    const digest = await pushManifest('m', 'v1');
    expect((await direct.resolve('v1')).digest).toBe(digest);
    const made = artifact([blob('weights')]);
    await pushAll(direct, made);
    await direct.tag(made.root, 'v2');
    const { headers } = await ask('HEAD', '/v2/m/manifests/v2');
    expect(headers['docker-content-digest']).toBe(made.root.digest);
  });

  it('keeps every tag of many writers, whichever way they come', async () => {
    const { ask, pushManifest, store } = await start();
    const direct = new LocalStore(store.root).repository('m');
    await Promise.all(
      Array.from({ length: 12 }, async (_, i) => {
        if (i % 2 === 0) return void (await pushManifest('m', `http-${i}`));
        const made = artifact([blob(`weights ${i}`)]);
        await pushAll(direct, made);
        await direct.tag(made.root, `file-${i}`);
      }),
    );
    const { body } = await ask('GET', '/v2/m/tags/list');
    expect(JSON.parse(body.toString()).tags).toHaveLength(12);
  });
});
