import net from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { Log } from '../../../src/core/log.ts';
import type { TransportOptions } from '../../../src/core/registry/transport.ts';
import { answer, on, redirect, withHeaders } from '../../support/registry/registry-faults.ts';
import {
  startTestRegistry,
  TEST_LOGIN,
  type TestRegistry,
  type TestRegistryOptions,
  testCertificate,
} from '../../support/registry/test-registry.ts';
import { artifact, blob, codeOf, collect, pushAll } from '../target.contract.ts';
import { bytesOf, clientOf, credentialsOf, failureOf, LOGIN, randomBlob } from './test-client.ts';

const stops: (() => Promise<unknown>)[] = [];

async function start(options: TestRegistryOptions = {}): Promise<TestRegistry> {
  const registry = await startTestRegistry(options);
  stops.push(() => registry.stop());
  return registry;
}

afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

function recorder(): { readonly log: Log; readonly lines: string[] } {
  const lines: string[] = [];
  const note = (level: string) => (message: string) => lines.push(`${level}: ${message}`);
  return { lines, log: { debug: note('debug'), info: note('info'), warn: note('warn') } };
}

const signedIn: Partial<TransportOptions> = { credentials: credentialsOf(LOGIN) };

describe('the scheme', () => {
  it('is plain HTTP for a loopback registry that does not speak TLS', async () => {
    expect(await clientOf(await start()).ping()).toEqual({ scheme: 'http', auth: 'none' });
  });

  it('is TLS where the registry speaks it, and a certificate nobody trusts is never asked in the clear', async () => {
    const registry = await start({ tls: true });
    const failure = await failureOf(clientOf(registry).ping());
    expect(failure).toMatchObject({ code: 'tls-untrusted' });
    expect(registry.requests).toEqual([]);
  });

  it('takes a certificate by its authority, or any when told so', async () => {
    const registry = await start({ tls: true });
    const facts = { scheme: 'https', auth: 'none' };
    expect(await clientOf(registry, { ca: testCertificate().cert }).ping()).toEqual(facts);
    expect(await clientOf(registry, { insecure: true }).ping()).toEqual(facts);
  });

  it('is what the person says', async () => {
    const registry = await start();
    expect(await clientOf(registry, { plainHttp: true }).ping()).toMatchObject({ scheme: 'http' });
    expect(await codeOf(clientOf(registry, { plainHttp: false }).ping())).toBe('unreachable');
  });

  it('is plain HTTP for a server that waits for more of a greeting', async () => {
    const server = net.createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', (data) => {
        if (data.toString('latin1').startsWith('GET '))
          socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    stops.push(() => new Promise((resolve) => server.close(resolve)));
    const { port } = server.address() as net.AddressInfo;
    expect(await clientOf({ host: `127.0.0.1:${port}` }).ping()).toMatchObject({ scheme: 'http' });
  }, 10_000);
});

