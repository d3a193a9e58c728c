import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { defaultCredentials } from '../../../src/core/registry/credential-chain.ts';
import { type CredentialSources, credentialFiles } from '../../../src/core/registry/credential-places.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'omlmd-files-'));
});
afterEach(() => rm(home, { recursive: true }));

it.each<[string, (folder: string) => Partial<CredentialSources>]>([
  ['usual', () => ({ env: {} })],
  [
    'in named places',
    (folder) => ({
      env: {
        REGISTRY_AUTH_FILE: join(folder, 'auth.json'),
        XDG_RUNTIME_DIR: join(folder, 'run'),
        XDG_CONFIG_HOME: join(folder, 'config'),
        DOCKER_CONFIG: join(folder, 'docker'),
      },
    }),
  ],
  ['the one that was typed', (folder) => ({ env: {}, registryConfig: join(folder, 'typed.json') })],
])('lists the files that logins are taken from, the first first: %s', async (_name, more) => {
  const sources: CredentialSources = { env: {}, home, platform: 'linux', ...more(home) };
  const files = credentialFiles(sources);
  // From the last to the first: each one that appears is believed over those after it.
  for (const path of files.toReversed()) {
    await mkdir(dirname(path), { recursive: true });
    const auth = Buffer.from(`${path.replaceAll(':', '')}:x`).toString('base64');
    await writeFile(path, JSON.stringify({ auths: { 'r.example': { auth } } }));
    expect(await defaultCredentials(sources).get('r.example')).toMatchObject({ username: path });
  }
  expect(files.length).toBeGreaterThan(0);
});
