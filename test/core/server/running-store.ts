import { mkdtemp, readdir, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '../../../src/core/log.ts';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { MediaType } from '../../../src/core/oci/media-types.ts';
import { createHttpServer } from '../../../src/core/server/http-server.ts';
import { endServer } from '../../../src/core/server/listen.ts';
import { StoreRegistry, type StoreRegistryOptions } from '../../../src/core/server/registry.ts';
import type { RegistryHandler } from '../../../src/core/server/registry-call.ts';
import { LocalStore } from '../../../src/core/store/local-store.ts';
import { type Answer, ask, type Question } from './http-client.ts';

/** A store in a folder of its own, served on loopback without anything around it. */
export interface RunningStore {
  readonly host: string;
  readonly store: LocalStore;
  readonly registry: StoreRegistry;
  ask(method: string, path: string, question?: Question): Promise<Answer>;
  /** Pushes a blob in two requests, and tells its digest. */
  pushBlob(repository: string, data: string | Uint8Array): Promise<string>;
  /** Pushes a manifest over blobs that are pushed first, and tells its digest. */
  pushManifest(repository: string, tag: string, more?: Record<string, unknown>): Promise<string>;
  /** Names in the store's folder that are no repositories: what uploads leave there. */
  leftovers(): Promise<string[]>;
  stop(): Promise<void>;
}

export async function startStore(
  options: StoreRegistryOptions = {},
  around: (handler: RegistryHandler) => RegistryHandler = (handler) => handler,
): Promise<RunningStore> {
  const store = new LocalStore(await mkdtemp(join(tmpdir(), 'omlmd-served-')));
  const registry = new StoreRegistry(store, options);
  const handler = around((call) => registry.handle(call));
  const server = createHttpServer(handler, { log: silentLog });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`; // listening on TCP
  const running: RunningStore = {
    host,
    store,
    registry,
    ask: (method, path, question) => ask(host, method, path, question),
    pushBlob: (repository, data) => pushBlob(running, repository, data),
    pushManifest: (repository, tag, more) => pushManifest(running, repository, tag, more),
    leftovers: async () =>
      (await readdir(store.root, { recursive: true })).filter((name) => name.includes('.omlmd-')),
    async stop() {
      await endServer(server, 0);
      await registry.close();
      await rm(store.root, { recursive: true, force: true });
    },
  };
  return running;
}

/** A manifest over the blob `{}` as config and one layer. */
export function manifestText(layer: string, more: Record<string, unknown> = {}): string {
  const config = { mediaType: MediaType.empty, digest: digestOf(Buffer.from('{}')), size: 2 };
  const bytes = Buffer.from(layer);
  const layers = [{ mediaType: 'application/x-mlmodel', digest: digestOf(bytes), size: bytes.byteLength }];
  return JSON.stringify({ schemaVersion: 2, mediaType: MediaType.manifest, config, layers, ...more });
}

async function pushBlob(
  running: RunningStore,
  repository: string,
  data: string | Uint8Array,
): Promise<string> {
  const digest = digestOf(Buffer.from(data));
  const begun = await running.ask('POST', `/v2/${repository}/blobs/uploads/`);
  const closed = await running.ask('PUT', `${begun.headers.location}?digest=${digest}`, { body: data });
  if (closed.status !== 201) throw new Error(`push a blob: ${closed.status} ${closed.body}`);
  return digest;
}

async function pushManifest(
  running: RunningStore,
  repository: string,
  tag: string,
  more: Record<string, unknown> = {},
): Promise<string> {
  await pushBlob(running, repository, '{}');
  await pushBlob(running, repository, tag);
  const body = manifestText(tag, more);
  const headers = { 'content-type': MediaType.manifest };
  const put = await running.ask('PUT', `/v2/${repository}/manifests/${tag}`, { headers, body });
  if (put.status !== 201) throw new Error(`push a manifest: ${put.status} ${put.body}`);
  return String(put.headers['docker-content-digest']);
}
