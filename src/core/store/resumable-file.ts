import { constants } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as z from 'zod';
import { isCorrupt, OmlmdError } from '../errors.ts';
import type { Content } from '../oci/content.ts';
import { algorithmOf, type Digest } from '../oci/digest.ts';
import { isFileContent } from '../oci/file-content.ts';
import { isOwnPrivate, PRIVATE_MODE } from '../private-file.ts';
import { NEW_FILE } from './durable-file.ts';
import { fillFile } from './fill-file.ts';
import { type Expected, type WriteOptions, writeVerified } from './hashed-file.ts';
import { assertSpace, storageError, systemCode } from './storage-error.ts';
import { WrittenRanges } from './written-ranges.ts';

/** Content up to this size comes with one request, bytes: to note how far it came would cost more than it saves. */
const RESUMABLE_BYTES = 1024 * 1024;
/** How much may come, bytes, or how long it may take, ms, until it is noted what is there. */
const NOTE_BYTES = 4 * 1024 * 1024;
const NOTE_MS = 1000;
/** Largest note, bytes, so that one call writes it: a process that is killed leaves the old one or the new one. */
const MAX_NOTE_BYTES = 4096;
/** Most ranges in a note: three times as many as there are connections; with their numbers they fit. */
const MAX_NOTED_RANGES = 24;

/** Ending of the file beside an unfinished one that says which of its bytes are there. */
export const NOTE_ENDING = '.ranges';

const NoteSchema = z.array(z.tuple([z.int().min(0), z.int().min(0)])).max(MAX_NOTED_RANGES);

/** What a file is called until it is whole: by its digest, so that a later call knows what it was to be. */
export function hiddenName(digest: Digest): string {
  return digest.replace(':', '-');
}

/** Whether content of this size is gone on with where it broke off, and private until then. */
export function isResumable({ size }: Pick<Expected, 'size'>): boolean {
  return size > RESUMABLE_BYTES;
}

/**
 * {@link writeVerified} that leaves what came when it fails, and goes on with what an earlier call, of this or of
 * another process, has left under the name. Only bytes of the wrong digest or size are removed. What is resumable is
 * private ({@link PRIVATE_MODE}).
 */
export async function writeResumable(
  path: string,
  content: Content,
  expected: Expected,
  options: Omit<WriteOptions, 'mode'> = {},
): Promise<void> {
  options.signal?.throwIfAborted();
  // A file of this machine is cloned, or copied in no time.
  if (isFileContent(content) || !isResumable(expected)) {
    const mode = isResumable(expected) ? PRIVATE_MODE : undefined;
    return await writeAnew(path, content, expected, { ...options, mode });
  }
  try {
    await write(path, content, expected, options);
  } catch (error) {
    if (isCorrupt(error)) await forgetFile(path);
    throw storageError(options.doing ?? `write ${path}`, error);
  }
}

/** What an earlier call has left under the name gives way. */
async function writeAnew(
  path: string,
  content: Content,
  expected: Expected,
  options: WriteOptions,
): Promise<void> {
  try {
    await writeVerified(path, content, expected, options);
  } catch (error) {
    if (
      systemCode(error) !== 'EEXIST' &&
      !(error instanceof OmlmdError && systemCode(error.cause) === 'EEXIST')
    )
      throw error;
    await forgetFile(path);
    await writeVerified(path, content, expected, options);
  }
}

async function write(
  path: string,
  content: Content,
  expected: Expected,
  options: Omit<WriteOptions, 'mode'>,
): Promise<void> {
  const { doing = `write ${path}`, onBytes, signal } = options;
  const { size, digest } = expected;
  const { file, written } = (await reopen(path, size)) ?? (await start(path));
  const note = new RangeNote(path, written);
  try {
    await assertSpace(dirname(path), size - written.bytes, doing);
    onBytes?.(written.bytes);
    const onWritten = () => note.save();
    const whole = { size, algorithm: algorithmOf(digest) };
    const got = await fillFile(file, content, whole, { written, onBytes, onWritten, signal });
    if (got !== digest) throw new OmlmdError('digest-mismatch', `expected ${digest}, got ${got}`);
    await file.sync();
  } finally {
    await note.close();
    await file.close();
  }
}

