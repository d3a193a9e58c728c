import type { OmlmdError } from '../errors.ts';
import type { Log } from '../log.ts';
import { type AgentOptions, Agents } from './agents.ts';
import { Authorizer, type RealmMemory } from './authorizer.ts';
import type { CredentialStore } from './credentials.ts';
import { exchange, type HttpResponse, type RequestBody } from './http-exchange.ts';
import { findOrigin } from './origin.ts';
import { checkRealm } from './realm.ts';
import { followRedirects } from './redirect.ts';
import { readBody } from './response-body.ts';
import { redactUrl, responseError } from './response-error.ts';
import { DEFAULT_RETRIES, RetryBudget, type Sleep, sleep, type WaitOptions } from './retry-budget.ts';
import type { Scope } from './scopes.ts';
import { MAX_TOKEN_BYTES, type TokenRequest } from './token.ts';

/** Milliseconds without a byte before a request is given up and tried again (R16). */
const DEFAULT_STALL_MS = 30_000;

/** How to talk to one registry. */
export interface TransportOptions extends AgentOptions, RealmMemory {
  /** Host with port, as the person wrote it. */
  readonly registry: string;
  /** True: plain HTTP; false: TLS; undefined: TLS, but plain HTTP for a loopback registry that does not speak it. */
  readonly plainHttp?: boolean | undefined;
  /** Sent to the registry's own origin with every request. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Tries after the first; default 5. */
  readonly retries?: number | undefined;
  /** Milliseconds without a byte; default 30,000. */
  readonly timeoutMs?: number | undefined;
  readonly credentials: CredentialStore;
  readonly log: Log;
  /** How to wait; for tests. */
  readonly sleep?: Sleep | undefined;
}

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface RegistryRequest extends WaitOptions {
  readonly method: Method;
  /** A path on the registry, or a URL it gave (an upload session, a next page). */
  readonly target: string | URL;
  /** For errors: what is being done, to what. */
  readonly doing: string;
  readonly scopes: readonly Scope[];
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: RequestBody | undefined;
  /** Statuses besides 2xx that are answers, not errors. */
  readonly accept?: readonly number[] | undefined;
  /** False: as a stranger, and a 401 is an error like others. */
  readonly authenticate?: boolean | undefined;
  /** Milliseconds without a byte, where this request needs more than the rest. */
  readonly stallMs?: number | undefined;
}

interface Connection {
  readonly origin: URL;
  /** Its text; making it anew for each comparison takes longer than the comparison. */
  readonly own: string;
  readonly authorizer: Authorizer;
}

/** Waits below this are not told of, milliseconds. */
const SHORT_WAIT_MS = 2000;

/** The one way to a registry: scheme, login, redirects, retries, limits and errors of every request are here. */
export class RegistryTransport {
  readonly registry: string;
  readonly log: Log;
  readonly #options: TransportOptions;
  readonly #agents: Agents;
  #connection: Promise<Connection> | undefined;
  /** When the wait ends that was told of last, milliseconds of `performance.now`. */
  #toldUntil = 0;

  constructor(options: TransportOptions) {
    this.registry = options.registry;
    this.log = options.log;
    this.#options = options;
    this.#agents = new Agents(options);
  }

