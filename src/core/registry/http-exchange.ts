import http from 'node:http';
import https from 'node:https';
import { OmlmdError } from '../errors.ts';
import type { StreamOptions } from '../oci/content.ts';
import { BodyReader } from './body-reader.ts';
import { networkError } from './network-error.ts';

/** A request body that can be sent again: a retry, a redirect and a new token each need it from the start. */
export type RequestBody = readonly Uint8Array[] | StreamedBody;

export interface StreamedBody {
  /** Bytes; sent as Content-Length. */
  readonly size: number;
  chunks(): AsyncIterable<Uint8Array>;
}

export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: RequestBody | undefined;
  readonly agent: http.Agent;
  /** Milliseconds without a byte in either direction before the request is given up (R16). */
  readonly stallMs: number;
  readonly signal?: AbortSignal | undefined;
  /** What the request is for, as errors say it. */
  readonly doing: string;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  /** Where the answer came from, after redirects. */
  readonly url: URL;
  /** The bytes as sent, once: nothing is inflated (S6). Leaving the loop early closes the connection (S11). */
  body(options?: StreamOptions): AsyncIterable<Uint8Array>;
  /** Gives the connection back, or closes it when much is left; every response is read to its end or discarded. */
  discard(): void;
}

/** Longest rest of an unwanted body that is read to keep a connection, bytes; more is cheaper to hang up on. */
const MAX_DRAINED_BYTES = 64 * 1024;

/** One request and its answer, whatever its status. Fails with an {@link OmlmdError} or the signal's reason. */
export async function exchange(request: HttpRequest): Promise<HttpResponse> {
  request.signal?.throwIfAborted();
  const outgoing = start(request);
  const abort = () => outgoing.destroy();
  request.signal?.addEventListener('abort', abort, { once: true });
  outgoing.once('close', () => request.signal?.removeEventListener('abort', abort));
  try {
    const answered = answer(outgoing);
    // Sending goes on beside waiting: a registry may refuse a body before it has all of it.
    send(outgoing, request.body).catch((error: unknown) => outgoing.destroy(asError(error)));
    return received(request, outgoing, await answered);
  } catch (error) {
    throw failure(request, error);
  }
}

function start(request: HttpRequest): http.ClientRequest {
  const { method, url, headers, agent, stallMs } = request;
  const client = url.protocol === 'https:' ? https : http;
  const outgoing = client.request(url, {
    method,
    headers: withLength(request, headers),
    agent,
    timeout: stallMs,
  });
  outgoing.on('timeout', () => outgoing.destroy(stalled(request)));
  return outgoing;
}

function withLength({ method, body }: HttpRequest, headers: Readonly<Record<string, string>>) {
  if (body !== undefined) return { ...headers, 'content-length': String(sizeOf(body)) };
  return method === 'GET' || method === 'HEAD' ? { ...headers } : { ...headers, 'content-length': '0' };
}

function sizeOf(body: RequestBody): number {
  return 'size' in body ? body.size : body.reduce((sum, chunk) => sum + chunk.byteLength, 0);
}

interface Answer {
  readonly incoming: http.IncomingMessage;
  readonly reader: BodyReader;
}

function answer(outgoing: http.ClientRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let answered = false;
    outgoing.once('response', (incoming) => {
      answered = true;
      resolve({ incoming, reader: new BodyReader(incoming) });
    });
    // Stays: an EPIPE that follows an early answer must not become an unhandled error.
    outgoing.on('error', reject);
    outgoing.once('close', () => {
      // An error takes longer to make than all else of a request's end.
      if (!answered) reject(Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }));
    });
  });
}

async function send(outgoing: http.ClientRequest, body: RequestBody | undefined): Promise<void> {
  if (body !== undefined && 'size' in body) {
    let answered = false;
    outgoing.once('response', () => {
      answered = true;
    });
    for await (const chunk of body.chunks()) {
      if (!outgoing.write(chunk)) await writableAgain(outgoing);
      if (answered || outgoing.destroyed) return;
    }
  } else {
    for (const chunk of body ?? []) outgoing.write(chunk);
  }
  outgoing.end();
}

function writableAgain(outgoing: http.ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      for (const event of ['drain', 'close', 'response']) outgoing.removeListener(event, done);
      resolve();
    };
    for (const event of ['drain', 'close', 'response']) outgoing.once(event, done);
  });
}

function received(
  request: HttpRequest,
  outgoing: http.ClientRequest,
  { incoming, reader }: Answer,
): HttpResponse {
  // From here only the wait for a byte is timed: a slow reader is not a stalled registry.
  outgoing.setTimeout(0);
  return {
    status: incoming.statusCode ?? 0,
    headers: incoming.headers,
    url: request.url,
    body: (options = {}) => bodyOf(request, reader, options),
    discard: () => {
      if (incoming.destroyed) return;
      const left = Number(incoming.headers['content-length'] ?? Number.POSITIVE_INFINITY);
      const empty = request.method === 'HEAD' || incoming.statusCode === 204 || left <= MAX_DRAINED_BYTES;
      if (!empty || !outgoing.writableEnded) {
        incoming.destroy();
        return;
      }
      outgoing.setTimeout(request.stallMs);
      reader.drop();
    },
  };
}

async function* bodyOf(
  request: HttpRequest,
  reader: BodyReader,
  options: StreamOptions,
): AsyncGenerator<Uint8Array> {
  try {
    yield* reader.stream(options, request.stallMs, () => stalled(request));
  } catch (error) {
    throw failure(request, error);
  }
}

function stalled(request: HttpRequest): OmlmdError {
  const seconds = request.stallMs / 1000;
  const what = `${request.doing}: no byte from ${request.url.host} for ${seconds} s`;
  return new OmlmdError('timed-out', what, { retryable: true });
}

function failure(request: HttpRequest, error: unknown): unknown {
  if (request.signal?.aborted) return request.signal.reason;
  return error instanceof OmlmdError ? error : networkError(request.doing, request.url, error);
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
