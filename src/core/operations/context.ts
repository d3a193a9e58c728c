import { join } from 'node:path';
import type { Log } from '../log.ts';
import type { Deleter, Ingester, Mounter, Target } from '../oci/target.ts';
import type { CredentialStore } from '../registry/credentials.ts';
import { Registry } from '../registry/registry.ts';
import type { TransportOptions } from '../registry/transport.ts';
import { DigestCache } from '../store/digest-cache.ts';
import { LayoutTarget } from '../store/layout.ts';
import { LocalStore } from '../store/local-store.ts';
import type { ArtifactEvent, Listener } from './events.ts';
import type { Location } from './location.ts';
import { realmFile } from './realm-file.ts';
import { unfinishedUploads } from './unfinished-uploads.ts';

/** What a host chooses about one registry: TLS, plain HTTP, limits. */
export type RegistryOptions = Omit<TransportOptions, 'registry' | 'credentials' | 'log'>;

/** What operations need from their host; the CLI and the extension build one each. */
export interface Host {
  /** The data folder (`OMLMD_HOME`); the embedded store is `store` below it. */
  readonly home: string;
  readonly credentials: CredentialStore;
  readonly log: Log;
  /** Asked once a registry. */
  readonly registryOptions: (registry: string) => RegistryOptions;
  readonly listeners?: readonly Listener[];
}

/** A host with its open registries: connections and tokens are kept for as long as it lives. */
export interface Context extends Host {
  readonly store: LocalStore;
  /** Digests of files that were hashed before. */
  readonly digests: DigestCache;
  registry(host: string): Registry;
}

export function createContext(host: Host): Context {
  const registries = new Map<string, Registry>();
  return {
    ...host,
    store: new LocalStore(join(host.home, 'store')),
    digests: new DigestCache(join(host.home, 'digests.json')),
    registry(name) {
      let registry = registries.get(name);
      if (registry === undefined) {
        const { credentials, log } = host;
        const uploads = unfinishedUploads(host.home);
        const options = { ...realmFile(host.home), uploads, ...host.registryOptions(name) };
        registry = new Registry({ ...options, registry: name, credentials, log });
        registries.set(name, registry);
      }
      return registry;
    },
  };
}

/** The place a location names. Nothing is contacted or created yet. */
export function openTarget(context: Context, location: Location): Target & Mounter & Ingester & Deleter {
  switch (location.kind) {
    case 'registry':
      return context.registry(location.registry).repository(location.repository);
    case 'local':
      return context.store.repository(location.repository);
    case 'layout':
      return new LayoutTarget(location.path);
  }
}

/** Tells the listeners; one that throws is logged and does not undo what happened. */
export function emit(context: Context, event: ArtifactEvent): void {
  for (const listener of context.listeners ?? []) {
    try {
      listener.update(event);
    } catch (error) {
      context.log.warn(`a listener of ${event.kind} ${event.reference} failed: ${String(error)}`);
    }
  }
}
