import http from 'node:http';
import https from 'node:https';
import type net from 'node:net';
import tls from 'node:tls';

/** Connections to one host at once: 12 small requests beside 3 blobs, with room for the ranges of one. */
const DEFAULT_MAX_CONNECTIONS = 16;

export interface AgentOptions {
  /** Take any certificate. */
  readonly insecure?: boolean | undefined;
  /** Trust the roots of the operating system, too, where the host does not see to them itself. */
  readonly systemRoots?: boolean | undefined;
  /** PEM texts. `ca` is added to the roots that are trusted anyway. */
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly maxConnections?: number | undefined;
  /**
   * Variables that may name proxies (`HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY`), where the host does not see to proxies
   * itself. This machine is never asked through one. Node.js before 22.21 and 24.5 connects directly.
   */
  readonly proxyEnv?: Readonly<Record<string, string | undefined>> | undefined;
}

/** Names and addresses of this machine, for `NO_PROXY`. */
const THIS_MACHINE = 'localhost,127.0.0.1,[::1]';

function withoutThisMachine(env: Readonly<Record<string, string | undefined>>) {
  const listed = env.no_proxy ?? env.NO_PROXY;
  const all = listed ? `${listed},${THIS_MACHINE}` : THIS_MACHINE;
  return { ...env, no_proxy: all, NO_PROXY: all };
}

/** Bytes that one read of a plain socket may bring; they stay in the processor's cache until they are copied. */
const READ_BYTES = 256 * 1024;

/** Reads into the same memory again and again: `BodyReader` has copied what came before the next read. */
function largeReads(): net.OnReadOpts {
  return {
    buffer: Buffer.allocUnsafeSlow(READ_BYTES),
    callback(this: net.Socket, count: number, buffer: Uint8Array) {
      this.emit('data', buffer.subarray(0, count));
      return !this.isPaused();
    },
  };
}

/** The keep-alive agents of one transport; made when first needed. */
export class Agents {
  readonly #options: AgentOptions;
  #http: http.Agent | undefined;
  #own: https.Agent | undefined;
  #foreign: https.Agent | undefined;

  constructor(options: AgentOptions) {
    this.#options = options;
  }

  /** The client certificate is an identity, so it is shown to the registry and to nobody it redirects to. */
  agentFor(url: URL, registry: URL): http.Agent {
    if (url.protocol === 'http:') {
      this.#http ??= this.#plain();
      return this.#http;
    }
    if (url.origin !== registry.origin) {
      this.#foreign ??= new https.Agent({ ...this.#common(), ...this.#trust() });
      return this.#foreign;
    }
    const { cert, key } = this.#options;
    this.#own ??= new https.Agent({ ...this.#common(), ...this.#trust({ cert, key }) });
    return this.#own;
  }

  #plain(): http.Agent {
    // The agent hands `onread` on to its sockets.
    const options: http.AgentOptions & { readonly onread: net.OnReadOpts } = {
      ...this.#common(),
      onread: largeReads(),
    };
    return new http.Agent(options);
  }

  close(): void {
    for (const agent of [this.#http, this.#own, this.#foreign]) agent?.destroy();
  }

  #common() {
    const { maxConnections = DEFAULT_MAX_CONNECTIONS, proxyEnv } = this.#options;
    const proxied = proxyEnv === undefined ? {} : { proxyEnv: withoutThisMachine(proxyEnv) };
    return { keepAlive: true, maxSockets: maxConnections, ...proxied };
  }

  /** One context for all connections: to read hundreds of roots takes longer than a handshake. */
  #trust(identity: tls.SecureContextOptions = {}) {
    const secureContext = tls.createSecureContext({ ...identity, ...this.#roots() });
    return this.#options.insecure === true ? { secureContext, rejectUnauthorized: false } : { secureContext };
  }

  #roots(): tls.SecureContextOptions {
    const { ca, systemRoots } = this.#options;
    if (ca === undefined && systemRoots !== true) return {};
    const system = systemRoots === true ? tls.getCACertificates('system') : [];
    return { ca: [...tls.getCACertificates('default'), ...system, ...(ca === undefined ? [] : [ca])] };
  }
}
