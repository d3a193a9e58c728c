import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { OmlmdError } from '../errors.ts';
import { systemCode } from '../oci/system-failure.ts';

/** Time for requests that have begun when a server ends, milliseconds. */
const GRACE_MS = 2000;
/** Tries for a port that is free on every address. */
const MAX_TRIES = 10;

/** Listens on every address, on one port, and tells it. The first address must be there, the others may be missing. */
export async function listenOnAll(
  make: () => Server,
  addresses: readonly string[],
  port: number,
): Promise<{ readonly port: number; readonly servers: readonly Server[] }> {
  for (let tries = 1; ; tries += 1) {
    const servers: Server[] = [];
    try {
      let actual = port;
      for (const address of addresses) {
        const server = make();
        if (!(await listen(server, address, actual, servers.length > 0))) continue;
        servers.push(server);
        actual = (server.address() as AddressInfo).port; // listening on TCP
      }
      return { port: actual, servers };
    } catch (error) {
      await Promise.all(servers.map((server) => endServer(server, 0)));
      // A port that the system chose on one address may be taken on another.
      if (port !== 0 || systemCode(error) !== 'EADDRINUSE' || tries >= MAX_TRIES)
        throw listenError(addresses[0] ?? '', port, error);
    }
  }
}

/** False where the machine has no such address and can do without. */
async function listen(server: Server, host: string, port: number, optional: boolean): Promise<boolean> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port, ipv6Only: host.includes(':') }, resolve);
    });
    return true;
  } catch (error) {
    if (optional && ['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL'].includes(systemCode(error) ?? ''))
      return false;
    throw error;
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program uses this port; port 0 takes any that is free',
  EACCES: 'this port needs rights that this program does not have',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'no such address',
};

function listenError(address: string, port: number, cause: unknown): OmlmdError {
  const reason = REASONS[systemCode(cause) ?? ''] ?? String(cause);
  return new OmlmdError('usage', `listen on ${address}, port ${port}: ${reason}`, { cause });
}

/** Takes no new request, lets those that have begun come to their end for a while, then ends every connection. */
export async function endServer(server: Server, graceMs = GRACE_MS): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  await Promise.race([closed, sleep(graceMs, undefined, { ref: false })]);
  server.closeAllConnections();
  await closed;
}
