import { once } from 'node:events';
import type { Server } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { silentLog } from '../../../src/core/log.ts';
import { createHttpServer } from '../../../src/core/server/http-server.ts';
import { endServer } from '../../../src/core/server/listen.ts';
import { type RegistryHandler, readCall } from '../../../src/core/server/registry-call.ts';
import { ask } from './http-client.ts';

const IDLE_MS = 200;
const servers: Server[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => endServer(server, 0)));
});

async function start(handler: RegistryHandler): Promise<{ readonly server: Server; readonly host: string }> {
  const server = createHttpServer(handler, { log: silentLog, idleTimeoutMs: IDLE_MS });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, host: `127.0.0.1:${(server.address() as AddressInfo).port}` }; // listening on TCP
}

/** A raw connection that has sent `text`. */
function send(host: string, text: string): net.Socket {
  const [hostname = '', port = ''] = host.split(':');
  const socket = net.connect(Number(port), hostname, () => socket.write(text));
  socket.on('error', () => {}); // the server ends it
  return socket;
}

describe('a connection', () => {
  it('is ended when its client stands still in the middle of a request', async () => {
    const failures: unknown[] = [];
    const { host } = await start(async (call) => {
      await readCall(call).catch((error: unknown) => failures.push(error));
      return { status: 200 };
    });
    const socket = send(host, 'PUT /x HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf');
    const started = performance.now();
    await once(socket, 'close');
    expect(performance.now() - started).toBeLessThan(10 * IDLE_MS);
    await vi.waitFor(() => expect(failures).toHaveLength(1));
  });

  it('is ended when its client does not read the answer', async () => {
    const chunk = new Uint8Array(1024 * 1024);
    let sent = 0;
    async function* body() {
      for (; sent < 1000; sent += 1) yield chunk;
    }
    const { host } = await start(async () => ({
      status: 200,
      headers: { 'content-length': String(1000 * chunk.byteLength) },
      body: body(),
    }));
    const socket = send(host, 'GET /x HTTP/1.1\r\nHost: x\r\n\r\n');
    socket.pause();
    await sleep(5 * IDLE_MS);
    const ended = once(socket, 'close');
    socket.resume();
    await ended;
    expect(sent).toBeLessThan(1000);
  });

  it('lives for as long as the answer takes to make', async () => {
    for (const method of ['GET', 'PUT']) {
      const { host } = await start(async (call) => {
        await readCall(call);
        await sleep(4 * IDLE_MS);
        return { status: 200 };
      });
      expect((await ask(host, method, '/x', method === 'PUT' ? { body: 'x' } : {})).status).toBe(200);
    }
  });

  it('breaks where an answer cannot be sent whole, so that nobody takes it for the whole', async () => {
    async function* body() {
      yield new Uint8Array(10);
      throw new Error('the file changed');
    }
    const headers = { 'content-length': '20' };
    const { host } = await start(async () => ({ status: 200, headers, body: body() }));
    await expect(ask(host, 'GET', '/x')).rejects.toThrow();
  });
});

describe('the end of a server', () => {
  it('waits for what has begun, takes nothing new, and does not wait for ever', async () => {
    const { host, server } = await start(async ({ url }) => {
      await sleep(url.pathname === '/long' ? 60_000 : 300);
      return { status: 200 };
    });
    const begun = ask(host, 'GET', '/short');
    const endless = ask(host, 'GET', '/long').catch((error: unknown) => error);
    await sleep(50);
    const ended = endServer(server, 1000);
    await expect(ask(host, 'GET', '/new')).rejects.toThrow('ECONNREFUSED');
    expect((await begun).status).toBe(200);
    await ended;
    expect(await endless).toBeInstanceOf(Error);
  });
});
