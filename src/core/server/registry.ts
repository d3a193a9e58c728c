import type { LocalStore } from '../store/local-store.ts';
import { deleteBlob, getBlob } from './blob-endpoint.ts';
import { failureReply } from './failure-reply.ts';
import { listReferrers, listRepositories, listTags } from './listing-endpoint.ts';
import { deleteManifest, getManifest, putManifest } from './manifest-endpoint.ts';
import { PAGE_SIZE } from './page.ts';
import { errorReply, jsonReply, type RegistryCall, type RegistryReply } from './registry-call.ts';
import { parseRoute, type Route } from './route.ts';
import { ServedRepository } from './served-repository.ts';
import {
  beginUpload,
  cancelUpload,
  closeUpload,
  continueUpload,
  type UploadPlace,
  uploadState,
  uploadUnknown,
} from './upload-endpoint.ts';
import type { UploadSession } from './upload-session.ts';
import { UploadSessions } from './upload-sessions.ts';

export interface StoreRegistryOptions {
  /** Every write is answered with 405. */
  readonly readOnly?: boolean | undefined;
  /** Most entries of one answer. */
  readonly pageSize?: number | undefined;
  /** How long an upload waits for its client, milliseconds. */
  readonly sessionLifetimeMs?: number | undefined;
}

/** Repositories whose manifests' subjects are remembered. Stops a walk through made-up names from filling memory. */
const MAX_REMEMBERED = 256;

type Work = () => Promise<RegistryReply>;
/** What a resource does, by method. */
type Methods = ReadonlyMap<string, Work>;
type KnownRoute = Exclude<Route, { readonly kind: 'unknown' | 'bad-name' }>;

/** The OCI distribution spec 1.1 over a local store: a function from requests to answers, on no socket. */
export class StoreRegistry {
  readonly sessions: UploadSessions;
  readonly #store: LocalStore;
  readonly #readOnly: boolean;
  readonly #pageSize: number;
  readonly #repositories = new Map<string, ServedRepository>();

  constructor(store: LocalStore, options: StoreRegistryOptions = {}) {
    const { readOnly = false, pageSize = PAGE_SIZE, sessionLifetimeMs } = options;
    this.#store = store;
    this.#readOnly = readOnly;
    this.#pageSize = pageSize;
    this.sessions = new UploadSessions(store.root, sessionLifetimeMs);
  }

  /** Rejects only with what is a failure of this program or of the connection. */
  async handle(call: RegistryCall): Promise<RegistryReply> {
    const reply = await this.#answer(call).catch((error: unknown) => {
      const known = failureReply(error);
      if (known === undefined) throw error;
      return known;
    });
    return { ...reply, headers: { 'docker-distribution-api-version': 'registry/2.0', ...reply.headers } };
  }

  /** Leaves nothing of unfinished uploads. */
  async close(): Promise<void> {
    await this.sessions.close();
  }

  async #answer(call: RegistryCall): Promise<RegistryReply> {
    const { method } = call;
    if (this.#readOnly && method !== 'GET' && method !== 'HEAD')
      return errorReply(405, 'UNSUPPORTED', 'this registry is read-only', { allow: 'GET, HEAD' });
    const route = parseRoute(call.url.pathname);
    if (route.kind === 'unknown') return errorReply(404, 'UNSUPPORTED', 'no such endpoint');
    if (route.kind === 'bad-name') return errorReply(400, 'NAME_INVALID', 'invalid repository name');
    const methods = this.#methodsOf(call, route);
    const work = methods.get(method === 'HEAD' ? 'GET' : method);
    if (work !== undefined) return work();
    const allow = [...methods.keys()].flatMap((name) => (name === 'GET' ? ['GET', 'HEAD'] : [name]));
    return errorReply(405, 'UNSUPPORTED', 'the operation is unsupported', { allow: allow.join(', ') });
  }

  #methodsOf(call: RegistryCall, route: KnownRoute): Methods {
    switch (route.kind) {
      case 'base':
        return new Map([['GET', async () => jsonReply(200, {})]]);
      case 'catalog':
        return new Map([['GET', () => listRepositories(call, this.#store, this.#pageSize)]]);
      case 'tags':
        return new Map([['GET', () => listTags(call, this.#repository(route.name), this.#pageSize)]]);
      case 'referrers':
        return new Map([
          ['GET', () => listReferrers(call, this.#repository(route.name), route.key, this.#pageSize)],
        ]);
      case 'manifest':
        return this.#manifestMethods(call, this.#repository(route.name), route.key);
      case 'blob':
        return new Map([
          ['GET', () => getBlob(call, this.#repository(route.name), route.key, this.#readOnly)],
          ['DELETE', () => deleteBlob(this.#repository(route.name), route.key)],
        ]);
      case 'uploads':
        return new Map([['POST', () => beginUpload(call, this.#uploadPlace(route.name))]]);
      case 'upload':
        return this.#uploadMethods(call, route.name, route.key);
    }
  }

  #manifestMethods(call: RegistryCall, repository: ServedRepository, reference: string): Methods {
    return new Map([
      ['GET', () => getManifest(call, repository, reference)],
      ['PUT', () => putManifest(call, repository, reference)],
      ['DELETE', () => deleteManifest(repository, reference)],
    ]);
  }

  #uploadMethods(call: RegistryCall, name: string, id: string): Methods {
    const session = this.sessions.find(name, id);
    const known = (work: (session: UploadSession) => Promise<RegistryReply>) => async () =>
      session === undefined ? uploadUnknown() : work(session);
    return new Map([
      ['GET', known(async (found) => uploadState(found))],
      ['PATCH', known((found) => continueUpload(call, this.sessions, found))],
      ['PUT', known((found) => closeUpload(call, this.#uploadPlace(name), found))],
      ['DELETE', known((found) => cancelUpload(this.sessions, found))],
    ]);
  }

  #uploadPlace(name: string): UploadPlace {
    return {
      repository: this.#repository(name),
      sessions: this.sessions,
      others: (from) => this.#others(name, from),
    };
  }

  async *#others(name: string, from: string | null): AsyncGenerator<ServedRepository> {
    if (from !== null) return yield this.#repository(from);
    // Those that have blobs only are not listed yet, but were asked for.
    const names = new Set([
      ...this.#repositories.keys(),
      ...(await Array.fromAsync(this.#store.repositories())),
    ]);
    for (const other of names) if (other !== name) yield this.#repository(other);
  }

  /** Kept, because what its manifests point at is read once. */
  #repository(name: string): ServedRepository {
    const known = this.#repositories.get(name);
    if (known !== undefined) return known;
    if (this.#repositories.size >= MAX_REMEMBERED) this.#repositories.clear();
    const repository = new ServedRepository(this.#store, name);
    this.#repositories.set(name, repository);
    return repository;
  }
}
