import { stat, utimes } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { bytesContent } from '../../../src/core/oci/content.ts';
import { type Digest, digestOf } from '../../../src/core/oci/digest.ts';
import { collectGarbage } from '../../../src/core/store/collect-garbage.ts';
import { LayoutTarget } from '../../../src/core/store/layout.ts';
import { type RunningStore, startStore } from './running-store.ts';

let running: RunningStore;
beforeEach(async () => {
  running = await startStore();
});
afterEach(async () => {
  vi.useRealTimers();
  await running.stop();
});

const path = (digest: string) => `/v2/m/blobs/${digest}`;

describe('a blob', () => {
  it('is looked for and read, with its length and digest', async () => {
    const digest = await running.pushBlob('m', '0123456789');
    for (const method of ['HEAD', 'GET']) {
      const { status, headers, body } = await running.ask(method, path(digest));
      expect([status, headers['content-length'], headers['docker-content-digest']]).toEqual([
        200,
        '10',
        digest,
      ]);
      expect([headers['accept-ranges'], headers.etag]).toEqual(['bytes', `"${digest}"`]);
      expect(body.toString()).toBe(method === 'HEAD' ? '' : '0123456789');
    }
  });

  it.each([
    ['bytes=2-4', 206, '234', 'bytes 2-4/10'],
    ['bytes=8-', 206, '89', 'bytes 8-9/10'],
    ['bytes=-3', 206, '789', 'bytes 7-9/10'],
    ['bytes=-99', 206, '0123456789', 'bytes 0-9/10'],
    ['bytes=9-99', 206, '9', 'bytes 9-9/10'],
    ['bytes=10-', 416, undefined, 'bytes */10'],
    ['bytes=5-2', 416, undefined, 'bytes */10'],
    ['bytes=-0', 416, undefined, 'bytes */10'],
    ['bytes=0-1,3-4', 200, '0123456789', undefined],
    ['lines=1-2', 200, '0123456789', undefined],
    ['bytes=-', 200, '0123456789', undefined],
  ])('answers the range %s with %i', async (range, status, text, contentRange) => {
    const digest = await running.pushBlob('m', '0123456789');
    const answer = await running.ask('GET', path(digest), { headers: { range } });
    expect([answer.status, answer.headers['content-range']]).toEqual([status, contentRange]);
    if (text !== undefined) expect(answer.body.toString()).toBe(text);
  });

  it('stays for the manifest of a client that pushes for hours, be it sent or found here', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const [sent, found] = [
      await running.pushBlob('m', 'sent'),
      await new LayoutTarget(running.store.path('m')).ingest(bytesContent(Buffer.from('found'))),
    ];
    expect((await running.ask('HEAD', path(found))).status).toBe(200);
    const layout = running.store.repository('m');
    for (const digest of [sent, found]) await utimes(layout.blobPath(digest as Digest), 0, 0);
    vi.advanceTimersByTime(10 * 60 * 1000);
    for (const digest of [sent, found])
      for (
        let tries = 0;
        (await stat(layout.blobPath(digest as Digest))).mtimeMs === 0 && tries < 100;
        tries += 1
      )
        await sleep(10);
    expect(await collectGarbage([layout.path])).toEqual({ freed: 0, removed: 0 });
  });

  it('comes whole where it is not the one that a range was meant for', async () => {
    const digest = await running.pushBlob('m', '0123456789');
    const ask = (etag: string) =>
      running.ask('GET', path(digest), { headers: { range: 'bytes=1-', 'if-range': etag } });
    expect((await ask(`"${digest}"`)).status).toBe(206);
    expect((await ask('"other"')).status).toBe(200);
  });

  it('is unknown where nobody pushed it, and where its digest is none', async () => {
    await running.pushBlob('m', 'here');
    const other = digestOf(Buffer.from('other'));
    for (const bad of [other, 'sha256:ABC', '..', '%2e%2e', '..%2f..%2findex.json', '%00', '%zz']) {
      const { status } = await running.ask('GET', path(bad));
      expect([bad, status]).toEqual([bad, 404]);
    }
    expect((await running.ask('GET', `/v2/nobody/blobs/${other}`)).code).toBe('BLOB_UNKNOWN');
  });

  it('can be removed, unless a manifest needs it', async () => {
    await running.pushManifest('m', 'v1');
    const needed = digestOf(Buffer.from('v1'));
    const refused = await running.ask('DELETE', path(needed));
    expect([refused.status, refused.code]).toEqual([409, 'DENIED']);
    const loose = await running.pushBlob('m', 'loose');
    expect((await running.ask('DELETE', path(loose))).status).toBe(202);
    expect((await running.ask('HEAD', path(loose))).status).toBe(404);
    expect((await running.ask('DELETE', path(loose))).code).toBe('BLOB_UNKNOWN');
  });

  it('that a client was told of is not collected before its manifest comes', async () => {
    await running.pushManifest('m', 'v1');
    const [told, untold] = [await running.pushBlob('m', 'told'), await running.pushBlob('m', 'untold')];
    await sleep(300);
    await running.ask('HEAD', path(told));
    await collectGarbage([running.store.path('m')], { minAgeMs: 250 });
    expect((await running.ask('HEAD', path(told))).status).toBe(200);
    expect((await running.ask('HEAD', path(untold))).status).toBe(404);
  });
});
