import type { Log } from '../log.ts';
import type { CredentialStore } from '../registry/credentials.ts';
import type { TransportOptions } from '../registry/transport.ts';

/** What operations need from their host; built once by the CLI, once by the extension. */
export interface Context {
  /** The data folder (`OMLMD_HOME`); the embedded store is `store` below it. */
  readonly home: string;
  readonly credentials: CredentialStore;
  readonly log: Log;
  /** How to talk to a registry: TLS, plain HTTP, limits. Asked once a host. */
  readonly transport: (registry: string) => Omit<TransportOptions, 'registry' | 'credentials' | 'log'>;
}
