import { createHash, timingSafeEqual } from 'node:crypto';
import { errorReply, type RegistryHandler } from './registry-call.ts';

/**
 * Names by which this machine calls itself, and those by which containers on it reach it. No one else can own one of
 * them: a page of another site that makes its name point here (DNS rebinding) is known by the `Host` it sends.
 */
const OWN_HOST =
  /^(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\]|host\.docker\.internal|host\.containers\.internal)(?::[0-9]{1,5})?$/i;

/**
 * For a registry without logins, on loopback: only what runs on this machine may ask, and no page of a browser.
 *
 * @param names more names of this machine, which the person vouches for
 */
export function ownHostOnly(next: RegistryHandler, names: readonly string[] = []): RegistryHandler {
  const own = new Set(names.map((name) => name.toLowerCase()));
  const isOwn = (host: string) =>
    OWN_HOST.test(host) || own.has(host.toLowerCase().replace(/:[0-9]{1,5}$/, ''));
  return async (call) => {
    const { host, origin } = call.headers;
    // Registry clients send no Origin; a browser sends it with every request that could write.
    if (host === undefined || !isOwn(host) || origin !== undefined)
      return errorReply(403, 'DENIED', 'this registry answers only to programs on its own machine');
    return next(call);
  };
}

export interface ServerLogin {
  readonly username: string;
  readonly password: string;
}

/** Demands one login of every request (RFC 7617). */
export function loginOnly({ username, password }: ServerLogin, next: RegistryHandler): RegistryHandler {
  const expected = hash(Buffer.from(`${username}:${password}`));
  return async (call) => {
    const [, encoded = ''] = /^basic +([A-Za-z0-9+/=_-]+) *$/i.exec(call.headers.authorization ?? '') ?? [];
    // Hashes have one length, and comparing them takes one time, whatever was sent.
    if (timingSafeEqual(hash(Buffer.from(encoded, 'base64')), expected)) return next(call);
    return errorReply(401, 'UNAUTHORIZED', 'authentication required', {
      'www-authenticate': 'Basic realm="omlmd", charset="UTF-8"',
    });
  };
}

function hash(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
