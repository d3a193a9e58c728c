import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { answers, freePort, spawnGroup, stopGroup, waitUntil } from '../../support/processes.ts';
import type { TokenServer } from './token-server.ts';

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
  /** It speaks TLS as this server does, and wants its tokens for everything. */
  readonly tokens?: TokenServer;
  /** Where it keeps its content; a temporary folder unless said. Removed in the end. */
  readonly root?: string;
}

/** Starts Debian's `docker-registry`. */
export async function startDockerRegistry(options: DockerRegistryOptions = {}): Promise<DockerRegistry> {
  const folder = options.root ?? mkdtempSync(path.join(tmpdir(), 'omlmd-registry-'));
  mkdirSync(folder, { recursive: true });
  const host = `127.0.0.1:${await freePort()}`;
  const config = path.join(folder, 'config.yml');
  writeFileSync(path.join(folder, 'htpasswd'), HTPASSWD);
  writeFileSync(config, configuration(folder, host, options));
  if (options.tokens !== undefined) writeTls(folder, options.tokens.tls);
  const child = spawnGroup('docker-registry', ['serve', config], { stdio: 'ignore' });
  child.once('error', () => undefined); // not installed: said by the wait below
  const url = `${options.tokens === undefined ? 'http' : 'https'}://${host}`;
  const ready = options.tokens === undefined ? () => answers(`${url}/v2/`) : () => listens(host);
  await waitUntil('docker-registry', ready, { child, milliseconds: 20_000 });
  return {
    host,
    url,
    async stop() {
      await stopGroup(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function writeTls(folder: string, { cert, key }: TokenServer['tls']): void {
  writeFileSync(path.join(folder, 'tls.pem'), cert);
  writeFileSync(path.join(folder, 'tls-key.pem'), key);
}

function tokenAuth({ realm, service, issuer, certificate }: TokenServer): string {
  return `auth:
  token:
    realm: ${realm}
    service: ${service}
    issuer: ${issuer}
    rootcertbundle: ${certificate}
`;
}

/** Whether a TLS server answers; nobody but the tests trusts its certificate. */
function listens(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    get({ host: '127.0.0.1', port: new URL(`https://${host}`).port, path: '/v2/', rejectUnauthorized: false })
      .once('response', (response) =>
        resolve((response.statusCode ?? 500) < 500 && response.resume() !== null),
      )
      .once('error', () => resolve(false));
  });
}

function configuration(folder: string, host: string, { auth, tokens }: DockerRegistryOptions): string {
  const basic = `auth:\n  htpasswd: { realm: interop, path: ${folder}/htpasswd }\n`;
  const tls = `tls: { certificate: ${folder}/tls.pem, key: ${folder}/tls-key.pem }`;
  return `version: 0.1
log: { level: error }
storage:
  filesystem: { rootdirectory: ${folder}/data }
  delete: { enabled: true }
http: { addr: "${host}"${tokens === undefined ? '' : `, ${tls}`} }
${auth ? basic : ''}${tokens === undefined ? '' : tokenAuth(tokens)}`;
}