describe('a registry that is not there', () => {
  it('is told at once, with its name', async () => {
    const registry = await startTestRegistry();
    await registry.stop();
    const waits: number[] = [];
    const failure = await failureOf(clientOf(registry, { waits }).repository('team/model').resolve('v1'));
    expect(failure).toMatchObject({ code: 'unreachable', retryable: true });
    expect(String(failure)).toContain(`${registry.host}: the connection was refused`);
    expect(waits).toEqual([]);
  });

  it('may be something else that answers', async () => {
    const server = net.createServer((socket) => {
      socket.on('error', () => {});
      socket.resume();
      socket.end('SSH-2.0-OpenSSH_9.9\r\n');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    stops.push(() => new Promise((resolve) => server.close(resolve)));
    const { port } = server.address() as net.AddressInfo;
    expect(await codeOf(clientOf({ host: `127.0.0.1:${port}` }).ping())).toBe('registry-failed');
  });

  it('is refused without a request where its name is not a host', async () => {
    for (const host of ['a b', 'user@host', 'host/path', 'host:99999', ''])
      expect(await codeOf(clientOf({ host }, { plainHttp: true }).ping())).toBe('reference-invalid');
  });
});

describe('redirects', () => {
  it('are followed without the login, as S3 wants it, and without our headers', async () => {
    const registry = await start({ auth: 'basic' });
    const cdn = await start();
    const { descriptor, content, bytes } = randomBlob(2_000_000);
    await clientOf(cdn).repository('team/model').push(descriptor, content);
    registry.faults.add(on('GET', '/blobs/'), redirect(cdn.origin));
    const client = clientOf(registry, { ...signedIn, headers: { 'X-Secret': 'shh' } });
    await client.repository('team/model').push(descriptor, content);
    cdn.requests.length = 0;
    const fetched = await client.repository('team/model').fetch(descriptor);
    expect((await bytesOf(fetched)).byteLength).toBe(bytes.byteLength);
    expect(cdn.requests).toHaveLength(1);
    expect(cdn.requests[0]?.headers).not.toHaveProperty('authorization');
    expect(cdn.requests[0]?.headers).not.toHaveProperty('x-secret');
    const asked = registry.requests.filter(({ method }) => method === 'GET');
    expect(asked.every(({ headers }) => headers['x-secret'] === 'shh')).toBe(true);
  });

  it('keep the login within the registry’s own origin', async () => {
    const registry = await start({ auth: 'basic' });
    const { descriptor, content } = randomBlob(2_000_000);
    const repository = clientOf(registry, signedIn).repository('team/model');
    await repository.push(descriptor, content);
    registry.faults.add(on('GET', '/blobs/'), redirect(`${registry.origin}/`.slice(0, -1), 302), 1);
    expect((await bytesOf(await repository.fetch(descriptor))).byteLength).toBe(2_000_000);
  });

  it('go no further than five hops', async () => {
    const registry = await start();
    registry.faults.add(on('GET', '/blobs/'), redirect(registry.origin));
    const content = clientOf(registry).repository('team/model').fetch(blob('x').descriptor);
    expect(await codeOf(content)).toBe('registry-failed');
    expect(registry.requests).toHaveLength(6);
  });

  it('never lead from https to plain http', async () => {
    const registry = await start({ tls: true });
    const plain = await start();
    registry.faults.add(on('GET', '/blobs/'), redirect(plain.origin));
    const client = clientOf(registry, { ca: testCertificate().cert });
    expect(await codeOf(client.repository('team/model').fetch(blob('x').descriptor))).toBe('registry-failed');
    expect(plain.requests).toEqual([]);
  });
});

describe('signing in', () => {
  it('asks to pull only, and once, for reads; and to push for writes', async () => {
    const registry = await start({ auth: 'bearer' });
    const writer = clientOf(registry, signedIn).repository('team/model');
    const made = artifact([blob('one'), blob('two')]);
    await pushAll(writer, made);
    await writer.tag(made.root, 'v1');
    const scopes = () =>
      registry.requests.filter(({ path }) => path === '/token').map(({ query }) => query.getAll('scope'));
    expect(scopes()).toEqual([['repository:team/model:pull,push']]);
    registry.requests.length = 0;
    const reader = clientOf(registry, signedIn).repository('team/model');
    await reader.fetch(await reader.resolve('v1'));
    await collect(reader.tags());
    await Promise.all(made.pieces.map(({ descriptor }) => reader.exists(descriptor)));
    expect(scopes()).toEqual([['repository:team/model:pull']]);
  });

  it('does not let a challenge widen what a read asks for', async () => {
    const registry = await start({ auth: 'bearer' });
    const wide = `Bearer realm="${registry.origin}/token",service="x",scope="repository:team/model:pull,push,delete"`;
    registry.faults.add(on('GET', '/v2/team'), answer(401, { 'www-authenticate': wide }), 1);
    await failureOf(clientOf(registry, signedIn).repository('team/model').resolve('v1'));
    const token = registry.requests.find(({ path }) => path === '/token');
    expect(token?.query.getAll('scope')).toEqual(['repository:team/model:pull']);
  });

  it('asks for a new token ten seconds before the old one ends', async () => {
    const registry = await start({ auth: 'bearer', authOptions: { tokenLifetime: 10 } });
    const repository = clientOf(registry, signedIn).repository('team/model');
    for (let i = 0; i < 2; i += 1) await repository.exists(blob('x').descriptor);
    expect(registry.count('GET', '/token')).toBe(2);
  });

  it('uses an identity token by POST', async () => {
    const registry = await start({ auth: 'bearer', authOptions: { identityToken: 'refresh' } });
    const credentials = credentialsOf({ kind: 'identity-token', token: 'refresh' });
    await pushAll(clientOf(registry, { credentials }).repository('team/model'), artifact([blob('one')]));
    expect(registry.count('POST', '/token')).toBe(1);
  });

  it('reads public content without a login', async () => {
    const registry = await start({ auth: 'bearer', authOptions: { anonymousPull: true } });
    const made = artifact([blob('one')]);
    await pushAll(clientOf(registry, signedIn).repository('team/model'), made);
    const stranger = clientOf(registry).repository('team/model');
    expect((await stranger.resolve(made.root.digest)).digest).toBe(made.root.digest);
    expect(await codeOf(pushAll(stranger, artifact([blob('two')])))).toBe('unauthorized');
  });

  for (const auth of ['basic', 'bearer'] as const) {
    it(`says whose login was refused (${auth}), and never the password`, async () => {
      const registry = await start({ auth });
      const { log, lines } = recorder();
      const wrong = credentialsOf({ kind: 'basic', username: 'eve', password: 'hunter2-secret' });
      const failure = await failureOf(clientOf(registry, { credentials: wrong, log }).authenticate());
      expect(failure).toMatchObject({ code: 'unauthorized' });
      const everything = `${failure}\n${JSON.stringify(failure)}\n${lines.join('\n')}`;
      expect(everything).not.toContain('hunter2-secret');
      expect(everything).not.toContain(Buffer.from('eve:hunter2-secret').toString('base64'));
    });

    it(`checks a login (${auth})`, async () => {
      const registry = await start({ auth });
      expect(await clientOf(registry, signedIn).authenticate()).toEqual({ scheme: 'http', auth });
      expect(await codeOf(clientOf(registry).authenticate())).toBe('unauthorized');
    });
  }

  it('keeps tokens and query secrets out of the log and of errors', async () => {
    const registry = await start({ auth: 'bearer' });
    const { log, lines } = recorder();
    const repository = clientOf(registry, { ...signedIn, log }).repository('team/model');
    registry.faults.add(on('PUT', '/uploads/'), answer(400, {}, 'BLOB_UPLOAD_INVALID'));
    registry.faults.add(on('POST', '/uploads/'), async (call, next) => {
      const reply = await next(call);
      return {
        ...reply,
        headers: { ...reply.headers, location: `${reply.headers?.location}?X-Sig=topsecret` },
      };
    });
    const failure = await failureOf(repository.push(blob('x').descriptor, blob('x').content));
    const everything = `${failure}\n${JSON.stringify(failure)}\n${lines.join('\n')}`;
    expect(everything).not.toMatch(/topsecret|Bearer [^ ]|Basic [^ ]/);
    expect(everything).not.toContain(TEST_LOGIN.password);
    expect(lines.some((line) => line.includes('PUT'))).toBe(true);
  });

  it('goes on without a login where the store of logins is broken', async () => {
    const registry = await start({ auth: 'bearer', authOptions: { anonymousPull: true } });
    const made = artifact([blob('one')]);
    await pushAll(clientOf(registry, signedIn).repository('team/model'), made);
    const { log, lines } = recorder();
    const { OmlmdError } = await import('../../../src/core/errors.ts');
    const credentials = { get: () => Promise.reject(new OmlmdError('helper-failed', 'run helper: gone')) };
    await clientOf(registry, { credentials, log }).repository('team/model').resolve(made.root.digest);
    expect(lines.some((line) => line.startsWith('warn: run helper: gone'))).toBe(true);
  });

  it('asks once more when the person signs in meanwhile', async () => {
    const registry = await start({ auth: 'basic' });
    let credential: typeof LOGIN | undefined;
    const client = clientOf(registry, { credentials: { get: async () => credential } });
    expect(await codeOf(client.repository('team/model').exists(blob('x').descriptor))).toBe('unauthorized');
    credential = LOGIN;
    expect(await client.repository('team/model').exists(blob('x').descriptor)).toBe(false);
  });
});

describe('the token service', () => {
  const challenge = (realm: string) =>
    withHeaders({ 'www-authenticate': `bearer Realm="${realm}", service=x` });

  it('on another origin over plain HTTP gets no request, with a login or without', async () => {
    const registry = await start({ auth: 'bearer' });
    const thief = await start({ auth: 'bearer', authOptions: { anonymousPull: true } });
    registry.faults.add(on('GET', '/v2/'), challenge(`${thief.origin}/token`));
    for (const options of [signedIn, {}])
      expect(await codeOf(clientOf(registry, options).repository('team/model').resolve('v1'))).toBe('denied');
    expect(thief.requests).toEqual([]);
  });

  it('leads by no redirect to where the registry could not have named it, and may lead elsewhere over TLS', async () => {
    const inside = await start({ auth: 'bearer', authOptions: { anonymousPull: true } });
    const service = await start({ auth: 'bearer', authOptions: { anonymousPull: true }, tls: true });
    for (const options of [signedIn, {}])
      for (const status of [302, 307]) {
        const registry = await start({ auth: 'bearer' });
        const resolve = (to: string) => {
          registry.faults.clear();
          registry.faults.add(on('GET', '/token'), redirect(to, status));
          const client = clientOf(registry, { ...options, ca: testCertificate().cert });
          return failureOf(client.repository('team/model').resolve('v1'));
        };
        const failure = await resolve(inside.origin);
        expect(failure).toMatchObject({ code: 'denied' });
        expect(String(failure)).toContain('another server over plain HTTP');
        expect(inside.requests).toEqual([]);
        await resolve(service.origin);
        expect(service.requests.splice(0).map(({ path, headers }) => [path, headers.authorization])).toEqual([
          ['/token', undefined],
        ]);
      }
  });

  it('on another origin over TLS is shown once, and remembered', async () => {
    const service = await start({ auth: 'bearer', tls: true });
    const registry = await start({ auth: 'bearer' });
    registry.faults.add(on(undefined, '/v2/'), challenge(`${service.origin}/token`));
    const known = new Set<string>();
    const ask = async () => {
      const { log, lines } = recorder();
      const client = clientOf(registry, {
        ...signedIn,
        log,
        ca: testCertificate().cert,
        knownRealm: (host, origin) => known.has(`${host} ${origin}`),
        rememberRealm: (host, origin) => void known.add(`${host} ${origin}`),
      });
      await failureOf(client.repository('team/model').resolve('v1'));
      return lines.filter((line) => line.startsWith('warn'));
    };
    expect(await ask()).toEqual([expect.stringContaining(service.origin)]);
    expect([...known]).toEqual([`${registry.host} ${service.origin}`]);
    expect(await ask()).toEqual([]);
    expect(service.requests[0]?.headers.authorization).toMatch(/^Basic /);
    expect(service.requests).toHaveLength(2);
  });
});

describe('the catalog', () => {
  it('comes page by page', async () => {
    const registry = await start({ pageSize: 2 });
    for (const name of ['a/x', 'b/x', 'c/x'])
      await pushAll(clientOf(registry).repository(name), artifact([blob(name)]));
    expect(await collect(clientOf(registry).repositories())).toEqual(['a/x', 'b/x', 'c/x']);
  });

  it('may be missing, or not be for everybody', async () => {
    const registry = await start();
    const list = () => codeOf(collect(clientOf(registry, signedIn).repositories()));
    for (const [status, code] of [
      [404, 'unsupported'],
      [405, 'unsupported'],
      [401, 'denied'],
      [403, 'denied'],
    ] as const) {
      registry.faults.clear();
      registry.faults.add(on('GET', '/_catalog'), answer(status));
      expect(await list()).toBe(code);
    }
  });

  it('leaves out what is no repository name', async () => {
    const registry = await start();
    const body = Buffer.from(
      JSON.stringify({ repositories: ['ok/name', '../../etc', '\u001b[2J', 7, 'UPPER'] }),
    );
    registry.faults.add(on('GET', '/_catalog'), async () => ({ status: 200, body }));
    expect(await collect(clientOf(registry).repositories())).toEqual(['ok/name']);
  });
});
