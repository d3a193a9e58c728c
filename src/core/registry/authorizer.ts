import { OmlmdError, quote } from '../errors.ts';
import type { Log } from '../log.ts';
import { abortable } from '../oci/abortable.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import type { Credential, CredentialStore } from './credentials.ts';
import { checkRealm } from './realm.ts';
import { covers, type Scope, scopesToAsk } from './scopes.ts';
import { basicAuthorization, parseToken, type Token, type TokenRequest, tokenRequest } from './token.ts';

/** Whether, and at which origin, logins of a registry have been shown to a person before (S16). */
export interface RealmMemory {
  readonly knownRealm?: ((registry: string, origin: string) => boolean | Promise<boolean>) | undefined;
  readonly rememberRealm?: ((registry: string, origin: string) => void | Promise<void>) | undefined;
}

export interface AuthorizerOptions extends RealmMemory {
  /** As the person names it; the key of its login. */
  readonly registry: string;
  readonly origin: URL;
  readonly credentials: CredentialStore;
  readonly log: Log;
  /** Sends a token request; resolves with the body of a 200, throws otherwise. */
  readonly send: (request: TokenRequest, doing: string) => Promise<Uint8Array>;
}

type Scheme =
  | { readonly kind: 'basic' }
  | { readonly kind: 'bearer'; readonly realm: URL; readonly service: string | undefined };

interface CachedToken {
  readonly scopes: readonly Scope[];
  readonly token: Promise<Token>;
}

/** The login of one registry: learns the scheme from the first 401, keeps tokens by scope, asks anew when they run out. */
export class Authorizer {
  readonly #options: AuthorizerOptions;
  #scheme: Scheme | undefined;
  #credential: Promise<Credential | undefined> | undefined;
  #tokens: CachedToken[] = [];
  readonly #shown = new Set<string>();

  constructor(options: AuthorizerOptions) {
    this.#options = options;
  }

  /** The `Authorization` to send unasked: none until the registry has asked once. */
  async authorization(scopes: readonly Scope[], signal?: AbortSignal): Promise<string | undefined> {
    if (this.#scheme === undefined) return undefined;
    return abortable(this.#authorize(this.#scheme, scopes), signal);
  }

  /** The `Authorization` for the second and last try after a 401; undefined when there is nothing else to say. */
  async afterChallenge(
    header: string | undefined,
    request: {
      readonly method: string;
      readonly scopes: readonly Scope[];
      readonly used: string | undefined;
    },
    signal?: AbortSignal,
  ): Promise<string | undefined> {
    const challenge = chooseChallenge(parseChallenges(header ?? ''));
    if (challenge === undefined) return undefined;
    this.#scheme = this.#schemeOf(challenge);
    if (request.used !== undefined) {
      await this.#forget(request.used);
      this.#credential = undefined; // the stored login may be a newer one
    }
    const scopes = scopesToAsk(request.method, request.scopes, challenge.parameters.get('scope'));
    const next = await abortable(this.#authorize(this.#scheme, scopes), signal);
    return next === request.used ? undefined : next;
  }

  /** For errors: on whose behalf a request was made. */
  async identity(): Promise<string> {
    const credential = await this.#login();
    if (credential === undefined) return 'an anonymous request';
    return credential.kind === 'basic' ? `the login ${quote(credential.username)}` : 'the stored login';
  }

  async hasLogin(): Promise<boolean> {
    return (await this.#login()) !== undefined;
  }

  #schemeOf(challenge: Challenge): Scheme {
    if (challenge.scheme === 'basic') return { kind: 'basic' };
    const realm = checkRealm(challenge.parameters.get('realm') ?? '', this.#options.origin);
    return { kind: 'bearer', realm, service: challenge.parameters.get('service') };
  }

  async #authorize(scheme: Scheme, scopes: readonly Scope[]): Promise<string | undefined> {
    if (scheme.kind === 'bearer') return `Bearer ${(await this.#token(scheme, scopes)).text}`;
    const credential = await this.#login();
    return credential?.kind === 'basic'
      ? basicAuthorization(credential.username, credential.password)
      : undefined;
  }

  async #token(scheme: Scheme & { kind: 'bearer' }, scopes: readonly Scope[]): Promise<Token> {
    for (const cached of this.#tokens.filter((entry) => covers(entry.scopes, scopes))) {
      const token = await cached.token.catch(() => undefined);
      if (token !== undefined && token.expiresAt > Date.now()) return token;
      this.#tokens = this.#tokens.filter((entry) => entry !== cached);
    }
    // Kept as a promise: many requests that start at once share one token request.
    const entry = { scopes, token: this.#fetchToken(scheme, scopes) };
    this.#tokens.push(entry);
    entry.token.catch(() => {
      this.#tokens = this.#tokens.filter((other) => other !== entry);
    });
    return entry.token;
  }

  async #fetchToken(scheme: Scheme & { kind: 'bearer' }, scopes: readonly Scope[]): Promise<Token> {
    const credential = await this.#login();
    if (credential !== undefined) await this.#showRealm(scheme.realm);
    const doing = `sign in to ${this.#options.registry} at ${scheme.realm.host}`;
    const request = tokenRequest(scheme.realm, scheme.service, scopes, credential);
    return parseToken(await this.#options.send(request, doing), doing, Date.now());
  }

  async #showRealm({ origin }: URL): Promise<void> {
    const { registry, knownRealm, rememberRealm, log } = this.#options;
    if (origin === this.#options.origin.origin || this.#shown.has(origin)) return;
    this.#shown.add(origin);
    if (await knownRealm?.(registry, origin)) return;
    log.warn(`${registry} takes logins at ${origin}; the login for ${registry} is sent there`);
    await rememberRealm?.(registry, origin);
  }

  /**
   * Where one token is refused, those of other scopes likely are, too (a registry that was started again knows none of
   * them). A token that is not kept any more has been forgotten by another request, and what is kept now is newer.
   */
  async #forget(authorization: string): Promise<void> {
    const kept = this.#tokens;
    const texts = await Promise.all(kept.map(({ token }) => token.catch(() => undefined)));
    if (!texts.some((token) => `Bearer ${token?.text}` === authorization)) return;
    this.#tokens = this.#tokens.filter((entry) => !kept.includes(entry));
  }

  /** Absence is not remembered: a person may sign in while this object lives. */
  #login(): Promise<Credential | undefined> {
    const asked = this.#credential ?? this.#askStore();
    this.#credential = asked;
    asked.then(
      (credential) => credential ?? this.#forgetLogin(asked),
      () => this.#forgetLogin(asked),
    );
    return asked;
  }

  #forgetLogin(asked: Promise<Credential | undefined>): void {
    if (this.#credential === asked) this.#credential = undefined;
  }

  async #askStore(): Promise<Credential | undefined> {
    const { credentials, registry, log } = this.#options;
    try {
      return await credentials.get(registry);
    } catch (error) {
      // A broken helper must not keep anybody from public content; a refused request will tell of it again.
      if (!(error instanceof OmlmdError) || error.code === 'canceled') throw error;
      log.warn(`${error.message}; going on without a login`);
      return undefined;
    }
  }
}

/** Bearer before Basic: a token says less than a password. */
function chooseChallenge(challenges: readonly Challenge[]): Challenge | undefined {
  const bearer = challenges.find(({ scheme, parameters }) => scheme === 'bearer' && parameters.has('realm'));
  return bearer ?? challenges.find(({ scheme }) => scheme === 'basic');
}
