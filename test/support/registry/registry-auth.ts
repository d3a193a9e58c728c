import { randomUUID } from 'node:crypto';
import {
  failed,
  json,
  type RegistryCall,
  type RegistryHandler,
  type RegistryReply,
  readCall,
} from './registry-handler.ts';

export interface RegistryAuthOptions {
  readonly kind: 'basic' | 'bearer';
  readonly username: string;
  readonly password: string;
  /** Accepted by POST on the token service. */
  readonly identityToken?: string | undefined;
  /** Strangers may read. */
  readonly anonymousPull?: boolean | undefined;
  /** Seconds; sent as `expires_in`, and held. Default 300. */
  readonly tokenLifetime?: number | undefined;
  /** The realm to name; default: this registry's own `/token`. */
  readonly realm?: string | undefined;
}

interface Grant {
  readonly scopes: readonly string[];
  readonly expiresAt: number;
}

/** Logins around a registry: a 401 with a challenge, and a token service at `/token`. */
export class RegistryAuth {
  readonly #options: RegistryAuthOptions;
  readonly #grants = new Map<string, Grant>();

  constructor(options: RegistryAuthOptions) {
    this.#options = options;
  }

  /** Makes every token that was given out useless, whatever it was said to last. */
  expireTokens(): void {
    this.#grants.clear();
  }

  around(next: RegistryHandler): RegistryHandler {
    return async (call) => {
      if (call.url.pathname === '/token') return this.#token(call);
      const wanted = wantedScopes(call);
      return this.#allows(call, wanted) ? next(call) : this.#challenge(call, wanted);
    };
  }

  #allows(call: RegistryCall, wanted: readonly string[]): boolean {
    const authorization = call.headers.authorization ?? '';
    if (this.#options.kind === 'basic') {
      const reads = call.method === 'GET' || call.method === 'HEAD';
      return this.#isLogin(authorization) || (reads && this.#options.anonymousPull === true);
    }
    const grant = this.#grants.get(authorization.replace(/^Bearer /, ''));
    if (grant === undefined || grant.expiresAt < Date.now()) return false;
    return wanted.every((scope) => granted(grant.scopes, scope));
  }

  #isLogin(authorization: string): boolean {
    const { username, password } = this.#options;
    return authorization === `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  }

  #challenge(call: RegistryCall, wanted: readonly string[]): RegistryReply {
    const realm = this.#options.realm ?? `${call.url.origin}/token`;
    const scope = wanted.length === 0 ? '' : `,scope="${wanted.join(' ')}"`;
    const bearer = `Bearer realm="${realm}",service="test"${scope}`;
    const challenge = this.#options.kind === 'basic' ? 'Basic realm="test"' : bearer;
    const reply = failed(401, 'UNAUTHORIZED', 'authentication required');
    return { ...reply, headers: { ...reply.headers, 'www-authenticate': challenge } };
  }

  async #token(call: RegistryCall): Promise<RegistryReply> {
    const form = new URLSearchParams((await readCall(call)).toString());
    const { identityToken, anonymousPull, tokenLifetime = 300 } = this.#options;
    const { authorization } = call.headers;
    const known =
      call.method === 'POST'
        ? identityToken !== undefined && form.get('refresh_token') === identityToken
        : authorization !== undefined && this.#isLogin(authorization);
    if (!known && (authorization !== undefined || call.method === 'POST' || anonymousPull !== true))
      return failed(401, 'UNAUTHORIZED', 'incorrect username or password');
    const asked = [...call.url.searchParams.getAll('scope'), ...(form.get('scope')?.split(' ') ?? [])];
    const scopes = known ? asked : asked.map((scope) => scope.replace(/:[^:]*$/, ':pull'));
    const token = randomUUID();
    this.#grants.set(token, { scopes, expiresAt: Date.now() + tokenLifetime * 1000 });
    return json(200, { token, expires_in: tokenLifetime });
  }
}

function wantedScopes({ method, url }: RegistryCall): string[] {
  if (url.pathname === '/v2/_catalog') return ['registry:catalog:*'];
  const name = /^\/v2\/(.+?)\/(?:manifests|tags|referrers|blobs)\//.exec(url.pathname)?.[1];
  if (name === undefined) return [];
  const reads = method === 'GET' || method === 'HEAD';
  const upload = url.pathname.includes('/blobs/uploads/');
  const action = method === 'DELETE' && !upload ? 'delete' : reads && !upload ? 'pull' : 'pull,push';
  const from = url.searchParams.get('from');
  const own = `repository:${name}:${action}`;
  return url.searchParams.has('mount') && from !== null ? [own, `repository:${from}:pull`] : [own];
}

function granted(scopes: readonly string[], wanted: string): boolean {
  const [resource, actions] = [wanted.replace(/:[^:]*$/, ''), wanted.replace(/^.*:/, '').split(',')];
  return actions.every((action) =>
    scopes.some(
      (scope) => scope.startsWith(`${resource}:`) && scope.replace(/^.*:/, '').split(',').includes(action),
    ),
  );
}
