import { OmlmdError } from '../errors.ts';
import type { Credential } from './credentials.ts';
import type { Scope } from './scopes.ts';

/** Bytes of a token answer that are read. */
export const MAX_TOKEN_BYTES = 128 * 1024;
/** What the token specification assumes where a service does not say. */
const DEFAULT_LIFETIME_S = 60;
/** Asked anew this early, so that a token does not run out on its way (S18). */
const EARLY_S = 10;

/** The name this client gives itself to OAuth 2 token services. */
const CLIENT_ID = 'omlmd';

/** A bearer token and the time, in `Date.now()` milliseconds, from which it is not used any more. */
export interface Token {
  readonly text: string;
  readonly expiresAt: number;
}

/** The HTTP request that asks a token service; the authorization and the form are secret. */
export interface TokenRequest {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly authorization?: string | undefined;
  readonly form?: string | undefined;
}

export function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}

/**
 * How to ask for a token: GET, with the login as Basic authorization or anonymously
 * (https://distribution.github.io/distribution/spec/auth/token/), or POST with an identity token
 * (…/spec/auth/oauth/).
 */
export function tokenRequest(
  realm: URL,
  service: string | undefined,
  scopes: readonly Scope[],
  credential: Credential | undefined,
): TokenRequest {
  if (credential?.kind === 'identity-token') {
    const form = new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: CLIENT_ID,
      refresh_token: credential.token,
    });
    if (service !== undefined) form.set('service', service);
    if (scopes.length > 0) form.set('scope', scopes.join(' '));
    return { method: 'POST', url: realm, form: form.toString() };
  }
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set('service', service);
  for (const scope of scopes) url.searchParams.append('scope', scope);
  if (credential === undefined) return { method: 'GET', url };
  url.searchParams.set('account', credential.username);
  return { method: 'GET', url, authorization: basicAuthorization(credential.username, credential.password) };
}

/** Reads a token service's answer; throws `registry-failed`. Its text is a secret and never quoted. */
export function parseToken(body: Uint8Array, doing: string, now: number): Token {
  const fail = (what: string) => new OmlmdError('registry-failed', `${doing}: ${what}`);
  let answer: unknown;
  try {
    answer = JSON.parse(Buffer.from(body).toString('utf8'));
  } catch {
    throw fail('the answer is not JSON');
  }
  if (answer === null || typeof answer !== 'object') throw fail('the answer is not a JSON object');
  const { token, access_token, expires_in } = answer as Partial<Record<string, unknown>>;
  const text = typeof token === 'string' && token !== '' ? token : access_token;
  // Printable ASCII only: the text becomes a header.
  if (typeof text !== 'string' || !/^[\x21-\x7e]+$/.test(text)) throw fail('there is no token in the answer');
  const seconds = typeof expires_in === 'number' && expires_in > 0 ? expires_in : DEFAULT_LIFETIME_S;
  return { text, expiresAt: now + (seconds - EARLY_S) * 1000 };
}
