import { isIP } from 'node:net';
import tls from 'node:tls';
import { OmlmdError } from '../errors.ts';
import type { CallOptions } from '../oci/content.ts';
import type { AgentOptions } from './agents.ts';
import { networkError } from './network-error.ts';

/** How long a handshake may take, milliseconds: a person waits for it. */
const HANDSHAKE_MS = 10_000;
/** Longest chain of certificates that is named; stops a chain that leads to itself. */
const MAX_CHAIN = 8;

/** What a server's certificate says, whether it is trusted or not. Names are foreign text. */
export interface TlsFacts {
  /** `TLSv1.3`, …; null where Node cannot tell. */
  readonly protocol: string | null;
  readonly subject: string;
  /** Who vouches for whom, from the server's own issuer up. */
  readonly issuers: readonly string[];
  readonly validTo: Date;
  /** Why Node does not trust it (a code like `SELF_SIGNED_CERT_IN_CHAIN`); undefined when it does. */
  readonly untrusted: string | undefined;
}

/** A TLS handshake and nothing else: nothing is sent over a connection that is not trusted. */
export function probeTls(url: URL, options: AgentOptions, { signal }: CallOptions = {}): Promise<TlsFacts> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const { ca, cert, key } = options;
  const doing = `connect to ${url.host}`;
  return new Promise((resolve, reject) => {
    const socket = tls.connect({
      host,
      port: url.port === '' ? 443 : Number(url.port),
      rejectUnauthorized: false, // told of in the facts
      timeout: HANDSHAKE_MS,
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(ca === undefined ? {} : { ca: [...tls.getCACertificates('default'), ca] }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    });
    const abort = () => socket.destroy();
    signal?.addEventListener('abort', abort, { once: true });
    socket.once('secureConnect', () => {
      resolve(factsOf(socket));
      socket.destroy();
    });
    socket.once('timeout', () => {
      reject(new OmlmdError('timed-out', `${doing}: no TLS greeting for ${HANDSHAKE_MS / 1000} s`));
      socket.destroy();
    });
    socket.once('error', (error) => reject(networkError(doing, url, error)));
    socket.once('close', () => {
      signal?.removeEventListener('abort', abort);
      reject(
        signal?.aborted ? signal.reason : new OmlmdError('unreachable', `${doing}: it hung up during TLS`),
      );
    });
  });
}

function factsOf(socket: tls.TLSSocket): TlsFacts {
  const certificate = socket.getPeerCertificate(true);
  return {
    protocol: socket.getProtocol(),
    subject: nameOf(certificate.subject),
    issuers: issuersOf(certificate),
    validTo: new Date(certificate.valid_to),
    untrusted: socket.authorized ? undefined : String(socket.authorizationError),
  };
}

function issuersOf(first: tls.DetailedPeerCertificate): readonly string[] {
  const names: string[] = [];
  let at: tls.DetailedPeerCertificate | undefined = first;
  while (at !== undefined && names.length < MAX_CHAIN) {
    names.push(nameOf(at.issuer));
    const next: tls.DetailedPeerCertificate | undefined = at.issuerCertificate;
    // A root vouches for itself.
    at = next?.fingerprint256 === at.fingerprint256 ? undefined : next;
  }
  return names;
}

/** A name without a common name is called by its organisation; either may stand in it more than once. */
function nameOf(name: Partial<Record<string, string | string[]>> | undefined): string {
  const found = name?.CN ?? name?.O ?? '';
  return Array.isArray(found) ? found.join(', ') : found;
}
