import tls from 'node:tls';
import { OmlmdError, quote } from '../errors.ts';
import { isRegistryHost } from '../oci/reference.ts';
import { codeOf, networkError } from './network-error.ts';

/** How long a loopback server may take over a TLS greeting; a plain one may wait for more of it for ever. */
const GREETING_MS = 3_000;

/** OpenSSL's words for an answer that is not TLS, and what servers do that hang up on one. */
const NOT_TLS = /wrong.version.number|packet.length|http.request|record.layer|ECONNRESET/i;

/** Docker Hub is named after its web site; its registry is elsewhere. */
const DOCKER_HUB: ReadonlySet<string> = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io']);

export function isDockerHub(registry: string): boolean {
  return DOCKER_HUB.has(registry.toLowerCase());
}

/** Whether the host is this machine by name or address. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/:[0-9]+$/, '').toLowerCase();
  return name === 'localhost' || name === '[::1]' || /^127(?:\.[0-9]{1,3}){3}$/.test(name);
}

function hostUrl(scheme: 'http' | 'https', registry: string): URL {
  const host = isDockerHub(registry) ? 'registry-1.docker.io' : registry;
  const url = isRegistryHost(host) ? URL.parse(`${scheme}://${host}`) : null;
  if (url === null) throw new OmlmdError('reference-invalid', `registry ${quote(registry)}: not a host`);
  return url;
}

/**
 * Where a registry is: https, or plain HTTP when the person said so. A loopback registry that does not speak TLS is
 * plain HTTP without being asked; one with a certificate that is not trusted is never asked in the clear.
 */
export async function findOrigin(registry: string, plainHttp: boolean | undefined): Promise<URL> {
  if (plainHttp === true) return hostUrl('http', registry);
  const url = hostUrl('https', registry);
  if (plainHttp === false || !isLoopback(registry)) return url;
  return (await speaksTls(url, registry)) ? url : hostUrl('http', registry);
}

async function speaksTls(url: URL, registry: string): Promise<boolean> {
  try {
    await greet(url);
    return true;
  } catch (error) {
    const text = `${codeOf(error)} ${error instanceof Error ? error.message : ''}`;
    if (NOT_TLS.test(text) || codeOf(error) === 'ETIMEDOUT') return false;
    // Nothing on port 443 says nothing about port 80.
    if (codeOf(error) === 'ECONNREFUSED' && !/:[0-9]+$/.test(registry)) return false;
    if (codeOf(error) === 'EPROTO' || codeOf(error).startsWith('ERR_SSL')) return true;
    throw networkError(`connect to ${registry}`, url, error);
  }
}

/** A TLS handshake and nothing else. Certificates are checked by the requests that follow. */
function greet(url: URL): Promise<void> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve, reject) => {
    const port = url.port === '' ? 443 : Number(url.port);
    const socket = tls.connect({ host, port, rejectUnauthorized: false, timeout: GREETING_MS });
    socket.once('secureConnect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('timeout', () =>
      socket.destroy(Object.assign(new Error('no TLS greeting'), { code: 'ETIMEDOUT' })),
    );
    socket.once('error', reject);
    socket.once('close', () => reject(Object.assign(new Error('closed'), { code: 'ECONNRESET' })));
  });
}
