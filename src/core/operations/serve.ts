import type { Server } from 'node:http';
import { hostname } from 'node:os';
import { OmlmdError, quote } from '../errors.ts';
import { createHttpServer, type TlsFiles } from '../server/http-server.ts';
import { endServer, listenOnAll } from '../server/listen.ts';
import { StoreRegistry } from '../server/registry.ts';
import type { RegistryHandler } from '../server/registry-call.ts';
import { loginOnly, ownHostOnly, type ServerLogin } from '../server/request-guards.ts';
import type { Context } from './context.ts';

/** Where registries on one machine are, by custom. */
export const DEFAULT_SERVE_PORT = 5000;

export interface ServeOptions {
  /** 0: any free one. Default {@link DEFAULT_SERVE_PORT}. */
  readonly port?: number | undefined;
  readonly readOnly?: boolean | undefined;
  /** An address for other machines; then a login and a certificate are demanded. Default: loopback only. */
  readonly listen?: string | undefined;
  /** More names by which programs of this machine reach it on loopback. */
  readonly hostNames?: readonly string[] | undefined;
  readonly login?: ServerLogin | undefined;
  readonly tls?: TlsFiles | undefined;
  /** Called after a client has written or deleted a manifest or a tag. */
  readonly onWrite?: (() => void) | undefined;
}

/** A registry that is running. */
export interface ServedStore {
  readonly url: string;
  /** Ends it; requests that have begun get a moment. */
  stop(): Promise<void>;
}

/** Runs an OCI registry over the embedded store, until it is stopped. */
export async function serveStore(context: Context, options: ServeOptions = {}): Promise<ServedStore> {
  const { port = DEFAULT_SERVE_PORT, listen, readOnly, tls } = options;
  refuseUnsafe(options);
  const registry = new StoreRegistry(context.store, { readOnly });
  const handler = guarded(
    telling((call) => registry.handle(call), options.onWrite),
    options,
  );
  const addresses = listen === undefined ? ['127.0.0.1', '::1'] : [listen];
  const listening = await listenOnAll(() => makeServer(handler, context, tls), addresses, port);
  const scheme = tls === undefined ? 'http' : 'https';
  return {
    url: `${scheme}://${shownAddress(listen)}:${listening.port}`,
    async stop() {
      await Promise.all(listening.servers.map((server) => endServer(server)));
      await registry.close();
    },
  };
}

/** A host name (RFC 1123 §2.1) without a port; no pattern, which would let in names that others own. */
const HOST_NAME = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?)*$/i;

/** Strangers may not read models, nor write them, and nobody may read the password on its way. */
function refuseUnsafe({ listen, hostNames = [], login, tls }: ServeOptions): void {
  for (const name of hostNames)
    if (!HOST_NAME.test(name))
      throw new OmlmdError('usage', `--host-name ${quote(name)}: expected a host name, without a port`);
  if (listen === undefined) return;
  if (hostNames.length > 0)
    throw new OmlmdError(
      'usage',
      '--host-name: with --listen every name is answered, as a login is asked for',
    );
  const missing = [
    ...(login === undefined ? ['a login (--username, --password-stdin)'] : []),
    ...(tls === undefined ? ['a certificate (--cert-file, --key-file)'] : []),
  ];
  if (missing.length > 0)
    throw new OmlmdError('usage', `serve on ${quote(listen)}: needs ${missing.join(' and ')}`);
}

function guarded(handler: RegistryHandler, { listen, hostNames, login }: ServeOptions): RegistryHandler {
  const known = login === undefined ? handler : loginOnly(login, handler);
  return listen === undefined ? ownHostOnly(known, hostNames) : known;
}

function telling(handler: RegistryHandler, onWrite: (() => void) | undefined): RegistryHandler {
  if (onWrite === undefined) return handler;
  return async (call) => {
    const reply = await handler(call);
    const isWrite = call.method === 'PUT' || call.method === 'DELETE';
    if (isWrite && reply.status < 300 && call.url.pathname.includes('/manifests/')) onWrite();
    return reply;
  };
}

function makeServer(handler: RegistryHandler, { log }: Context, tls: TlsFiles | undefined): Server {
  try {
    return createHttpServer(handler, { log, tls });
  } catch (cause) {
    const what = cause instanceof Error ? cause.message : String(cause);
    throw new OmlmdError('usage', `serve: the certificate or its key cannot be used: ${what}`, { cause });
  }
}

function shownAddress(listen: string | undefined): string {
  if (listen === undefined) return '127.0.0.1';
  if (listen === '0.0.0.0' || listen === '::') return hostname();
  return listen.includes(':') ? `[${listen}]` : listen;
}
