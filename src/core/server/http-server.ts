import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import { escapeControls } from '../errors.ts';
import type { Log } from '../log.ts';
import { errorReply, type RegistryHandler, type RegistryReply } from './registry-call.ts';

/** Bytes of a request's line and headers: a name, a tag, a long token. Stops headers without end. */
const MAX_HEADER_BYTES = 32 * 1024;
/** Until all headers of a request must be here, milliseconds. Stops clients that send one byte at a time. */
const HEADERS_TIMEOUT_MS = 20 * 1000;
/** A connection on which no byte moves for so long, while it is the client's turn, is ended, milliseconds. */
const IDLE_TIMEOUT_MS = 2 * 60 * 1000;
/** Connections at once. Stops a client from using up the files this process may open. */
const MAX_CONNECTIONS = 512;

export interface TlsFiles {
  /** PEM texts. */
  readonly cert: string;
  readonly key: string;
}

/** One request and its answer, for what takes care of failures. */
export interface Exchange {
  readonly incoming: http.IncomingMessage;
  readonly outgoing: http.ServerResponse;
  /** Gone from the request once that is destroyed. */
  readonly socket: Socket;
}

export interface HttpServerOptions {
  readonly log: Log;
  readonly tls?: TlsFiles | undefined;
  /** For tests, milliseconds. */
  readonly idleTimeoutMs?: number | undefined;
  /** What a handler's rejection becomes; default {@link failExchange}. */
  readonly onFailure?: ((error: unknown, exchange: Exchange, log: Log) => void) | undefined;
}

/** A server that is not listening yet, for a handler. Throws what Node throws of a certificate that is none. */
export function createHttpServer(
  handler: RegistryHandler,
  options: HttpServerOptions,
): http.Server | https.Server {
  const { tls, idleTimeoutMs = IDLE_TIMEOUT_MS } = options;
  const limits = {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: HEADERS_TIMEOUT_MS,
    // A model takes as long as it takes; what stands still is ended below.
    requestTimeout: 0,
  };
  const current = new WeakMap<Socket, Exchange>();
  const listener: http.RequestListener = (incoming, outgoing) => {
    const exchange = { incoming, outgoing, socket: incoming.socket };
    current.set(exchange.socket, exchange);
    void answer(handler, options, exchange);
  };
  const server =
    tls === undefined
      ? http.createServer(limits, listener)
      : https.createServer({ ...limits, ...tls, minVersion: 'TLSv1.2' }, listener);
  server.maxConnections = MAX_CONNECTIONS;
  server.setTimeout(idleTimeoutMs, (socket: Socket) => {
    if (!isOurTurn(current.get(socket))) socket.destroy();
  });
  return server;
}

/** Whether all of a request is here and nothing of its answer is sent: then nobody but us is slow. */
function isOurTurn(exchange: Exchange | undefined): boolean {
  return exchange?.incoming.complete === true && !exchange.outgoing.headersSent;
}

async function answer(
  handler: RegistryHandler,
  { log, tls, onFailure = failExchange }: HttpServerOptions,
  exchange: Exchange,
): Promise<void> {
  const { incoming, outgoing } = exchange;
  const { method = '', headers } = incoming;
  const url = parseTarget(incoming, tls === undefined ? 'http' : 'https');
  if (url === undefined) return write(outgoing, errorReply(400, 'UNSUPPORTED', 'no such endpoint'), false);
  const flat = Object.entries(headers).map(([name, value]) => [name, value?.toString()]);
  // Whoever stops reading leaves the rest to the server, which still has an answer to send.
  const body = incoming.iterator({ destroyOnReturn: false });
  try {
    const hangUp = () => incoming.destroy();
    const reply = await handler({ method, url, headers: Object.fromEntries(flat), body, hangUp });
    log.debug(`${method} ${escapeControls(url.pathname)} ${reply.status}`);
    await write(outgoing, reply, method === 'HEAD');
  } catch (error) {
    onFailure(error, exchange, log);
  }
}

/** A path of this server; undefined for a whole URL, as proxies are sent it, and for what is none. */
function parseTarget({ url = '', headers }: http.IncomingMessage, scheme: string): URL | undefined {
  if (!url.startsWith('/') || url.startsWith('//')) return undefined;
  const host = headers.host ?? 'localhost';
  return URL.parse(url, `${scheme}://${host}`) ?? URL.parse(url, `${scheme}://localhost`) ?? undefined;
}

/** Nothing where the client is gone, an end that shows where the answer has begun, else 500; the log has the reason. */
export function failExchange(error: unknown, { outgoing }: Exchange, log: Log): void {
  if (outgoing.destroyed || outgoing.socket === null || outgoing.socket.destroyed) return;
  log.warn(`a request failed: ${escapeControls(error instanceof Error ? error.message : String(error))}`);
  if (outgoing.headersSent) outgoing.destroy();
  else void write(outgoing, errorReply(500, 'UNKNOWN', 'the registry failed'), false);
}

async function write(outgoing: http.ServerResponse, reply: RegistryReply, isHead: boolean): Promise<void> {
  const { status, headers, body = new Uint8Array() } = reply;
  const length = body instanceof Uint8Array ? { 'content-length': String(body.byteLength) } : {};
  const safe = { 'x-content-type-options': 'nosniff' };
  outgoing.writeHead(status, status === 204 ? { ...safe, ...headers } : { ...safe, ...length, ...headers });
  if (isHead || body instanceof Uint8Array) {
    outgoing.end(isHead ? undefined : body);
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
