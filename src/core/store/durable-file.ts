import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, type FileHandle, link, lstat, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { OmlmdError } from '../errors.ts';
import { BACKGROUND_BYTES, BackgroundHash } from '../oci/background-hash.ts';
import {
  type CallOptions,
  type Content,
  isFileContent,
  sizedStream,
  verifiedStream,
} from '../oci/content.ts';
import { algorithmOf, type Digest, Digester } from '../oci/digest.ts';
import { TEMPORARY_PREFIX } from '../oci/title.ts';
import { assertSpace, storageError } from './storage-error.ts';

/** Flags of a new file: it must not be there, and a link that waits under its name is not followed (S2). */
const NEW_FILE = constants.O_CREAT | constants.O_EXCL | constants.O_RDWR | (constants.O_NOFOLLOW ?? 0);
/** Bytes a clone is read by while it is verified. */
const VERIFY_BYTES = 1024 * 1024;

export interface WriteOptions extends CallOptions {
  /** Told after each chunk how many bytes are done. */
  readonly onBytes?: ((done: number) => void) | undefined;
  /** Permissions of the file, before the umask. Default: readable and writable, as the umask has it. */
  readonly mode?: number | undefined;
}

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

/**
 * Writes content to a new file that is only left there whole, with the right size and digest, and on the disk. A file
 * is cloned where the file system shares blocks, and the clone is read to verify it; all else is hashed on its way.
 */
export async function writeVerified(
  path: string,
  content: Content,
  expected: { readonly digest: Digest; readonly size: number },
  options: WriteOptions = {},
): Promise<void> {
  try {
    options.signal?.throwIfAborted();
    if (isFileContent(content) && content.size === expected.size && (await clone(content.path, path))) {
      return await verifyClone(path, expected, options);
    }
    await assertSpace(dirname(path), expected.size, `write ${path}`);
    const file = await open(path, NEW_FILE, options.mode ?? 0o666);
    try {
      if (expected.size < BACKGROUND_BYTES)
        await writeStream(file, verifiedStream(content, expected, options), options);
      else await writeLarge(file, content, expected, options);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    // A file that was there before is not ours to remove.
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST'))
      await rm(path, { force: true });
    throw storageError(`write ${path}`, error);
  }
}

/** Bytes that are gathered for one write: a trip to the thread pool for each piece of a socket costs more than the write. */
const WRITE_BYTES = 1024 * 1024;

/** Writes chunks in their order, gathering the next ones while the last are on their way to the disk. */
async function writeStream(
  file: FileHandle,
  chunks: AsyncIterable<Uint8Array>,
  { onBytes }: WriteOptions,
): Promise<void> {
  let done = 0;
  let gathered: Uint8Array[] = [];
  let bytes = 0;
  let writing: Promise<void> = Promise.resolve();
  const flush = async () => {
    const [parts, count] = [gathered, bytes];
    gathered = [];
    bytes = 0;
    await writing;
    writing = writeParts(file, parts).then(() => {
      done += count;
      onBytes?.(done);
    });
    writing.catch(() => {}); // it is awaited before the next one starts, and at the end
  };
  try {
    for await (const chunk of chunks) {
      gathered.push(chunk);
      bytes += chunk.byteLength;
      if (bytes >= WRITE_BYTES) await flush();
    }
    if (bytes > 0) await flush();
  } finally {
    await writing;
  }
}

async function writeParts(file: FileHandle, parts: readonly Uint8Array[]): Promise<void> {
  const { bytesWritten } = await file.writev(parts);
  let written = bytesWritten;
  // Only a disk that is nearly full, or a signal, leaves a rest.
  for (const part of parts) {
    const left = part.subarray(Math.min(written, part.byteLength));
    written -= part.byteLength - left.byteLength;
    for (let at = 0; at < left.byteLength; ) at += (await file.write(left, at)).bytesWritten;
  }
}

/** Writes while another thread hashes what is there already. */
async function writeLarge(
  file: FileHandle,
  content: Content,
  expected: { readonly digest: Digest; readonly size: number },
  options: WriteOptions,
): Promise<void> {
  const hash = new BackgroundHash(file.fd, algorithmOf(expected.digest));
  try {
    // The slice of the whole: not hashed on its way, too.
    const chunks = sizedStream(content.slice(), expected, options);
    await writeStream(file, chunks, {
      onBytes(done) {
        hash.advance(done);
        options.onBytes?.(done);
      },
    });
    const digest = await hash.digest(expected.size);
    if (digest !== expected.digest)
      throw new OmlmdError('digest-mismatch', `expected ${expected.digest}, got ${digest}`);
  } finally {
    await hash.stop();
  }
}

/** Whether the file system made a copy that shares the source's blocks. */
async function clone(from: string, to: string): Promise<boolean> {
  try {
    await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE);
    return true;
  } catch {
    // Whatever the reason: it is written byte by byte next, and a real problem will show then.
    await rm(to, { force: true });
    return false;
  }
}

async function verifyClone(
  path: string,
  expected: { readonly digest: Digest; readonly size: number },
  options: WriteOptions,
): Promise<void> {
  const file = await open(path, 'r+').catch((error: unknown) => openReadOnly(path, error));
  try {
    await file.chmod((options.mode ?? 0o666) & ~process.umask());
    await verifyHandle(file, expected, options);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A clone keeps the permissions of its source, which may be read-only. */
async function openReadOnly(path: string, error: unknown): Promise<FileHandle> {
  if (error instanceof Error && 'code' in error && error.code === 'EACCES') return open(path, 'r');
  throw error;
}

/** Reads an open file and throws `size-mismatch` or `digest-mismatch` when it is not what is expected. */
export async function verifyHandle(
  file: FileHandle,
  expected: { readonly digest: Digest; readonly size: number },
  options: Omit<WriteOptions, 'mode'> = {},
): Promise<void> {
  const stat = await file.stat();
  const size = stat.isFile() ? stat.size : -1;
  if (size !== expected.size) {
    throw new OmlmdError('size-mismatch', `${expected.digest}: expected ${expected.size} bytes, got ${size}`);
  }
  const digester = new Digester(algorithmOf(expected.digest));
  const buffer = Buffer.allocUnsafeSlow(Math.min(VERIFY_BYTES, Math.max(size, 1)));
  for (let at = 0; at < size; ) {
    options.signal?.throwIfAborted();
    const { bytesRead } = await file.read(buffer, 0, buffer.byteLength, at);
    if (bytesRead === 0) throw new OmlmdError('file-changed', `${expected.digest}: its file shrank`);
    digester.update(buffer.subarray(0, bytesRead));
    at += bytesRead;
    options.onBytes?.(at);
  }
  const digest = digester.digest();
  if (digest !== expected.digest)
    throw new OmlmdError('digest-mismatch', `expected ${expected.digest}, got ${digest}`);
}

/** A second name for a file that already holds the content; throws, and leaves no name, when it does not hold it. */
export async function linkVerified(
  from: string,
  path: string,
  expected: { readonly digest: Digest; readonly size: number },
  options: CallOptions = {},
): Promise<void> {
  try {
    await link(from, path);
    // The new name is what is looked at: the old one may name something else by now.
    const file = await open(
      path,
      constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0),
    );
    try {
      await verifyHandle(file, expected, { signal: options.signal });
    } finally {
      await file.close();
    }
  } catch (error) {
    await rm(path, { force: true });
    throw storageError(`link ${from} as ${path}`, error);
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
