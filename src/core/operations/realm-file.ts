import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RealmMemory } from '../registry/authorizer.ts';
import { replaceFile } from '../store/durable-file.ts';

/** Most lines that are kept: one a registry and token service; the oldest go first. */
const MAX_REALMS = 1000;

/**
 * Remembers, in `realms` of the data folder, at which other origin a registry takes logins, so that a person is told
 * of it once and not at every push (S16). A line is `REGISTRY ORIGIN`. Losing the file only means being told again.
 */
export function realmFile(home: string): RealmMemory {
  const path = join(home, 'realms');
  const read = async () =>
    (await readFile(path, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');
  return {
    knownRealm: async (registry, origin) => (await read()).includes(`${registry} ${origin}`),
    async rememberRealm(registry, origin) {
      const lines = [...(await read()), `${registry} ${origin}`].slice(-MAX_REALMS);
      await mkdir(home, { recursive: true });
      await replaceFile(path, `${lines.join('\n')}\n`);
    },
  };
}
