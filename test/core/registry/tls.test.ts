import { connect } from 'node:net';
import tls from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AgentOptions } from '../../../src/core/registry/agents.ts';
import { redirect } from '../../support/registry/registry-faults.ts';
import {
  startTestRegistry,
  type TestRegistry,
  testCertificate,
} from '../../support/registry/test-registry.ts';
import { codeOf } from '../target.contract.ts';
import { bytesOf, clientOf, failureOf, randomBlob } from './test-client.ts';

const { cert, key } = testCertificate();

interface Door {
  readonly host: string;
  /** Who came in, by the subject of a certificate; undefined for those without one. */
  readonly seen: (string | undefined)[];
  stop(): void;
}

let registry: TestRegistry;
let doors: Door[];

beforeEach(async () => {
  registry = await startTestRegistry();
  doors = [];
});

afterEach(async () => {
  for (const door of doors) door.stop();
  await registry.stop();
});

/** TLS in front of the registry that asks for a client's certificate, and insists on it if `demands`. */
async function openDoor(demands: boolean): Promise<Door> {
  const seen: (string | undefined)[] = [];
  const [host, port] = registry.host.split(':');
  const options = { cert, key, ca: cert, requestCert: true, rejectUnauthorized: demands };
  const server = tls.createServer(options, (socket) => {
    seen.push(socket.getPeerCertificate().subject?.CN?.toString());
    const through = connect(Number(port), host);
    socket.pipe(through).pipe(socket);
    for (const end of [socket, through])
      end.on('error', () => socket.destroy(through.destroy() && undefined));
  });
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening');
  const door = { host: `127.0.0.1:${address.port}`, seen, stop: () => void server.close() };
  doors.push(door);
  return door;
}

async function pushAndFetch(host: string, options: AgentOptions): Promise<void> {
  const { descriptor, content, bytes } = randomBlob(5 * 1024 * 1024);
  const client = clientOf({ host }, { retries: 0, ...options });
  const repository = client.repository('team/m');
  await repository.push(descriptor, content);
  expect(Buffer.compare(await bytesOf(await repository.fetch(descriptor)), bytes)).toBe(0);
  client.close();
}

describe('a registry that demands a client certificate', () => {
  it('is shown it, for a push and a pull', async () => {
    const door = await openDoor(true);
    await pushAndFetch(door.host, { ca: cert, cert, key });
    expect(new Set(door.seen)).toEqual(new Set(['test registry, trusted by no one']));
  });

  it('says so to whoever has none, at once', async () => {
    const door = await openDoor(true);
    const failure = await failureOf(clientOf(door, { ca: cert }).ping());
    expect(failure).toMatchObject({ code: 'denied', retryable: false });
    expect(String(failure)).toContain('asks for a client certificate');
  });

  it('redirects to others without it', async () => {
    const [own, other] = [await openDoor(true), await openDoor(false)];
    const small = randomBlob(1000);
    const repository = clientOf(own, { ca: cert, cert, key }).repository('team/m');
    await repository.push(small.descriptor, small.content);
    registry.faults.add(
      ({ headers, method }) => method === 'GET' && headers.host === own.host,
      redirect(`https://${other.host}`),
    );
    await repository.fetch(small.descriptor);
    expect(other.seen).toEqual([undefined]);
  });
});

describe('authorities', () => {
  it('that a person names are added to those of the system', async () => {
    const door = await openDoor(false);
    await pushAndFetch(door.host, { ca: cert, systemRoots: true });
    expect(await codeOf(clientOf(door, { systemRoots: true }).ping())).toBe('tls-untrusted');
  });
});
