import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Digest, digestOf } from '../../../src/core/oci/digest.ts';
import { waitUntil } from '../../support/processes.ts';
import { type RunningStore, startStore } from './running-store.ts';

const UPLOADS = '/v2/team/model/blobs/uploads/';
const BLOBS = '/v2/team/model/blobs';

let running: RunningStore;
beforeEach(async () => {
  running = await startStore();
});
afterEach(() => running.stop());

async function begin(): Promise<string> {
  const { status, headers } = await running.ask('POST', UPLOADS);
  expect(status).toBe(202);
  expect(headers.location).toMatch(/^\/v2\/team\/model\/blobs\/uploads\/[0-9a-f]{32}$/);
  return String(headers.location);
}

async function expectStored(data: Uint8Array, digest: string): Promise<void> {
  const { status, headers, body } = await running.ask('GET', `${BLOBS}/${digest}`);
  expect([status, headers['docker-content-digest'], body.equals(data)]).toEqual([200, digest, true]);
}

/** Sends the head and a part of a request on a raw connection, and leaves it open. */
async function sendPart(method: string, path: string, length: number, part: Uint8Array): Promise<net.Socket> {
  const [hostname = '', port = ''] = running.host.split(':');
  const socket = net.connect(Number(port), hostname);
  socket.on('error', () => {}); // it is ended from either side
  await once(socket, 'connect');
  socket.write(`${method} ${path} HTTP/1.1\r\nHost: ${running.host}\r\nContent-Length: ${length}\r\n\r\n`);
  socket.write(part);
  return socket;
}

async function arrived(location: string): Promise<string | undefined> {
  return String((await running.ask('GET', location)).headers.range);
}

describe('a blob', () => {
  const data = randomBytes(700_000);
  const digest = digestOf(data);

  it('comes whole with the POST', async () => {
    const { status, headers } = await running.ask('POST', `${UPLOADS}?digest=${digest}`, { body: data });
    expect([status, headers.location]).toEqual([201, `${BLOBS}/${digest}`]);
    await expectStored(data, digest);
    expect((await running.ask('POST', `${UPLOADS}?digest=${digest}`)).status).toBe(202);
  });

  it('comes in one PUT, of sha512 too, and empty', async () => {
    for (const [bytes, name] of [
      [data, digest],
      [data, digestOf(data, 'sha512')],
      [new Uint8Array(), digestOf(new Uint8Array())],
    ] as const) {
      const { status } = await running.ask('PUT', `${await begin()}?digest=${name}`, { body: bytes });
      expect(status).toBe(201);
      await expectStored(bytes, name);
    }
  });

  it('comes in chunks, the last of them with the PUT', async () => {
    const location = await begin();
    const patched = await running.ask('PATCH', location, {
      headers: { 'content-range': '0-299999' },
      body: data.subarray(0, 300_000),
    });
    expect([patched.status, patched.headers.range]).toEqual([202, '0-299999']);
    expect(patched.headers.location).toBe(location);
    const asked = await running.ask('GET', location);
    expect([asked.status, asked.headers.range]).toEqual([204, '0-299999']);
    const closed = await running.ask('PUT', `${location}?digest=${digest}`, {
      headers: { 'content-range': `300000-${data.byteLength - 1}` },
      body: data.subarray(300_000),
    });
    expect(closed.status).toBe(201);
    await expectStored(data, digest);
    expect((await running.ask('GET', location)).code).toBe('BLOB_UPLOAD_UNKNOWN');
  });

  it('comes with a length that nobody knew, in chunked encoding', async () => {
    const location = await begin();
    const headers = { 'transfer-encoding': 'chunked' };
    expect((await running.ask('PATCH', location, { headers, body: data })).status).toBe(202);
    expect((await running.ask('PUT', `${location}?digest=${digest}`)).status).toBe(201);
    await expectStored(data, digest);
  });

  it('is stored under no digest but its own', async () => {
    const other = digestOf(Buffer.from('other'));
    for (const wrong of [other, digestOf(Buffer.from('other'), 'sha512'), 'sha256:ABC', 'md5:0', '']) {
      const location = await begin();
      const closed = await running.ask('PUT', `${location}?digest=${wrong}`, { body: data });
      expect([closed.status, closed.code]).toEqual([400, 'DIGEST_INVALID']);
    }
    const posted = await running.ask('POST', `${UPLOADS}?digest=${other}`, { body: data });
    expect([posted.status, posted.code]).toEqual([400, 'DIGEST_INVALID']);
    expect((await running.ask('HEAD', `${BLOBS}/${other}`)).status).toBe(404);
  });

  it('is a file that nobody may change', async () => {
    await running.pushBlob('team/model', data);
    const { mode } = await stat(running.store.repository('team/model').blobPath(digest));
    expect(mode & 0o222).toBe(0);
  });
});

