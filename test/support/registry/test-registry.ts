import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import type http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '../../../src/core/log.ts';
import {
  createHttpServer,
  failExchange,
  type HttpServerOptions,
} from '../../../src/core/server/http-server.ts';
import { StoreRegistry } from '../../../src/core/server/registry.ts';
import { parseRoute } from '../../../src/core/server/route.ts';
import { LocalStore } from '../../../src/core/store/local-store.ts';
import { RegistryAuth, type RegistryAuthOptions } from './registry-auth.ts';
import { RegistryFaults } from './registry-faults.ts';
import { ConnectionEnd, type RegistryCall, type RegistryHandler } from './registry-handler.ts';
import { type RegistryPowers, withPowers } from './registry-powers.ts';
import { StoredRepositories } from './stored-repositories.ts';

export interface TestRegistryOptions extends RegistryPowers {
  /** Entries of a page of tags, repositories and referrers. Default: as the registry has it. */
  readonly pageSize?: number | undefined;
  /** `basic` and `bearer`: the login is {@link TEST_LOGIN}. Default `none`. */
  readonly auth?: 'none' | 'basic' | 'bearer' | undefined;
  readonly authOptions?: Partial<RegistryAuthOptions> | undefined;
  /** Serve https with {@link testCertificate}, which nobody trusts. */
  readonly tls?: boolean | undefined;
}

/** A request as it came, and what was answered; 0 while nothing was. */
export interface LoggedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | undefined>>;
  status: number;
  /** Bytes of its body that arrived. */
  bytes: number;
}

/** The registry behind its faults and logins. */
export interface TestStorage {
  readonly repositories: StoredRepositories;
  handle: RegistryHandler;
  /** Forgets every upload that has begun, as a registry does that was started again. */
  dropSessions(): void;
}

export interface TestRegistry {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  readonly origin: string;
  readonly requests: LoggedRequest[];
  readonly faults: RegistryFaults;
  readonly memory: TestStorage;
  /** Undefined without logins. */
  readonly auth: RegistryAuth | undefined;
  /** Requests by method and part of the path. */
  count(method: string, path?: string): number;
  stop(): Promise<void>;
}

export const TEST_LOGIN = { username: 'ci', password: 'correct horse' } as const;

/** PEM texts of a certificate for localhost and its addresses; `cert` is its own authority. */
export function testCertificate(): { readonly cert: string; readonly key: string } {
  const read = (name: string) => readFileSync(new URL(`./tls/${name}.pem`, import.meta.url), 'utf8');
  return { cert: read('cert'), key: read('key') };
}

/**
 * The registry of `omlmd serve` over a folder of its own, on a port of its own on loopback, with its storage, its
 * faults and its log in the test's hands.
 */
export async function startTestRegistry(options: TestRegistryOptions = {}): Promise<TestRegistry> {
  const { auth: kind = 'none' } = options;
  const folder = await mkdtemp(join(tmpdir(), 'omlmd-registry-'));
  const store = new LocalStore(folder);
  const registry = new StoreRegistry(store, { pageSize: options.pageSize });
  const faults = new RegistryFaults();
  const auth =
    kind === 'none' ? undefined : new RegistryAuth({ kind, ...TEST_LOGIN, ...options.authOptions });
  const requests: LoggedRequest[] = [];
  const repositories = new StoredRepositories(store, (name) => registry.sessions.count(name));
  const plain = withPowers(options, (call) => {
    const route = parseRoute(call.url.pathname);
    if ('name' in route && call.method !== 'GET' && call.method !== 'HEAD') repositories.note(route.name);
    return registry.handle(call);
  });
  const handler = logged(requests, faults.around(auth?.around(plain) ?? plain));
  const server = createHttpServer(handler, {
    log: silentLog,
    tls: options.tls ? testCertificate() : undefined,
    onFailure: endOrFail,
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // listening on TCP
  const host = `127.0.0.1:${port}`;
  return {
    host,
    origin: `${options.tls ? 'https' : 'http'}://${host}`,
    requests,
    faults,
    memory: {
      repositories,
      handle: plain,
      dropSessions: () => void registry.sessions.drop(),
    },
    auth,
    count: (method, path = '') =>
      requests.filter((request) => request.method === method && request.path.includes(path)).length,
    stop: async () => {
      await closeAtOnce(server);
      await registry.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function closeAtOnce(server: http.Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** Writes down every request before anything else sees it. */
function logged(requests: LoggedRequest[], next: RegistryHandler): RegistryHandler {
  return async (call) => {
    const { method, url, headers } = call;
    const { pathname: path, searchParams } = url;
    const query = new URLSearchParams(searchParams); // a fault may change its own
    const entry: LoggedRequest = { method, path, query, headers, status: 0, bytes: 0 };
    requests.push(entry);
    const reply = await next({ ...call, body: counted(call, entry) });
    entry.status = reply.status;
    return reply;
  };
}

async function* counted({ body }: RegistryCall, entry: LoggedRequest): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    entry.bytes += chunk.byteLength;
    yield chunk;
  }
}

const endOrFail: HttpServerOptions['onFailure'] = (error, exchange, log) => {
  if (error instanceof ConnectionEnd) end(exchange.socket, error);
  else failExchange(error, exchange, log);
};

function end(socket: Socket, { how }: ConnectionEnd): void {
  if (how === 'close') socket.end();
  // What was written before must be on its way, or the client sees a reset without it.
  else setTimeout(() => ('encrypted' in socket ? socket.destroy() : socket.resetAndDestroy()), 20);
}
