import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { MemoryRegistry, type MemoryRegistryOptions } from './memory-registry.ts';
import { RegistryAuth, type RegistryAuthOptions } from './registry-auth.ts';
import { RegistryFaults } from './registry-faults.ts';
import { ConnectionEnd, failed, type RegistryHandler, type RegistryReply } from './registry-handler.ts';

export interface TestRegistryOptions extends MemoryRegistryOptions {
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
  readonly headers: http.IncomingHttpHeaders;
  status: number;
  /** Bytes of its body that arrived. */
  bytes: number;
}

export interface TestRegistry {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  readonly origin: string;
  readonly requests: LoggedRequest[];
  readonly faults: RegistryFaults;
  readonly memory: MemoryRegistry;
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

/** A real registry on a port of its own on loopback, with its storage, its faults and its log in the test's hands. */
export async function startTestRegistry(options: TestRegistryOptions = {}): Promise<TestRegistry> {
  const { auth: kind = 'none' } = options;
  const memory = new MemoryRegistry(options);
  const faults = new RegistryFaults();
  const auth =
    kind === 'none' ? undefined : new RegistryAuth({ kind, ...TEST_LOGIN, ...options.authOptions });
  const plain: RegistryHandler = (call) => memory.handle(call);
  const handler = faults.around(auth?.around(plain) ?? plain);
  const requests: LoggedRequest[] = [];
  const scheme = options.tls ? 'https' : 'http';
  const listener: http.RequestListener = (incoming, outgoing) => {
    void serve(handler, scheme, requests, incoming, outgoing);
  };
  const server = options.tls ? https.createServer(testCertificate(), listener) : http.createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // listening on TCP
  const host = `127.0.0.1:${port}`;
  return {
    host,
    origin: `${scheme}://${host}`,
    requests,
    faults,
    memory,
    auth,
    count: (method, path = '') =>
      requests.filter((request) => request.method === method && request.path.includes(path)).length,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function serve(
  handler: RegistryHandler,
  scheme: string,
  requests: LoggedRequest[],
  incoming: http.IncomingMessage,
  outgoing: http.ServerResponse,
): Promise<void> {
  const url = new URL(incoming.url ?? '/', `${scheme}://${incoming.headers.host}`);
  const logged: LoggedRequest = {
    method: incoming.method ?? '',
    path: url.pathname,
    query: url.searchParams,
    headers: incoming.headers,
    status: 0,
    bytes: 0,
  };
  requests.push(logged);
  const { socket } = incoming; // gone from the request once that is destroyed
  const headers = Object.fromEntries(
    Object.entries(incoming.headers).map(([name, value]) => [name, value?.toString()]),
  );
  try {
    const reply = await handler({ method: logged.method, url, headers, body: counted(incoming, logged) });
    logged.status = reply.status;
    await write(outgoing, reply, logged.method === 'HEAD');
  } catch (error) {
    if (error instanceof ConnectionEnd) end(socket, error);
    else if (outgoing.headersSent) outgoing.destroy();
    else await write(outgoing, failed(500, 'UNKNOWN', String(error)), false);
  }
}

async function* counted(incoming: http.IncomingMessage, logged: LoggedRequest): AsyncGenerator<Uint8Array> {
  for await (const chunk of incoming.iterator({ destroyOnReturn: false })) {
    logged.bytes += chunk.length;
    yield chunk;
  }
}

async function write(outgoing: http.ServerResponse, reply: RegistryReply, head: boolean): Promise<void> {
  const { body = new Uint8Array() } = reply;
  const length = body instanceof Uint8Array ? { 'content-length': String(body.byteLength) } : {};
  outgoing.writeHead(reply.status, reply.status === 204 ? reply.headers : { ...length, ...reply.headers });
  if (head || body instanceof Uint8Array) {
    outgoing.end(head ? undefined : body);
    return;
  }
  for await (const chunk of body) {
    if (outgoing.destroyed) return;
    if (!outgoing.write(chunk)) await writableAgain(outgoing);
  }
  outgoing.end();
}

function writableAgain(outgoing: http.ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      outgoing.removeListener('drain', done);
      outgoing.removeListener('close', done);
      resolve();
    };
    outgoing.once('drain', done);
    outgoing.once('close', done);
  });
}

function end(socket: Socket, { how }: ConnectionEnd): void {
  if (how === 'close') socket.end();
  // What was written before must be on its way, or the client sees a reset without it.
  else setTimeout(() => ('encrypted' in socket ? socket.destroy() : socket.resetAndDestroy()), 20);
}