describe('an upload', () => {
  it('takes no chunk that does not follow on the last, and says where it is', async () => {
    const location = await begin();
    const headers = { 'content-range': '0-4' };
    expect((await running.ask('PATCH', location, { headers, body: 'first' })).status).toBe(202);
    for (const range of ['0-4', '6-10', '4-8']) {
      const out = await running.ask('PATCH', location, {
        headers: { 'content-range': range },
        body: 'other',
      });
      expect([out.status, out.headers.range, out.headers.location]).toEqual([416, '0-4', location]);
    }
    for (const [range, code] of [
      ['5-', 'BLOB_UPLOAD_INVALID'],
      ['9-5', 'BLOB_UPLOAD_INVALID'],
      ['5-20', 'SIZE_INVALID'],
    ]) {
      const bad = await running.ask('PATCH', location, {
        headers: { 'content-range': range },
        body: 'other',
      });
      expect([bad.status, bad.code]).toEqual([400, code]);
    }
    const digest = digestOf(Buffer.from('first'));
    expect((await running.ask('PUT', `${location}?digest=${digest}`)).status).toBe(201);
  });

  it('can be canceled, and leaves nothing', async () => {
    const location = await begin();
    await running.ask('PATCH', location, { body: 'bytes' });
    expect((await running.ask('DELETE', location)).status).toBe(204);
    for (const method of ['GET', 'PATCH', 'PUT', 'DELETE'])
      expect((await running.ask(method, location)).code).toBe('BLOB_UPLOAD_UNKNOWN');
    const [, ...files] = await running.leftovers();
    expect(files).toEqual([]);
  });

  it('belongs to its repository', async () => {
    const location = (await begin()).replace('team/model', 'team/other');
    expect((await running.ask('PATCH', location, { body: 'x' })).code).toBe('BLOB_UPLOAD_UNKNOWN');
    for (const id of ['..%2f..%2fx', '%00', 'x'.repeat(32)])
      expect((await running.ask('PATCH', `${UPLOADS}${id}`, { body: 'x' })).status).toBe(404);
  });

  it('keeps what arrived before a connection broke', async () => {
    const data = randomBytes(300_000);
    const location = await begin();
    const socket = await sendPart('PATCH', location, data.byteLength, data.subarray(0, 200_000));
    await sleep(100);
    socket.resetAndDestroy();
    await waitUntil('the part', async () => (await arrived(location)) === '0-199999', { milliseconds: 5000 });
    const headers = { 'content-range': '200000-299999' };
    const rest = await running.ask('PATCH', location, { headers, body: data.subarray(200_000) });
    expect(rest.status).toBe(202);
    expect((await running.ask('PUT', `${location}?digest=${digestOf(data)}`)).status).toBe(201);
  });

  it('is taken over by a client that comes again while its old connection hangs', async () => {
    const data = randomBytes(100_000);
    const location = await begin();
    const socket = await sendPart('PATCH', location, data.byteLength, data.subarray(0, 60_000));
    const ended = once(socket, 'close');
    await sleep(100);
    const refused = await running.ask('PATCH', location, {
      headers: { 'content-range': '0-99999' },
      body: data,
    });
    expect([refused.status, refused.headers.range]).toEqual([416, '0-59999']);
    await ended;
    const headers = { 'content-range': '60000-99999' };
    await running.ask('PATCH', location, { headers, body: data.subarray(60_000) });
    expect((await running.ask('PUT', `${location}?digest=${digestOf(data)}`)).status).toBe(201);
  });

  it('is forgotten when its client does not come back', async () => {
    const short = await startStore({ sessionLifetimeMs: 200 });
    try {
      const { headers } = await short.ask('POST', UPLOADS);
      await short.ask('PATCH', String(headers.location), { body: 'bytes' });
      const gone = async () => (await short.ask('GET', String(headers.location))).status === 404;
      await waitUntil('the end of the session', gone, { milliseconds: 5000 });
      const [, ...files] = await short.leftovers();
      expect(files).toEqual([]);
    } finally {
      await short.stop();
    }
  });

  it('leaves nothing when the registry ends', async () => {
    await running.ask('PATCH', await begin(), { body: 'bytes' });
    expect((await running.leftovers()).length).toBeGreaterThan(1);
    await running.registry.close();
    expect(await running.leftovers()).toEqual([]);
  });

  it('is one of a thousand at most', async () => {
    for (let i = 0; i < 1000; i += 1) await running.registry.sessions.open('team/model');
    const { status, code, headers } = await running.ask('POST', UPLOADS);
    expect([status, code, headers['retry-after']]).toEqual([429, 'TOOMANYREQUESTS', '10']);
  });
});

describe('mounting', () => {
  const mount = (digest: string, from?: string) =>
    running.ask('POST', `${UPLOADS}?mount=${digest}${from === undefined ? '' : `&from=${from}`}`);

  it('takes a blob over from the named repository, or from whichever has it', async () => {
    for (const [data, from] of [
      ['one', 'team/base'],
      ['two', undefined],
    ] as const) {
      const digest = await running.pushBlob('team/base', data);
      const { status, headers } = await mount(digest, from);
      expect([status, headers.location]).toEqual([201, `${BLOBS}/${digest}`]);
      await expectStored(Buffer.from(data), digest);
      const [own, other] = await Promise.all(
        ['team/model', 'team/base'].map((name) =>
          stat(running.store.repository(name).blobPath(digest as Digest)),
        ),
      );
      expect(own?.ino).toBe(other?.ino);
    }
  });

  it('begins an upload where the blob is not, or the name is none', async () => {
    const digest = await running.pushBlob('team/base', 'here');
    const unknown = digestOf(Buffer.from('unknown'));
    for (const [blob, from] of [
      [unknown, 'team/base'],
      [unknown, undefined],
      [digest, 'team/empty'],
      [digest, '../../etc'],
      ['sha256:short', 'team/base'],
    ] as const)
      expect((await mount(blob, from)).status).toBe(202);
    expect((await running.ask('HEAD', `${BLOBS}/${digest}`)).status).toBe(404);
  });
});
