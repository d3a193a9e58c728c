import { randomBytes } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BlockPool } from '../../../src/core/oci/block-pool.ts';
import { Agents } from '../../../src/core/registry/agents.ts';
import { exchange, type HttpResponse } from '../../../src/core/registry/http-exchange.ts';

const MIB = 1024 * 1024;
const body = randomBytes(20 * MIB + 12_345);

let server: http.Server;
let url: URL;
let agents: Agents;
let answer: (response: http.ServerResponse) => void;
let connections = 0;
/** What the server could not send yet, bytes. */
let held = 0;

beforeEach(async () => {
  connections = 0;
  server = http.createServer((_, response) => answer(response));
  server.on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  agents = new Agents({});
  answer = (response) => {
    response.setHeader('content-length', body.byteLength);
    response.end(body);
    held = response.socket?.writableLength ?? 0;
    const timer = setInterval(() => {
      held = response.socket?.writableLength ?? 0;
      if (response.writableFinished) clearInterval(timer);
    }, 5);
  };
});
afterEach(async () => {
  agents.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function get(): Promise<HttpResponse> {
  const agent = agents.agentFor(url, url);
  return exchange({ method: 'GET', url, headers: {}, agent, stallMs: 5000, doing: 'get' });
}

describe('the body of an answer', () => {
  it('comes in few large chunks, each with memory of its own', async () => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of (await get()).body()) chunks.push(chunk);
    expect(Buffer.compare(Buffer.concat(chunks), body)).toBe(0);
    expect(chunks.length).toBeLessThan(80);
  });

  it('goes into memory that is used again, and is right while it is looked at', async () => {
    const pool = new BlockPool();
    const blocks = new Set<ArrayBufferLike>();
    let at = 0;
    for await (const chunk of (await get()).body({ allocate: pool.take })) {
      expect(Buffer.compare(chunk, body.subarray(at, at + chunk.byteLength))).toBe(0);
      at += chunk.byteLength;
      blocks.add(chunk.buffer);
      pool.give([chunk]);
    }
    expect(at).toBe(body.byteLength);
    expect(blocks.size).toBeLessThan(20);
  });

  it('waits with the registry for a slow reader, and its connection serves the next request', async () => {
    for (let round = 0; round < 2; round += 1) {
      let at = 0;
      for await (const chunk of (await get()).body()) {
        if (at === 0) {
          await sleep(100);
          expect(held).toBeGreaterThan(MIB);
        }
        at += chunk.byteLength;
      }
      expect(at).toBe(body.byteLength);
    }
    expect(connections).toBe(1);
  });

  it('is handed on in time where the way is slow', async () => {
    answer = (response) => {
      response.write('first');
      setTimeout(() => response.end('last'), 400);
    };
    const seen: string[] = [];
    const start = performance.now();
    for await (const chunk of (await get()).body()) {
      if (seen.length === 0) expect(performance.now() - start).toBeLessThan(350);
      seen.push(Buffer.from(chunk).toString());
    }
    expect(seen).toEqual(['first', 'last']);
  });

  it('that is not wanted goes, and its connection stays', async () => {
    answer = (response) => {
      response.setHeader('content-length', 60_000);
      response.end(body.subarray(0, 60_000));
    };
    for (let i = 0; i < 3; i += 1) {
      (await get()).discard();
      await sleep(20);
    }
    expect(connections).toBe(1);
  });

  it('that is cut off is an error after what came of it', async () => {
    answer = (response) => {
      response.setHeader('content-length', body.byteLength);
      response.write(body.subarray(0, 3 * MIB), () => setTimeout(() => response.destroy(), 50));
    };
    let at = 0;
    const read = async () => {
      for await (const chunk of (await get()).body()) at += chunk.byteLength;
    };
    await expect(read()).rejects.toMatchObject({ code: 'unreachable', retryable: true });
    expect(at).toBe(3 * MIB);
  });
});
