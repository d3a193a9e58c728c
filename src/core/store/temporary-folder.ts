import { randomBytes } from 'node:crypto';
import { lstat, mkdtemp, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { TEMPORARY_PREFIX } from '../oci/title.ts';
import { isOwnPrivate } from '../private-file.ts';
import { formatIdentity, lookUp, ownIdentity, parseIdentity } from './process-identity.ts';

/** Age at which the temporary folder of a process that cannot be looked up is removed, milliseconds (R24). */
const ABANDONED_MS = 24 * 60 * 60 * 1000;

/** Begins the name of a folder that its process has left for the next one. */
const RELEASED_PREFIX = `${TEMPORARY_PREFIX}unfinished-`;

/** Unit of `Stats.blocks`, bytes (stat(2)). */
const BLOCK_BYTES = 512;

/**
 * A new hidden folder in `folder` that only its owner can enter. Its name says which process it belongs to: a file in
 * it could be missing when the process is killed at the wrong moment.
 */
export async function openTemporaryFolder(folder: string): Promise<string> {
  return await mkdtemp(`${await ownPrefix(folder)}-`);
}

/** The start of the paths of this process's temporary folders. */
async function ownPrefix(folder: string): Promise<string> {
  return join(folder, `${TEMPORARY_PREFIX}${formatIdentity(await ownIdentity())}`);
}

/**
 * Takes over a hidden folder that an earlier pull has left with some of the files `names` in it, the one with the most
 * of them; undefined where there is none. By renaming, so that of several only one gets it.
 */
export async function adoptTemporaryFolder(
  folder: string,
  names: readonly string[],
): Promise<string | undefined> {
  const own = await ownPrefix(folder);
  const candidates: { readonly path: string; readonly bytes: number }[] = [];
  for (const name of await hiddenFolders(folder)) {
    const path = join(folder, name);
    if (!(await isLeft(name)) || !(await isOurs(path))) continue;
    const bytes = await bytesOf(path, names);
    if (bytes > 0) candidates.push({ path, bytes });
  }
  for (const { path } of candidates.sort((a, b) => b.bytes - a.bytes)) {
    const taken = `${own}-${randomBytes(4).toString('hex')}`;
    try {
      await rename(path, taken);
    } catch {
      continue; // another pull was faster
    }
    // Looked at again under the name that nobody else uses.
    if (await isOurs(taken)) return taken;
    await rename(taken, path).catch(() => {});
  }
  return undefined;
}

/** Leaves a folder to the next pull; it is found also while this process goes on. False if it could not be left. */
export async function releaseTemporaryFolder(path: string, folder: string): Promise<boolean> {
  try {
    const now = new Date();
    await utimes(path, now, now);
    await rename(path, join(folder, `${RELEASED_PREFIX}${randomBytes(4).toString('hex')}`));
    return true;
  } catch {
    return false;
  }
}

/** Removes what killed and unfinished pulls left in `folder`. Failing to is no failure of what was done. */
export async function removeAbandoned(folder: string): Promise<void> {
  for (const name of await hiddenFolders(folder)) {
    const path = join(folder, name);
    if ((await isLeft(name)) || (await isOld(path, name)))
      await rm(path, { recursive: true, force: true }).catch(() => {});
  }
}

/** The hidden folders in `folder` that nobody has come back for within a day. */
export async function findOldFolders(folder: string): Promise<readonly string[]> {
  const old: string[] = [];
  for (const name of await hiddenFolders(folder)) {
    const path = join(folder, name);
    if (await isOld(path, name)) old.push(path);
  }
  return old;
}

/** Names of the folders that pulls have made. A link with such a name is not ours, and what it leads to even less. */
async function hiddenFolders(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isDirectory() && entry.name.startsWith(TEMPORARY_PREFIX))
    .map(({ name }) => name);
}

/** Whether nobody works in a folder any more, for certain. */
async function isLeft(name: string): Promise<boolean> {
  if (name.startsWith(RELEASED_PREFIX)) return true;
  const owner = parseIdentity(name.slice(TEMPORARY_PREFIX.length));
  return owner !== undefined && (await lookUp(owner)) === 'gone';
}

async function isOld(path: string, name: string): Promise<boolean> {
  const owner = parseIdentity(name.slice(TEMPORARY_PREFIX.length));
  if (owner !== undefined && (await lookUp(owner)) === 'runs') return false;
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }));
  return Date.now() - mtimeMs > ABANDONED_MS;
}

async function isOurs(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  return found?.isDirectory() === true && isOwnPrivate(found);
}

/** What the files take on the disk: a file that came over several connections has holes. */
async function bytesOf(folder: string, names: readonly string[]): Promise<number> {
  const stats = await Promise.all(names.map((name) => lstat(join(folder, name)).catch(() => undefined)));
  return stats.reduce((sum, found) => sum + (found?.isFile() ? found.blocks * BLOCK_BYTES : 0), 0);
}
