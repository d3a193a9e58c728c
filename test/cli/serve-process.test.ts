import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestOf } from '../../src/core/oci/digest.ts';
import { MediaType } from '../../src/core/oci/media-types.ts';
import { LocalStore } from '../../src/core/store/local-store.ts';
import { verifyLayout } from '../../src/core/store/verify-layout.ts';
import { ask } from '../core/server/http-client.ts';
import { manifestText } from '../core/server/running-store.ts';
import { triesSmallDisk } from '../core/store/run-child.ts';
import { waitUntil } from '../support/processes.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts');
/** Starting a program on a busy machine, milliseconds. */
const PATIENCE = 60_000;

let home: string;
let children: ChildProcess[];
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'omlmd-serve-'));
  children = [];
});
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  await rm(home, { recursive: true, force: true });
});

/** `omlmd serve` in a process of its own. */
function serve(): Promise<Serving> {
  const env = { ...process.env, OMLMD_HOME: home };
  const args = [MAIN, 'serve', '--port', '0'];
  return started(spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'ignore'] }));
}

interface Serving {
  readonly child: ChildProcess;
  readonly host: string;
}

async function started(child: ChildProcess): Promise<Serving> {
  children.push(child);
  if (child.stdout === null) throw new Error('no stdout');
  const ended = once(child, 'exit').then(([status]) => {
    throw new Error(`ended with ${status} before it served`);
  });
  ended.catch(() => {}); // each ends some time
  const [line] = await Promise.race([once(createInterface({ input: child.stdout }), 'line'), ended]);
  return { child, host: new URL(JSON.parse(String(line)).url).host };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
  return child.exitCode;
}

async function pushBlob(host: string, data: Uint8Array): Promise<void> {
  const { status } = await ask(host, 'POST', `/v2/m/blobs/uploads/?digest=${digestOf(data)}`, { body: data });
  if (status !== 201) throw new Error(`push a blob: ${status}`);
}

async function pushTag(host: string, tag: string): Promise<number> {
  for (const text of ['{}', tag]) await pushBlob(host, Buffer.from(text));
  const headers = { 'content-type': MediaType.manifest };
  return (await ask(host, 'PUT', `/v2/m/manifests/${tag}`, { headers, body: manifestText(tag) })).status;
}

/** An upload that never ends, of which some has arrived. */
async function beginUpload(host: string): Promise<void> {
  const { headers } = await ask(host, 'POST', '/v2/m/blobs/uploads/');
  const [hostname, port] = host.split(':');
  const path = String(headers.location);
  const request = http.request({ hostname, port, path, method: 'PATCH', agent: false });
  request.on('error', () => {}); // it ends with the server
  request.write(randomBytes(3_000_000));
  for (;;) {
    const { range } = (await ask(host, 'GET', path)).headers;
    if (Number(String(range).split('-')[1]) > 1_000_000) return;
    await sleep(20);
  }
}

const hidden = async () => (await readdir(join(home, 'store'))).filter((name) => name.startsWith('.omlmd-'));

/** `omlmd serve` on a disk of its own with so many bytes. */
async function serveOnSmallDisk(bytes: number): Promise<string> {
  const script = `mount -t tmpfs -o size=${bytes} tmpfs "$1" && exec "$2" "$3" serve --port 0`;
  const args = ['-rm', 'sh', '-c', script, 'sh', home, process.execPath, MAIN];
  const env = { ...process.env, OMLMD_HOME: home };
  return (await started(spawn('unshare', args, { env, stdio: ['ignore', 'pipe', 'ignore'] }))).host;
}

describe('a served store', () => {
  it.runIf(triesSmallDisk('"omlmd serve" on a full disk'))(
    'says when its disk is full, before a byte or after some, and goes on with what fits',
    async () => {
      const host = await serveOnSmallDisk(24_000_000);
      const large = randomBytes(40_000_000);
      for (const headers of [{}, { 'transfer-encoding': 'chunked' }]) {
        const { headers: begun } = await ask(host, 'POST', '/v2/m/blobs/uploads/');
        const path = String(begun.location);
        const { status, body } = await ask(host, 'PATCH', path, { headers, body: large });
        expect([status, body.toString()]).toEqual([
          507,
          expect.stringContaining('the disk of the registry is full'),
        ]);
        expect((await ask(host, 'DELETE', path)).status).toBe('transfer-encoding' in headers ? 404 : 204);
      }
      await pushBlob(host, large.subarray(0, 20_000_000));
      expect(await pushTag(host, 'fits')).toBe(201);
    },
    PATIENCE,
  );

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'ends with 0 on %s, also in the middle of an upload, and leaves nothing of it',
    async (signal) => {
      const { child, host } = await serve();
      await beginUpload(host);
      expect(await hidden()).toHaveLength(1);
      expect(await end(child, signal)).toBe(0);
      expect(await hidden()).toEqual([]);
    },
    PATIENCE,
  );

  it(
    'has every tag that was acknowledged before kill -9, whole, and forgets what was on its way',
    async () => {
      for (let round = 0; round < 3; round += 1) {
        const { child, host } = await serve();
        await beginUpload(host);
        const acknowledged: string[] = [];
        const writers = Array.from({ length: 3 }, async (_, writer) => {
          for (let i = 0; ; i += 1) {
            const tag = `r${round}-w${writer}-${i}`;
            if ((await pushTag(host, tag)) === 201) acknowledged.push(tag);
          }
        });
        const broken = Promise.allSettled(writers);
        await waitUntil('a tag', async () => acknowledged.length > 0, { milliseconds: 30_000 });
        await sleep(50 + 150 * round);
        await end(child, 'SIGKILL');
        await broken;
        const store = new LocalStore(join(home, 'store'));
        const tags = await Array.fromAsync(store.repository('m').tags());
        expect(acknowledged.length).toBeGreaterThan(0);
        expect(tags).toEqual(expect.arrayContaining(acknowledged));
        expect(await verifyLayout(store.path('m'))).toEqual([]);
      }
      const { child, host } = await serve();
      await ask(host, 'POST', '/v2/m/blobs/uploads/');
      expect(await hidden()).toHaveLength(1);
      await end(child, 'SIGINT');
    },
    PATIENCE,
  );

  it(
    'is one store for several servers at once',
    async () => {
      const servers = [await serve(), await serve()];
      await Promise.all(
        Array.from({ length: 10 }, (_, i) => pushTag(servers[i % 2]?.host ?? '', `tag-${i}`)),
      );
      for (const { host } of servers) {
        const { body } = await ask(host, 'GET', '/v2/m/tags/list');
        expect(JSON.parse(body.toString()).tags).toHaveLength(10);
      }
    },
    PATIENCE,
  );
});
