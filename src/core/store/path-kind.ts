import { lstat } from 'node:fs/promises';
import { storageError, systemCode } from './storage-error.ts';

/** `special`: a link, a pipe, a device. */
export type PathKind = 'nothing' | 'file' | 'folder' | 'special';

/** What is at a path; a link is itself, never what it leads to. */
export async function kindOf(path: string): Promise<PathKind> {
  try {
    const stat = await lstat(path);
    return stat.isFile() ? 'file' : stat.isDirectory() ? 'folder' : 'special';
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return 'nothing';
    throw storageError(`look at ${path}`, error);
  }
}