  /** `http` or `https`, by asking if need be. */
  async scheme(): Promise<'http' | 'https'> {
    return (await this.#connect()).origin.protocol === 'http:' ? 'http' : 'https';
  }

  async hasLogin(): Promise<boolean> {
    return (await this.#connect()).authorizer.hasLogin();
  }

  budget(): RetryBudget {
    const { retries, sleep: sleeping, log } = this.#options;
    return new RetryBudget(retries ?? DEFAULT_RETRIES, sleeping ?? sleep, log, (ms) => this.#tellOfWait(ms));
  }

  /** A person sees why nothing moves; of requests that are all put off at once, one tells. */
  #tellOfWait(ms: number): void {
    const until = performance.now() + ms;
    if (ms < SHORT_WAIT_MS || until < this.#toldUntil + SHORT_WAIT_MS) return;
    this.#toldUntil = until;
    this.log.warn(`${this.registry}: waiting ${Math.ceil(ms / 1000)} s, the registry asked for it`);
  }

  /** A pause that is no retry of a request. */
  pause(ms: number, signal?: AbortSignal): Promise<void> {
    return (this.#options.sleep ?? sleep)(ms, signal);
  }

  /** A request, tried again while that makes sense. `read` is inside: an answer that breaks off is asked for again. */
  async request<T>(request: RegistryRequest, read: (response: HttpResponse) => Promise<T> | T): Promise<T> {
    const budget = this.budget();
    for (;;) {
      try {
        const response = await this.attempt(request);
        try {
          return await read(response);
        } finally {
          response.discard();
        }
      } catch (error) {
        await budget.wait(error, request);
      }
    }
  }

  /** A request, tried once (and once more after a 401). The caller reads or discards the answer. */
  async attempt(request: RegistryRequest): Promise<HttpResponse> {
    const { origin, own, authorizer } = await this.#connect();
    const url = new URL(request.target, origin);
    // An upload session may live elsewhere; our login stays here (S14).
    const trusted = url.origin === own && request.authenticate !== false;
    const used = trusted ? await authorizer.authorization(request.scopes, request.signal) : undefined;
    let response = await this.#send(request, origin, url, used);
    if (response.status === 401 && trusted && response.url.origin === own) {
      const ask = { method: request.method, scopes: request.scopes, used };
      const next = await authorizer.afterChallenge(response.headers['www-authenticate'], ask, request.signal);
      if (next !== undefined) {
        response.discard();
        response = await this.#send(request, origin, url, next);
      }
    }
    if (isSuccess(response.status) || request.accept?.includes(response.status)) return response;
    const asked = response.status === 401 || response.status === 403;
    const asking = asked && trusted ? await authorizer.identity() : undefined;
    throw await errorOf({ ...request, asking }, response);
  }

  /** Closes idle connections; a process ends without it. */
  close(): void {
    this.#agents.close();
  }

  #connect(): Promise<Connection> {
    this.#connection ??= this.#findConnection().catch((error: unknown) => {
      this.#connection = undefined; // not reached now says nothing about the next call
      throw error;
    });
    return this.#connection;
  }

  async #findConnection(): Promise<Connection> {
    const origin = await findOrigin(this.registry, this.#options.plainHttp);
    const send = (request: TokenRequest, doing: string) => this.#askToken(request, doing, origin);
    return { origin, own: origin.origin, authorizer: new Authorizer({ ...this.#options, origin, send }) };
  }

  #send(request: RegistryRequest, origin: URL, url: URL, authorization: string | undefined) {
    const secret: Record<string, string> = {};
    for (const [name, value] of Object.entries(this.#options.headers ?? {}))
      secret[name.toLowerCase()] = value;
    if (authorization !== undefined) secret.authorization ??= authorization;
    const to = (hop: URL) =>
      this.#hop({ ...request, url: hop, secret: hop.origin === origin.origin ? secret : {} }, origin);
    return followRedirects({ method: request.method, url, doing: request.doing }, to);
  }

  /**
   * A redirected form would hand the identity token on, so only GET follows redirects, and none of them to where the
   * registry could not have named its token service itself (S16).
   */
  async #askToken(request: TokenRequest, doing: string, origin: URL): Promise<Uint8Array> {
    const { method, url, authorization, form } = request;
    const secret = authorization === undefined ? {} : { authorization };
    const headers = form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' };
    const body = form === undefined ? undefined : [Buffer.from(form)];
    const to = (hop: URL) =>
      this.#hop(
        { method, url: hop, doing, headers, body, secret: hop.origin === url.origin ? secret : {} },
        origin,
      );
    const check = (next: URL) => checkRealm(next.href, origin);
    const response =
      method === 'GET' ? await followRedirects({ method, url, doing, check }, to) : await to(url);
    if (response.status !== 200)
      throw await errorOf({ method, doing, asking: loginOf(authorization ?? form) }, response);
    return readBody(response, MAX_TOKEN_BYTES, doing);
  }

  async #hop(
    hop: Omit<RegistryRequest, 'target' | 'scopes'> & {
      readonly url: URL;
      readonly secret: Readonly<Record<string, string>>;
    },
    origin: URL,
  ): Promise<HttpResponse> {
    const response = await exchange({
      method: hop.method,
      url: hop.url,
      headers: { 'user-agent': 'omlmd', 'accept-encoding': 'identity', ...hop.headers, ...hop.secret },
      body: hop.body,
      agent: this.#agents.agentFor(hop.url, origin),
      stallMs: hop.stallMs ?? this.#options.timeoutMs ?? DEFAULT_STALL_MS,
      signal: hop.signal,
      doing: hop.doing,
    });
    this.log.debug(`${hop.method} ${redactUrl(hop.url)} ${response.status}`);
    return response;
  }
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

function loginOf(secret: string | undefined): string {
  return secret === undefined ? 'an anonymous request' : 'the login';
}

async function errorOf(
  request: { readonly method: string; readonly doing: string; readonly asking?: string | undefined },
  response: HttpResponse,
): Promise<OmlmdError> {
  try {
    return await responseError(request, response);
  } finally {
    response.discard();
  }
}
