import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { TEMPORARY_PREFIX } from '../oci/title.ts';
import { storageError } from './storage-error.ts';

/** Flags of a new file: it must not be there, and a link that waits under its name is not followed (S2). */
export const NEW_FILE = constants.O_CREAT | constants.O_EXCL | constants.O_RDWR | (constants.O_NOFOLLOW ?? 0);

/** Age of a file that a killed process left unfinished, milliseconds; no write stands still for so long. */
const ABANDONED_MS = 24 * 60 * 60 * 1000;

/** A name for a file that is not finished; `folder` is on the file system of its final place. */
export function temporaryName(folder: string): string {
  return join(folder, `${TEMPORARY_PREFIX}${randomBytes(8).toString('hex')}`);
}

/** Removes the files of {@link temporaryName} that killed processes left. Failing to is no failure of what was done. */
export async function removeOldTemporaries(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((candidate) => candidate.startsWith(TEMPORARY_PREFIX))) {
    const path = join(folder, name);
    const stat = await lstat(path).catch(() => undefined);
    // The change time: the other times of a hard link are those of the file it was made from.
    if (stat?.isFile() && Date.now() - stat.ctimeMs > ABANDONED_MS)
      await rm(path, { force: true }).catch(() => {});
  }
}

/** Replaces a small file whole: at any moment, also after a crash, the old one or the new one is there (R25). */
export async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = temporaryName(dirname(path));
  try {
    const file = await open(temporary, NEW_FILE, 0o666);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true });
    throw storageError(`write ${path}`, error);
  }
}

/** Makes the names in a folder last. Windows has no such call, and does it by itself. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } catch (error) {
    // File systems without it (some network and FUSE ones) say so; the rename itself has happened.
    if (!(error instanceof Error && 'code' in error && (error.code === 'EINVAL' || error.code === 'ENOTSUP')))
      throw error;
  } finally {
    await handle.close();
  }
}
