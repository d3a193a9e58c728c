import { constants, writeFile } from 'node:fs';
import { copyFile, type FileHandle, link, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { OmlmdError } from '../errors.ts';
import { BACKGROUND_BYTES } from '../oci/background-hash.ts';
import { type CallOptions, type Content, isBytesContent, sizedStream } from '../oci/content.ts';
import { algorithmOf, type Digest, type DigestAlgorithm, Digester } from '../oci/digest.ts';
import { isFileContent } from '../oci/file-content.ts';
import { NEW_FILE } from './durable-file.ts';
import { fillFile, hashHandle } from './fill-file.ts';
import { inOrder, writePieces } from './piece-writer.ts';
import { assertSpace, storageError } from './storage-error.ts';
import { WrittenRanges } from './written-ranges.ts';

export interface WriteOptions extends CallOptions {
  /** What is being done, for messages, where the path means nothing to a person. Default: "write PATH". */
  readonly doing?: string | undefined;
  /** Told after each chunk how many bytes are done. */
  readonly onBytes?: ((done: number) => void) | undefined;
  /** Permissions of the file, before the umask. Default: readable and writable, as the umask has it. */
  readonly mode?: number | undefined;
}

/** What a file must turn out to be. */
export interface Expected {
  readonly digest: Digest;
  readonly size: number;
}

/**
 * From this size on it pays to try a clone and to ask for the free space first, bytes. Smaller content is written, and
 * a full disk shows soon enough.
 */
const LARGE_BYTES = 1024 * 1024;
/** Writes content to a new file that is only left there whole, with the right size and digest, and on the disk. */
export async function writeVerified(
  path: string,
  content: Content,
  expected: Expected,
  options: WriteOptions = {},
): Promise<void> {
  const isRight = content.verifies === expected.digest && content.size === expected.size;
  if (isBytesContent(content) && isRight && content.size < LARGE_BYTES)
    return await writeBytes(path, content.bytes, options);
  await write(path, content, options, async (file) => {
    if (isFileContent(content) && content.size !== expected.size)
      throw new OmlmdError(
        'size-mismatch',
        `${expected.digest}: expected ${expected.size} bytes, got ${content.size}`,
      );
    const digest = await fill(
      file,
      content,
      expected.size,
      algorithmOf(expected.digest),
      options,
      expected.digest,
    );
    if (digest !== expected.digest)
      throw new OmlmdError('digest-mismatch', `expected ${expected.digest}, got ${digest}`);
  });
}

/** Writes what is in memory, and right: of thousands of small files, every call that is saved counts. */
async function writeBytes(path: string, bytes: Uint8Array, options: WriteOptions): Promise<void> {
  const { mode = 0o666, onBytes, signal } = options;
  await leavingNothing(path, options, async () => {
    await writeAtOnce(path, bytes, { flag: 'wx', mode, flush: true }); // exclusive: no link is followed (S2)
    signal?.throwIfAborted();
  });
  onBytes?.(bytes.byteLength);
}

/** By callbacks within: one promise and no file handle, where `node:fs/promises` makes four and one. */
const writeAtOnce = promisify(writeFile);

/** Writes content to a new file that is only left there whole and on the disk, and tells its digest. */
export async function writeHashed(
  path: string,
  content: Content,
  options: WriteOptions = {},
): Promise<Digest> {
  return write(path, content, options, (file) => fill(file, content, content.size, 'sha256', options));
}

/** What is written to: an empty new file, or a clone of the content. */
interface NewFile {
  readonly handle: FileHandle;
  readonly isClone: boolean;
}

/** Makes a file, lets `work` fill it, and removes it when that fails. A file that was there before is not ours to remove. */
async function write<T>(
  path: string,
  content: Content,
  options: WriteOptions,
  work: (file: NewFile) => Promise<T>,
): Promise<T> {
  return await leavingNothing(path, options, async () => {
    const file = await create(path, content, options);
    try {
      const result = await work(file);
      await file.handle.sync();
      return result;
    } finally {
      await file.handle.close();
    }
  });
}

async function leavingNothing<T>(path: string, options: WriteOptions, work: () => Promise<T>): Promise<T> {
  try {
    options.signal?.throwIfAborted();
    return await work();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST'))
      await rm(path, { force: true });
    throw storageError(options.doing ?? `write ${path}`, error);
  }
}

/** A file is cloned where the file system shares blocks: no space, no copying, only reading to hash it. */
async function create(
  path: string,
  content: Content,
  { mode = 0o666, doing = `write ${path}` }: WriteOptions,
): Promise<NewFile> {
  if (isFileContent(content) && content.size >= LARGE_BYTES && (await clone(content.path, path))) {
    const handle = await open(path, 'r+').catch((error: unknown) => openReadOnly(path, error));
    await handle.chmod(mode & ~process.umask());
    return { handle, isClone: true };
  }
  if (content.size >= LARGE_BYTES) await assertSpace(dirname(path), content.size, doing);
  return { handle: await open(path, NEW_FILE, mode), isClone: false };
}

/** Brings the content into the file and hashes it; in another thread where it is large. */
async function fill(
  { handle, isClone }: NewFile,
  content: Content,
  size: number,
  algorithm: DigestAlgorithm,
  options: WriteOptions,
  verified?: Digest,
): Promise<Digest> {
  if (isClone) {
    if ((await handle.stat()).size !== size)
      throw new OmlmdError('file-changed', 'clone a file: its size changed');
    return hashHandle(handle, size, algorithm, options);
  }
  if (size > BACKGROUND_BYTES)
    return fillFile(handle, content, { size, algorithm }, { ...options, written: new WrittenRanges() });
  const chunks = (source: Pick<Content, 'stream'>) => sizedStream(source, { size }, options);
  if (verified !== undefined && content.verifies === verified) {
    await writePieces(handle, inOrder(chunks(content)), options);
    return verified;
  }
  const digester = new Digester(algorithm);
  await writePieces(handle, inOrder(hashing(chunks(content), digester)), options);
  return digester.digest();
}

async function* hashing(chunks: AsyncIterable<Uint8Array>, digester: Digester): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    digester.update(chunk);
    yield chunk;
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

/** A clone keeps the permissions of its source, which may be read-only. */
async function openReadOnly(path: string, error: unknown): Promise<FileHandle> {
  if (error instanceof Error && 'code' in error && error.code === 'EACCES') return open(path, 'r');
  throw error;
}

/** Reads an open file and throws `size-mismatch` or `digest-mismatch` when it is not what is expected. */
export async function verifyHandle(
  file: FileHandle,
  expected: Expected,
  options: Omit<WriteOptions, 'mode'> = {},
): Promise<void> {
  const stat = await file.stat();
  const size = stat.isFile() ? stat.size : -1;
  if (size !== expected.size)
    throw new OmlmdError('size-mismatch', `${expected.digest}: expected ${expected.size} bytes, got ${size}`);
  const digest = await hashHandle(file, size, algorithmOf(expected.digest), options);
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
