import { createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { quote } from '../errors.ts';
import { temporaryName } from '../store/durable-file.ts';
import { storageError, systemCode } from '../store/storage-error.ts';

/**
 * Writes a file that a person named: whole, or not at all. A pipe or a device is written to as it is; renaming over
 * it would replace it.
 */
export async function saveFile(
  path: string,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> {
  try {
    if (await isSpecial(path)) await pipeline(chunks, createWriteStream(path));
    else await writeBeside(path, chunks);
  } catch (error) {
    throw storageError(`write ${quote(path)}`, error);
  }
}

async function isSpecial(path: string): Promise<boolean> {
  try {
    const found = await stat(path);
    return !found.isFile() && !found.isDirectory();
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
}

async function writeBeside(
  path: string,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> {
  const temporary = temporaryName(dirname(path));
  try {
    await pipeline(chunks, createWriteStream(temporary, { flags: 'wx', flush: true }));
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
