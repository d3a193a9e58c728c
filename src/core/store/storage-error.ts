import { statfs } from 'node:fs/promises';
import { escapeControls, OmlmdError } from '../errors.ts';
import { systemCode, systemWords } from '../oci/system-failure.ts';

export { systemCode };

/** Full disk, used-up quota, and the largest file that a file system or the user's limit takes. */
const FULL: ReadonlySet<string | undefined> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

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
