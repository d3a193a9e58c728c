import { OmlmdError } from '../errors.ts';
import { type Log, silentLog } from '../log.ts';
import {
  type CredentialFile,
  helperSuffix,
  login,
  readCredentialFile,
  serverKey,
  storedCredential,
  TOKEN_USER,
  withCredential,
  writeCredentialFile,
} from './credential-file.ts';
import { type CredentialHelper, credentialHelper } from './credential-helper.ts';
import { type CredentialSources, credentialFiles, loginFile } from './credential-places.ts';
import type { CredentialStore, WritableCredentialStore } from './credentials.ts';

/**
 * The stores one after the other; the first that knows the registry is believed. One that fails is told of and passed
 * over: a helper that is gone must keep nobody from the next login, or from public content.
 */
export function chainCredentials(stores: readonly CredentialStore[], log: Log = silentLog): CredentialStore {
  return {
    async get(registry, options) {
      for (const store of stores) {
        const credential = await store.get(registry, options).catch((error: unknown) => {
          if (!(error instanceof OmlmdError)) throw error;
          log.warn(`${error.message}; this login is passed over`);
          return undefined;
        });
        if (credential !== undefined) return credential;
      }
      return undefined;
    },
  };
}

/**
 * `OMLMD_USERNAME` and `OMLMD_PASSWORD`, for the one host in `OMLMD_REGISTRY`: without it they would be sent to
 * whatever registry a reference names.
 */
export function environmentCredentials(env: NodeJS.ProcessEnv): CredentialStore {
  const { OMLMD_USERNAME: username, OMLMD_PASSWORD: password, OMLMD_REGISTRY: registry } = env;
  return {
    async get(asked) {
      if (!username || password === undefined || !registry) return undefined;
      return serverKey(asked) === serverKey(registry) ? login(username, password) : undefined;
    },
  };
}

/** The logins in a file of docker or podman, and in the helpers that it names. The file is read at each question. */
export function fileCredentials(path: string, env: NodeJS.ProcessEnv): WritableCredentialStore {
  const helperOf = (file: CredentialFile, registry: string): CredentialHelper | undefined => {
    const suffix = helperSuffix(file, registry);
    return suffix === undefined ? undefined : credentialHelper(suffix, env);
  };
  return {
    async get(registry, options) {
      const file = await readCredentialFile(path);
      const found = await helperOf(file, registry)?.get(serverKey(registry), options);
      return found === undefined ? storedCredential(file, registry) : login(found.Username, found.Secret);
    },

    /** Through the helper when one is set; a copy that the file may have had is then taken out of it. */
    async put(registry, credential) {
      const file = await readCredentialFile(path);
      const helper = helperOf(file, registry);
      if (helper === undefined) return writeCredentialFile(path, withCredential(file, registry, credential));
      const [Username, Secret] =
        credential.kind === 'basic'
          ? [credential.username, credential.password]
          : [TOKEN_USER, credential.token];
      await helper.store({ ServerURL: serverKey(registry), Username, Secret });
      if (storedCredential(file, registry) !== undefined)
        await writeCredentialFile(path, withCredential(file, registry, undefined));
    },

    async delete(registry) {
      const file = await readCredentialFile(path);
      const server = serverKey(registry);
      const helper = helperOf(file, registry);
      const kept = helper !== undefined && (await helper.get(server)) !== undefined;
      if (kept) await helper.erase(server);
      const stored = storedCredential(file, registry) !== undefined;
      if (stored) await writeCredentialFile(path, withCredential(file, registry, undefined));
      return kept || stored;
    },
  };
}

/** Where logins come from when none was given: the environment, then podman's files, then docker's. */
export function defaultCredentials(sources: CredentialSources): CredentialStore {
  const { env, log } = sources;
  const files = credentialFiles(sources).map((path) => fileCredentials(path, env));
  const stores = [environmentCredentials(env), ...files];
  return chainCredentials(stores, log);
}

/** Where `login` and `logout` write. */
export function loginStore(sources: CredentialSources): WritableCredentialStore {
  return fileCredentials(loginFile(sources), sources.env);
}
