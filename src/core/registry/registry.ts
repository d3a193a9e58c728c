import { OmlmdError, RegistryError } from '../errors.ts';
import type { CallOptions } from '../oci/content.ts';
import { isRepository } from '../oci/reference.ts';
import { parseChallenges } from './challenge.ts';
import { pages, stringsOf } from './pages.ts';
import { Repository } from './repository.ts';
import { headerOf } from './response-body.ts';
import { CATALOG_SCOPE } from './scopes.ts';
import { RegistryTransport, type TransportOptions } from './transport.ts';
import type { UploadMemory } from './upload-memory.ts';

/** What a registry says of itself when asked for nothing. */
export interface RegistryFacts {
  readonly scheme: 'http' | 'https';
  /** How it wants logins; `none` also where it wants them for some repositories only. */
  readonly auth: 'none' | 'basic' | 'bearer';
}

/** Statuses by which registries say that they have no catalog (R22). */
const NO_CATALOG: readonly number[] = [400, 404, 405, 501];

/** How to talk to a registry, and what is remembered of it. */
export interface RegistrySettings extends TransportOptions {
  /** Where unfinished uploads are kept for a later process (R2); undefined: nowhere. */
  readonly uploads?: UploadMemory | undefined;
}

/** A registry: its login, its list of repositories, and the way to each. One object keeps connections and tokens. */
export class Registry {
  readonly host: string;
  readonly #transport: RegistryTransport;
  readonly #uploads: UploadMemory | undefined;

  constructor(options: RegistrySettings) {
    this.host = options.registry;
    this.#uploads = options.uploads;
    this.#transport = new RegistryTransport(options);
  }

  /** Whether a registry is there, without logging in. */
  async ping(options: CallOptions = {}): Promise<RegistryFacts> {
    const doing = `connect to ${this.host}`;
    const request = { method: 'GET', target: '/v2/', doing, scopes: [], signal: options.signal } as const;
    const auth = await this.#transport.request(
      { ...request, authenticate: false, accept: [401] },
      (response): RegistryFacts['auth'] => {
        if (response.status !== 401) return 'none';
        const schemes = parseChallenges(headerOf(response, 'www-authenticate') ?? '');
        return schemes.some(({ scheme }) => scheme === 'bearer') ? 'bearer' : 'basic';
      },
    );
    return { scheme: await this.#transport.scheme(), auth };
  }

  /**
   * Checks the login that the credential store has for this registry; throws `unauthorized` if there is none or it is
   * refused. A registry that asks nobody (`none`) cannot tell.
   */
  async authenticate(options: CallOptions = {}): Promise<RegistryFacts> {
    const facts = await this.ping(options);
    if (facts.auth === 'none') return facts;
    const doing = `log in to ${this.host}`;
    if (!(await this.#transport.hasLogin()))
      throw new OmlmdError('unauthorized', `${doing}: there is no login for it`);
    const request = { method: 'GET', target: '/v2/', doing, scopes: [], signal: options.signal } as const;
    await this.#transport.request(request, () => undefined);
    return facts;
  }

  /**
   * Every repository that the registry lists. Many list none, or not to everybody: `unsupported` or `denied` then, and
   * a host falls back on the person's own list.
   */
  async *repositories(options: CallOptions = {}): AsyncGenerator<string> {
    const doing = `list the repositories of ${this.host}`;
    const request = { target: '/v2/_catalog?n=1000', doing, scopes: [CATALOG_SCOPE], signal: options.signal };
    try {
      for await (const page of pages(this.#transport, request))
        for (const name of stringsOf(page.body, 'repositories', doing)) if (isRepository(name)) yield name;
    } catch (error) {
      throw await this.#catalogError(doing, error);
    }
  }

  async #catalogError(doing: string, error: unknown): Promise<unknown> {
    if (!(error instanceof RegistryError)) return error;
    const { status } = error.response;
    if (NO_CATALOG.includes(status))
      return new OmlmdError('unsupported', `${doing}: it has no catalog (${status})`, { cause: error });
    const refused = status === 403 || (status === 401 && (await this.#transport.hasLogin()));
    if (!refused) return error;
    return new OmlmdError('denied', `${doing}: it does not show its catalog to this login (${status})`, {
      cause: error,
    });
  }

  repository(name: string): Repository {
    return new Repository(this.#transport, name, this.#uploads);
  }

  /** Closes idle connections; optional. */
  close(): void {
    this.#transport.close();
  }
}
