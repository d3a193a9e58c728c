import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { answers, freePort, spawnGroup, stopGroup, waitUntil } from '../../support/processes.ts';

/** A CNCF distribution registry on loopback, with deletion switched on. */
export interface DockerRegistry {
  /** `127.0.0.1:PORT`, to begin a reference with. */
  readonly host: string;
  readonly url: string;
  stop(): Promise<void>;
}

export const USER = 'interop';
export const PASSWORD = 'interop-password';
/** bcrypt of {@link PASSWORD}: the only kind of hash that distribution reads. */
const HTPASSWD = `${USER}:$2y$05$Qntz5aSau5hSOddElTC/HuuFAOd3HQumq80Lkt5X3HoqIUs02.jWC\n`;

export interface DockerRegistryOptions {
  /** It wants {@link USER} and {@link PASSWORD} for everything. */
  readonly auth?: boolean;
  /** Where it keeps its content; a temporary folder unless said. Removed in the end. */
  readonly root?: string;
}

/** Starts Debian's `docker-registry`. */
export async function startDockerRegistry(options: DockerRegistryOptions = {}): Promise<DockerRegistry> {
  const { auth = false } = options;
  const folder = options.root ?? mkdtempSync(path.join(tmpdir(), 'omlmd-registry-'));
  mkdirSync(folder, { recursive: true });
  const host = `127.0.0.1:${await freePort()}`;
  const config = path.join(folder, 'config.yml');
  writeFileSync(path.join(folder, 'htpasswd'), HTPASSWD);
  writeFileSync(config, configuration(folder, host, auth));
  const child = spawnGroup('docker-registry', ['serve', config], { stdio: 'ignore' });
  child.once('error', () => undefined); // not installed: said by the wait below
  const url = `http://${host}`;
  await waitUntil('docker-registry', () => answers(`${url}/v2/`), { child, milliseconds: 20_000 });
  return {
    host,
    url,
    async stop() {
      await stopGroup(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function configuration(folder: string, host: string, auth: boolean): string {
  const basic = `auth:\n  htpasswd: { realm: interop, path: ${folder}/htpasswd }\n`;
  return `version: 0.1
log: { level: error }
storage:
  filesystem: { rootdirectory: ${folder}/data }
  delete: { enabled: true }
http: { addr: "${host}" }
${auth ? basic : ''}`;
}
