import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TEMPORARY_PREFIX } from '../oci/title.ts';
import { lookUp, ownIdentity, ProcessIdentitySchema } from './process-identity.ts';

/** In a temporary folder: whose it is. */
const OWNER_FILE = 'owner';
/** Age at which the temporary folder of a process that cannot be looked up is removed, milliseconds (R24). */
const ABANDONED_MS = 24 * 60 * 60 * 1000;

/** A new hidden folder in `folder` that only its owner can enter, marked with the process it belongs to. */
export async function openTemporaryFolder(folder: string): Promise<string> {
  const path = await mkdtemp(join(folder, TEMPORARY_PREFIX));
  try {
    await writeFile(join(path, OWNER_FILE), JSON.stringify(await ownIdentity()), { flag: 'wx' });
  } catch (error) {
    await rm(path, { recursive: true, force: true });
    throw error;
  }
  return path;
}

/** Removes what killed processes left in `folder`. Failing to is no failure of what was done. */
export async function removeAbandoned(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    // A link with such a name is not ours, and what it leads to even less.
    if (!entry.isDirectory() || !entry.name.startsWith(TEMPORARY_PREFIX)) continue;
    const path = join(folder, entry.name);
    if (await isAbandoned(path)) await rm(path, { recursive: true, force: true }).catch(() => {});
  }
}

async function isAbandoned(path: string): Promise<boolean> {
  try {
    const owner = ProcessIdentitySchema.parse(JSON.parse(await readFile(join(path, OWNER_FILE), 'utf8')));
    const state = await lookUp(owner);
    if (state !== 'unknown') return state === 'gone';
  } catch {
    // No owner, or none that can be read: its age decides.
  }
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }));
  return Date.now() - mtimeMs > ABANDONED_MS;
}
