import { statfs } from 'node:fs/promises';
import { escapeControls, OmlmdError } from '../errors.ts';

/** The system's code of a failed call, like `ENOENT`; undefined for any other failure. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Full disk, used-up quota, and the largest file that a file system or the user's limit takes. */
const FULL: ReadonlySet<string | undefined> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** What the codes of failed file system calls mean to a person; Node's own text repeats the call and the path. */
const WORDS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOENT: 'no such file or folder',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a file is where a folder is needed',
  EEXIST: 'something else is there already',
  ELOOP: 'its links form a loop',
  ENAMETOOLONG: 'the name is too long',
  EMFILE: 'too many files are open',
};

/** Why a file system call failed, in words. */
export function systemWords(error: unknown): string {
  const words = WORDS[systemCode(error) ?? ''];
  return words ?? escapeControls(error instanceof Error ? error.message : String(error));
}

/** A failed file system call as an error of ours; anything else as it is. `doing` is "write PATH". */
export function storageError(doing: string, error: unknown): unknown {
  const code = systemCode(error);
  if (error instanceof OmlmdError || code === undefined) return error;
  const message = `${escapeControls(doing)}: ${FULL.has(code) ? 'the disk is full' : systemWords(error)}`;
  return new OmlmdError(FULL.has(code) ? 'disk-full' : 'file-unreadable', message, { cause: error });
}

/** Throws `disk-full` when `bytes` cannot fit where `folder` is, so that a long transfer is not begun in vain (R28). */
export async function assertSpace(folder: string, bytes: number, doing: string): Promise<void> {
  // Some file systems cannot tell; the write itself will.
  const stats = await statfs(folder).catch(() => undefined);
  if (stats === undefined || stats.blocks === 0) return;
  const free = stats.bavail * stats.bsize;
  if (bytes > free) {
    throw new OmlmdError(
      'disk-full',
      `${escapeControls(doing)}: ${bytes} bytes are needed, ${free} are free`,
    );
  }
}