interface Partial {
  readonly file: FileHandle;
  readonly written: WrittenRanges;
}

async function start(path: string): Promise<Partial> {
  await forgetFile(path);
  return { file: await open(path, NEW_FILE, PRIVATE_MODE), written: new WrittenRanges() };
}

/** What an earlier call has left, if it can be trusted to be ours; its bytes are hashed like all others. */
async function reopen(path: string, size: number): Promise<Partial | undefined> {
  const file = await openOwn(path);
  if (file === undefined) return undefined;
  const written = await readNote(path, Math.min(size, (await file.stat()).size));
  if (written !== undefined) return { file, written };
  await file.close();
  return undefined;
}

/** Opens a file that only we could have written; undefined for anything else under the name, or nothing. */
async function openOwn(path: string): Promise<FileHandle | undefined> {
  const flags = constants.O_RDWR | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
  const file = await open(path, flags).catch(() => undefined);
  if (file === undefined) return undefined;
  const stat = await file.stat();
  // A second name may be one that a person sees already: a pull that was killed while it gave names.
  if (stat.isFile() && stat.nlink === 1 && isOwnPrivate(stat)) return file;
  await file.close();
  return undefined;
}

async function readNote(path: string, size: number): Promise<WrittenRanges | undefined> {
  const file = await openOwn(path + NOTE_ENDING);
  if (file === undefined) return undefined;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_NOTE_BYTES), 0, MAX_NOTE_BYTES, 0);
    // A shorter note than the one before has the rest of that behind it.
    const [line = ''] = buffer.toString('latin1', 0, bytesRead).split('\n', 1);
    const ranges = NoteSchema.parse(JSON.parse(line)).map(([first, end]) => ({ start: first, end }));
    return ranges.every(({ start: first, end }) => first < end && end <= size)
      ? new WrittenRanges(ranges)
      : undefined;
  } catch {
    return undefined; // not a note of ours: as if there were none
  } finally {
    await file.close();
  }
}

/** Removes a file that was written so, finished or not. */
export async function forgetFile(path: string): Promise<void> {
  await rm(path, { force: true });
  await rm(path + NOTE_ENDING, { force: true });
}

/** The file that says which bytes are there. It comes with the first that are. */
class RangeNote {
  readonly #path: string;
  readonly #written: WrittenRanges;
  #file: FileHandle | undefined;
  #noted: number;
  #notedAt = performance.now();

  constructor(path: string, written: WrittenRanges) {
    this.#path = path + NOTE_ENDING;
    this.#written = written;
    this.#noted = written.bytes;
  }

  /** Notes what is there, if there is enough that is new. */
  async save(): Promise<void> {
    const fresh = this.#written.bytes - this.#noted;
    if (fresh >= NOTE_BYTES || performance.now() - this.#notedAt >= NOTE_MS) await this.#write();
  }

  /** Notes the last of it; that this may fail changes nothing about how the writing ended. */
  async close(): Promise<void> {
    if (this.#written.bytes !== this.#noted) await this.#write().catch(() => {});
    await this.#file?.close();
  }

  async #write(): Promise<void> {
    this.#file ??= (await openOwn(this.#path)) ?? (await open(this.#path, NEW_FILE, PRIVATE_MODE));
    const ranges = this.#written.ranges.slice(0, MAX_NOTED_RANGES).map(({ start, end }) => [start, end]);
    await this.#file.write(`${JSON.stringify(ranges)}\n`, 0);
    this.#noted = this.#written.bytes;
    this.#notedAt = performance.now();
  }
}
