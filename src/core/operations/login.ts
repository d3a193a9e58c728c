import { OmlmdError, quote } from '../errors.ts';
import type { CallOptions } from '../oci/content.ts';
import { isRegistryHost } from '../oci/reference.ts';
import type { Credential, WritableCredentialStore } from '../registry/credentials.ts';
import { createContext, type Host } from './context.ts';

/** Checks a login against the registry, and only then stores it. */
export async function login(
  host: Host,
  registry: string,
  credential: Credential,
  store: WritableCredentialStore,
  options: CallOptions = {},
): Promise<void> {
  if (!isRegistryHost(registry))
    throw new OmlmdError('reference-invalid', `log in to ${quote(registry)}: not a registry host`);
  const only = createContext({
    ...host,
    credentials: { get: async (asked) => (asked === registry ? credential : undefined) },
  });
  await only.registry(registry).authenticate(options);
  await store.put(registry, credential);
}

/** Forgets a login; throws `not-found` when there was none. */
export async function logout(registry: string, store: WritableCredentialStore): Promise<void> {
  if (!isRegistryHost(registry))
    throw new OmlmdError('reference-invalid', `log out of ${quote(registry)}: not a registry host`);
  if (!(await store.delete(registry)))
    throw new OmlmdError('not-found', `log out of ${quote(registry)}: there is no login for it`);
}
