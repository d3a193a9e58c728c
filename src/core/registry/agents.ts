import http from 'node:http';
import https from 'node:https';
import tls from 'node:tls';

/** Connections to one host at once: 12 small requests beside 3 blobs, with room for the ranges of one. */
const DEFAULT_MAX_CONNECTIONS = 16;

export interface AgentOptions {
  /** Take any certificate. */
  readonly insecure?: boolean | undefined;
  /** PEM texts. `ca` is added to the roots that are trusted anyway. */
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly maxConnections?: number | undefined;
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
      this.#http ??= new http.Agent(this.#common());
      return this.#http;
    }
    if (url.origin !== registry.origin) {
      this.#foreign ??= new https.Agent({ ...this.#common(), ...this.#trust() });
      return this.#foreign;
    }
    const { cert, key } = this.#options;
    this.#own ??= new https.Agent({
      ...this.#common(),
      ...this.#trust(),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    });
    return this.#own;
  }

  close(): void {
    for (const agent of [this.#http, this.#own, this.#foreign]) agent?.destroy();
  }

  #common() {
    return { keepAlive: true, maxSockets: this.#options.maxConnections ?? DEFAULT_MAX_CONNECTIONS };
  }

  #trust() {
    const { ca, insecure } = this.#options;
    return {
      ...(ca === undefined ? {} : { ca: [...tls.getCACertificates('default'), ca] }),
      ...(insecure === true ? { rejectUnauthorized: false } : {}),
    };
  }
}
