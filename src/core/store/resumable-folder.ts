import { readdir, rm } from 'node:fs/promises';
import { isOmlmdError } from '../errors.ts';
import type { CallOptions } from '../oci/content.ts';
import { NOTE_ENDING } from './resumable-file.ts';
import { adoptTemporaryFolder, openTemporaryFolder, releaseTemporaryFolder } from './temporary-folder.ts';

/**
 * Does work with resumable files in a hidden folder in `folder`: the one that an earlier call has left with some of the
 * files `names` in it, or a new one, so that no two processes ever write to one file. Then the hidden folder goes. It
 * stays only after a failure that may be better another time (the network, a cancellation), for the next call (R24).
 */
export async function inResumableFolder<T>(
  folder: string,
  names: readonly string[],
  options: CallOptions,
  work: (temporary: string, isAdopted: boolean) => Promise<T>,
): Promise<T> {
  const adopted = await adoptTemporaryFolder(folder, names);
  const temporary = adopted ?? (await openTemporaryFolder(folder));
  try {
    return await work(temporary, adopted !== undefined);
  } catch (error) {
    if (mayGoOn(error, options) && (await holdsParts(temporary)))
      await releaseTemporaryFolder(temporary, folder);
    throw error;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** Whether the same work may come further another time: the way was bad, or the person stopped it. */
function mayGoOn(error: unknown, { signal }: CallOptions): boolean {
  // Work that was stopped because other work failed: that failure tells.
  const cause: unknown = signal?.aborted ? signal.reason : error;
  if (signal?.aborted && !isOmlmdError(cause)) return true;
  if (isOmlmdError(cause, 'canceled')) return true;
  if (isOmlmdError(cause, 'unreachable') || isOmlmdError(cause, 'timed-out')) return true;
  // A registry that asked for more patience than we have has answered: its answer is the cause.
  return isOmlmdError(cause, 'registry-failed') && cause.retryable && !isOmlmdError(cause.cause);
}

/** Whether anything came that it would be a pity to ask for again. */
async function holdsParts(temporary: string): Promise<boolean> {
  return (await readdir(temporary)).some((name) => name.endsWith(NOTE_ENDING));
}
