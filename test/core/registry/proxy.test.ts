import http from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../../src/core/log.ts';
import { readAll } from '../../../src/core/oci/content.ts';
import { Registry } from '../../../src/core/registry/registry.ts';
import { startTestRegistry, type TestRegistry } from '../../support/registry/test-registry.ts';
import { blob } from '../target.contract.ts';

/** A name that only the proxy can resolve. */
const NAME = 'registry.test:5000';

let registry: TestRegistry;
let proxy: http.Server;
let asked: string[];

/** A proxy that brings every name to the test's registry: plain HTTP by absolute URLs, TLS through a tunnel. */
beforeEach(async () => {
  asked = [];
  const upstream = () => {
    const [host = '', port] = registry.host.split(':');
    return { host, port: Number(port) };
  };
  proxy = http.createServer((incoming, outgoing) => {
    asked.push(`${incoming.url} ${incoming.headers['proxy-authorization'] ?? ''}`.trim());
    const { pathname, search } = new URL(incoming.url ?? '');
    const { method, headers } = incoming;
    const forward = http.request({ ...upstream(), method, path: pathname + search, headers }, (response) => {
      outgoing.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(outgoing);
    });
    incoming.pipe(forward);
  });
  proxy.on('connect', (request, socket) => {
    asked.push(`CONNECT ${request.url}`);
    const tunnel = connect(upstream(), () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      tunnel.pipe(socket).pipe(tunnel);
    });
    for (const end of [socket, tunnel]) end.on('error', () => tunnel.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
});

afterEach(async () => {
  proxy.close();
  proxy.closeAllConnections();
  await registry.stop();
});

function proxyUrl(login = ''): string {
  return `http://${login}127.0.0.1:${(proxy.address() as AddressInfo).port}`; // listening on TCP
}

function open(name: string, options: Partial<ConstructorParameters<typeof Registry>[0]>): Registry {
  return new Registry({
    registry: name,
    credentials: { get: async () => undefined },
    log: silentLog,
    ...options,
  });
}

async function pushAndFetch(through: Registry): Promise<void> {
  const { descriptor, content } = blob('weights '.repeat(1_000_000));
  const repository = through.repository('team/m');
  await repository.push(descriptor, content);
  expect(await readAll(await repository.fetch(descriptor), descriptor.size)).toHaveLength(descriptor.size);
  through.close();
}

describe('a proxy that the environment names', () => {
  it('is asked for plain HTTP, with the login in its URL', async () => {
    registry = await startTestRegistry();
    const proxyEnv = { HTTP_PROXY: proxyUrl('ci:secret@') };
    await pushAndFetch(open(NAME, { plainHttp: true, proxyEnv }));
    expect(asked[0]).toBe(`http://${NAME}/v2/team/m/blobs/uploads/ Basic ${btoa('ci:secret')}`);
  });

  it('is asked for a tunnel to TLS', async () => {
    registry = await startTestRegistry({ tls: true });
    await pushAndFetch(open(NAME, { insecure: true, proxyEnv: { https_proxy: proxyUrl() } }));
    expect(new Set(asked)).toEqual(new Set([`CONNECT ${NAME}`]));
  });

  it('is not asked for this machine, nor for what NO_PROXY names', async () => {
    registry = await startTestRegistry();
    await pushAndFetch(open(registry.host, { proxyEnv: { HTTP_PROXY: proxyUrl() } }));
    const proxyEnv = { HTTP_PROXY: proxyUrl(), NO_PROXY: 'registry.test' };
    await expect(open(NAME, { plainHttp: true, proxyEnv, retries: 0 }).ping()).rejects.toMatchObject({
      code: 'unreachable',
    });
    expect(asked).toEqual([]);
  });
});
