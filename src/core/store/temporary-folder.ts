import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { TEMPORARY_PREFIX } from '../oci/title.ts';
import { formatIdentity, lookUp, ownIdentity, parseIdentity } from './process-identity.ts';

/** Age at which the temporary folder of a process that cannot be looked up is removed, milliseconds (R24). */
const ABANDONED_MS = 24 * 60 * 60 * 1000;

/**
 * A new hidden folder in `folder` that only its owner can enter. Its name says which process it belongs to: a file in
 * it could be missing when the process is killed at the wrong moment.
 */
export async function openTemporaryFolder(folder: string): Promise<string> {
  return await mkdtemp(join(folder, `${TEMPORARY_PREFIX}${formatIdentity(await ownIdentity())}-`));
}

/** Removes what killed processes left in `folder`. Failing to is no failure of what was done. */
export async function removeAbandoned(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    // A link with such a name is not ours, and what it leads to even less.
    if (!entry.isDirectory() || !entry.name.startsWith(TEMPORARY_PREFIX)) continue;
    const path = join(folder, entry.name);
    if (await isAbandoned(path, entry.name)) await rm(path, { recursive: true, force: true }).catch(() => {});
  }
}

async function isAbandoned(path: string, name: string): Promise<boolean> {
  const owner = parseIdentity(name.slice(TEMPORARY_PREFIX.length));
  const state = owner === undefined ? 'unknown' : await lookUp(owner);
  if (state !== 'unknown') return state === 'gone';
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }));
  return Date.now() - mtimeMs > ABANDONED_MS;
}
