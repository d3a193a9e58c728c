import { randomBytes } from 'node:crypto';
import { lstat, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { TEMPORARY_PREFIX } from '../oci/title.ts';
import { isOwnPrivate, PRIVATE_MODE } from '../private-file.ts';
import type { UploadMemory } from '../registry/upload-memory.ts';
import {
  formatIdentity,
  lookUp,
  ownIdentity,
  ProcessIdentitySchema,
  parseIdentity,
} from '../store/process-identity.ts';

/** Age at which an upload is forgotten, milliseconds: registries have long done so by then. */
const FORGOTTEN_MS = 24 * 60 * 60 * 1000;
/** Largest file that is read, bytes: one holds a URL, and registries put at most some kilobytes of state into it. */
const MAX_FILE_BYTES = 64 * 1024;

const FileSchema = z.object({
  /** Who works on it; null when it was left. */
  owner: ProcessIdentitySchema.nullable(),
  upload: z.object({ url: z.string(), minimumChunk: z.int().min(0), acknowledged: z.int().min(0) }),
});
type UnfinishedFile = z.infer<typeof FileSchema>;

/**
 * Keeps unfinished uploads in `uploads` of the data folder, a file each, for nobody else to read: a session's URL is
 * all that it takes to write into it (R2). Losing a file only means that a model is sent from its start.
 */
export function unfinishedUploads(home: string): UploadMemory {
  const folder = join(home, 'uploads');
  const pathOf = (key: string) => join(folder, `${key}.json`);
  return {
    async takeUpload(key) {
      await tidy(folder);
      const path = pathOf(key);
      if (!(await isFree(await readUpload(path)))) return undefined;
      const taken = await temporaryName(folder);
      await rename(path, taken);
      // Between the two, another process may have taken it, and written that it goes on with it.
      const file = await readUpload(taken);
      if (await isFree(file)) {
        await rm(taken, { force: true });
        return file?.upload;
      }
      await rename(taken, path);
      return undefined;
    },
    async keepUpload(key, upload, isLeft) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const file: UnfinishedFile = { owner: isLeft ? null : await ownIdentity(), upload };
      const temporary = await temporaryName(folder);
      // Not forced to the disk: after a crash of the machine, sending again is no great loss.
      await writeFile(temporary, `${JSON.stringify(file)}\n`, { mode: PRIVATE_MODE, flag: 'wx' });
      await rename(temporary, pathOf(key));
    },
    dropUpload: (key) => rm(pathOf(key), { force: true }),
  };
}

async function readUpload(path: string): Promise<UnfinishedFile | undefined> {
  const stat = await lstat(path).catch(() => undefined);
  if (stat === undefined || !stat.isFile() || !isOwnPrivate(stat)) return undefined;
  if (stat.size > MAX_FILE_BYTES || Date.now() - stat.mtimeMs > FORGOTTEN_MS) return undefined;
  try {
    return FileSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return undefined; // damaged, or taken away meanwhile
  }
}

/** Whether nobody works on an upload any more. */
async function isFree(file: UnfinishedFile | undefined): Promise<boolean> {
  if (file === undefined) return false;
  return file.owner === null || (await lookUp(file.owner)) === 'gone';
}

/** A name for a moment. It says whose it is: a process that is killed in that moment leaves it. */
async function temporaryName(folder: string): Promise<string> {
  const owner = formatIdentity(await ownIdentity());
  return join(folder, `${TEMPORARY_PREFIX}${owner}-${randomBytes(4).toString('hex')}`);
}

/** Removes what is too old, and what killed processes have left half done. */
async function tidy(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name);
    if ((await isForgotten(path)) || (await isHalfDone(name)))
      await rm(path, { force: true }).catch(() => {});
  }
}

async function isForgotten(path: string): Promise<boolean> {
  const stat = await lstat(path).catch(() => undefined);
  return stat?.isFile() === true && Date.now() - stat.mtimeMs > FORGOTTEN_MS;
}

async function isHalfDone(name: string): Promise<boolean> {
  if (!name.startsWith(TEMPORARY_PREFIX)) return false;
  const owner = parseIdentity(name.slice(TEMPORARY_PREFIX.length));
  return owner !== undefined && (await lookUp(owner)) === 'gone';
}
