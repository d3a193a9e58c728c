import { lstat, opendir } from 'node:fs/promises';
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

/** Whether nothing can be in the way of files in a folder, because it holds nothing or is not there. */
export async function isEmptyFolder(path: string): Promise<boolean> {
  try {
    const folder = await opendir(path);
    try {
      return (await folder.read()) === null;
    } finally {
      await folder.close();
    }
  } catch (error) {
    return systemCode(error) === 'ENOENT';
  }
}
