import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { OmlmdError } from '../errors.ts';
import { type CallOptions, type Content, readAll, verifiedStream } from '../oci/content.ts';
import { algorithmOf, type Digest, Digester } from '../oci/digest.ts';
import { type FileContent, openFileContent } from '../oci/file-content.ts';
import { NEW_FILE } from './durable-file.ts';
import { inOrder, writePieces } from './piece-writer.ts';
import { storageError } from './storage-error.ts';
import { parseTarHeader, TAR_BLOCK_BYTES, tarError } from './tar-header.ts';

/** Most bytes that a compressed byte may become; stops a bomb (S6). */
export const MAX_RATIO = 100;
/** Bytes from which on {@link MAX_RATIO} holds: small archives are mostly zeros, and no danger. */
export const RATIO_FROM_BYTES = 1024 * 1024;
/** Bytes that all archives of a pull may become, however small they are; beyond it {@link MAX_GROWTH} holds (S6). */
export const MAX_SMALL_TOTAL_BYTES = 1024 * 1024 * 1024;
/** Most times their size that large archives may become; stops a bomb that keeps below {@link MAX_RATIO} (S6). */
export const MAX_GROWTH = 10;
/** Most files and folders in all archives of a pull; stops one from using up a file system's inodes (S6). */
export const MAX_ENTRIES = 10_000;

export type ArchiveKind = 'tar' | 'gzip' | 'zstd';

/** Bytes that {@link archiveKindOf} looks at. */
export const ARCHIVE_HEAD_BYTES = TAR_BLOCK_BYTES;
/** Bytes that a decompressor gives at once: its default makes many small writes. */
const INFLATE_BYTES = 256 * 1024;

/** What a file is by its first bytes; what is compressed is taken for an archive until it is opened. */
export function archiveKindOf(head: Uint8Array): ArchiveKind | undefined {
  const magic = Buffer.from(head.subarray(0, 4)).toString('hex');
  if (magic.startsWith('1f8b08')) return 'gzip';
  if (magic === '28b52ffd') return 'zstd';
  return isTarHeader(head) ? 'tar' : undefined;
}

function isTarHeader(head: Uint8Array): boolean {
  if (head.byteLength < TAR_BLOCK_BYTES) return false;
  try {
    parseTarHeader(head.subarray(0, TAR_BLOCK_BYTES));
    return true;
  } catch {
    return false;
  }
}

/** What the archives of one pull may still become. */
export class UnpackBudget {
  #bytes: number;
  #entries = MAX_ENTRIES;

  /** @param archiveBytes size of all archives as they are stored */
  constructor(archiveBytes: number) {
    this.#bytes = Math.max(MAX_GROWTH * archiveBytes, MAX_SMALL_TOTAL_BYTES);
  }

  takeBytes(bytes: number): void {
    this.#bytes -= bytes;
    if (this.#bytes < 0)
      throw new OmlmdError(
        'limit-exceeded',
        `what is in the archives is more than ${MAX_GROWTH} times their size, and more than ${MAX_SMALL_TOTAL_BYTES} bytes`,
      );
  }

  takeEntry(): void {
    this.#entries -= 1;
    if (this.#entries < 0)
      throw new OmlmdError('limit-exceeded', `it has more than ${MAX_ENTRIES} files and folders`);
  }
}

export interface OpenTarOptions extends CallOptions {
  readonly budget: UnpackBudget;
  /** Digest of the tar archive inside, where the layer states one. */
  readonly digest?: Digest | undefined;
  /** Told how many bytes of the file were read. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/**
 * The tar archive in a verified file; a compressed one is inflated into a new file at `scratch`, which the caller
 * removes. Bounded, so that a bomb costs little disk and no memory.
 */
export async function openTar(path: string, scratch: string, options: OpenTarOptions): Promise<FileContent> {
  const file = await openFileContent(path);
  const head = await readAll(file.slice(0, ARCHIVE_HEAD_BYTES), ARCHIVE_HEAD_BYTES, options);
  const kind = archiveKindOf(head);
  if (kind === undefined) throw tarError('it is to be unpacked, but is no tar archive');
  if (kind !== 'tar') return await inflateTo(scratch, file, kind, options);
  options.budget.takeBytes(file.size);
  if (options.digest !== undefined) await verify(file, options.digest, options);
  return file;
}

async function verify(content: Content, digest: Digest, options: CallOptions): Promise<void> {
  for await (const _ of verifiedStream(content, { digest, size: content.size }, options));
}

async function inflateTo(
  path: string,
  content: Content,
  kind: 'gzip' | 'zstd',
  options: OpenTarOptions,
): Promise<FileContent> {
  const digester = new Digester(options.digest === undefined ? 'sha256' : algorithmOf(options.digest));
  try {
    const file = await open(path, NEW_FILE, 0o600);
    try {
      await writePieces(file, inOrder(hashed(inflate(content, kind, options), digester)));
    } finally {
      await file.close();
    }
  } catch (error) {
    throw storageError(`write ${path}`, error);
  }
  const digest = digester.digest();
  if (options.digest !== undefined && digest !== options.digest)
    throw new OmlmdError('digest-mismatch', `expected the tar archive ${options.digest}, got ${digest}`);
  return await openFileContent(path);
}

async function* hashed(chunks: AsyncIterable<Uint8Array>, digester: Digester): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    digester.update(chunk);
    yield chunk;
  }
}

/** Ends with the first byte too many. A zstd stream that is cut short just ends: the archive's end mark is missing then. */
async function* inflate(
  content: Content,
  kind: 'gzip' | 'zstd',
  options: OpenTarOptions,
): AsyncGenerator<Uint8Array> {
  const settings = { chunkSize: INFLATE_BYTES };
  const engine = kind === 'gzip' ? createGunzip(settings) : createZstdDecompress(settings);
  const source = Readable.from(counted(content.stream(options), options.onBytes));
  source.once('error', (error) => engine.destroy(error));
  source.pipe(engine);
  const most = Math.max(RATIO_FROM_BYTES, MAX_RATIO * content.size);
  let total = 0;
  try {
    for await (const chunk of engine) {
      options.signal?.throwIfAborted();
      total += chunk.byteLength;
      if (total > most)
        throw new OmlmdError('limit-exceeded', `it becomes more than ${MAX_RATIO} times its size`);
      options.budget.takeBytes(chunk.byteLength);
      yield chunk;
    }
  } catch (error) {
    throw isInflateError(error) ? tarError(`its ${kind} data is damaged or cut short`) : error;
  } finally {
    source.destroy();
    engine.destroy();
  }
}

function isInflateError(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return /^Z(?:STD)?_/.test(code);
}

async function* counted(
  chunks: AsyncIterable<Uint8Array>,
  onBytes: ((bytes: number) => void) | undefined,
): AsyncGenerator<Uint8Array> {
  let done = 0;
  for await (const chunk of chunks) {
    yield chunk;
    done += chunk.byteLength;
    onBytes?.(done);
  }
}
