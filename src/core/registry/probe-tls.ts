import type { ClientRequest } from 'node:http';
import https from 'node:https';
import tls from 'node:tls';
import { isOmlmdError, OmlmdError } from '../errors.ts';
import type { CallOptions } from '../oci/content.ts';
import { type AgentOptions, Agents } from './agents.ts';
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

/** A TLS handshake and nothing else, through a proxy where one is set: nothing is sent over what is not trusted. */
export async function probeTls(
  url: URL,
  options: AgentOptions,
  { signal }: CallOptions = {},
): Promise<TlsFacts> {
  signal?.throwIfAborted();
  const agents = new Agents({ ...options, insecure: true }); // trust is told of in the facts
  // It is never ended, so not even its head is sent.
  const request = https.request(url, { agent: agents.agentFor(url, url), timeout: HANDSHAKE_MS });
  const abort = () => request.destroy();
  signal?.addEventListener('abort', abort, { once: true });
  try {
    return factsOf(await secured(request, url));
  } catch (error) {
    signal?.throwIfAborted();
    throw isOmlmdError(error) ? error : networkError(doing(url), url, error);
  } finally {
    signal?.removeEventListener('abort', abort);
    request.destroy();
    agents.close();
  }
}

function doing(url: URL): string {
  return `connect to ${url.host}`;
}

/** The socket of a request once its handshake is over. */
function secured(request: ClientRequest, url: URL): Promise<tls.TLSSocket> {
  return new Promise((resolve, reject) => {
    request.on('error', reject); // stays: destroying the request may be an error as well
    request.once('close', () =>
      reject(new OmlmdError('unreachable', `${doing(url)}: it hung up during TLS`)),
    );
    request.once('timeout', () =>
      reject(new OmlmdError('timed-out', `${doing(url)}: no TLS greeting for ${HANDSHAKE_MS / 1000} s`)),
    );
    request.once('socket', (socket) => {
      if (!(socket instanceof tls.TLSSocket)) return reject(new TypeError('a TLS socket was expected'));
      // One that comes through a proxy is given when it is ready.
      if (socket.authorized || socket.authorizationError) resolve(socket);
      else socket.once('secureConnect', () => resolve(socket));
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
