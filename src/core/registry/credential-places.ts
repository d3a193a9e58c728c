import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Log } from '../log.ts';

/** The host's surroundings that decide where logins are. */
export interface CredentialSources {
  readonly env: NodeJS.ProcessEnv;
  /** The person's home folder; default: the system's answer. */
  readonly home?: string | undefined;
  readonly platform?: NodeJS.Platform | undefined;
  /** `--registry-config FILE`: instead of the files of docker and podman. */
  readonly registryConfig?: string | undefined;
  /** Told of a file or helper that fails; the next place is then asked. */
  readonly log?: Log | undefined;
}

/** The files that logins are looked for in, in that order, whether they are there or not: podman's, then docker's. */
export function credentialFiles(sources: CredentialSources): readonly string[] {
  const { env, home = homedir(), platform, registryConfig } = sources;
  if (registryConfig !== undefined) return [registryConfig];
  // The run-time folder is Linux's.
  const runtime = platform === undefined || platform === 'linux' ? env.XDG_RUNTIME_DIR : undefined;
  return [
    ...(env.REGISTRY_AUTH_FILE ? [env.REGISTRY_AUTH_FILE] : []),
    ...(runtime ? [join(runtime, 'containers', 'auth.json')] : []),
    join(env.XDG_CONFIG_HOME || join(home, '.config'), 'containers', 'auth.json'),
    dockerConfig(sources),
  ];
}

/** The file that `login` writes. */
export function loginFile(sources: CredentialSources): string {
  return sources.registryConfig ?? dockerConfig(sources);
}

function dockerConfig({ env, home = homedir() }: CredentialSources): string {
  return join(env.DOCKER_CONFIG || join(home, '.docker'), 'config.json');
}
