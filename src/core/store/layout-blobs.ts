import { chmod, lstat, mkdir, rename, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { escapeControls, OmlmdError, quote } from '../errors.ts';
import { type CallOptions, type Content, verifiedStream } from '../oci/content.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { algorithmOf, type Digest, hexOf } from '../oci/digest.ts';
import { type FileContent, isFileContent, openFileContent } from '../oci/file-content.ts';
import type { PushOptions } from '../oci/target.ts';
import { removeOldTemporaries, syncFolder, temporaryName } from './durable-file.ts';
import { linkVerified, type WriteOptions, writeHashed, writeVerified } from './hashed-file.ts';
import { KeptBlobs } from './kept-blobs.ts';
import { hiddenName, isResumable, writeResumable } from './resumable-file.ts';
import { inResumableFolder } from './resumable-folder.ts';
import { storageError, systemCode } from './storage-error.ts';
import { findOldFolders } from './temporary-folder.ts';

/** Blobs are never written again; read-only protects hard-linked ones from a slip of the editor. */
const BLOB_MODE = 0o444;

/**
 * The folder `blobs` of an image layout: `blobs/ALGORITHM/HEX` (image-spec image-layout §Blobs). A blob has its name
 * only whole, verified and on the disk. Paths are made of parsed digests only (S7).
 */
export class LayoutBlobs {
  readonly #folder: string;
  readonly #kept: KeptBlobs;

  /** @param keepMs how long blobs that no manifest lists are kept after the last call; default: an hour */
  constructor(layout: string, keepMs?: number) {
    this.#folder = join(layout, 'blobs');
    this.#kept = new KeptBlobs((digest) => this.#touch(digest), keepMs);
  }

  /** Where a blob is, if it is there. */
  path(digest: Digest): string {
    return join(this.#folder, algorithmOf(digest), hexOf(digest));
  }

  /** Bytes of a blob's file. Only regular files count: a link or a pipe in a foreign layout is no blob. */
  async size(digest: Digest): Promise<number | undefined> {
    try {
      const stat = await lstat(this.path(digest));
      return stat.isFile() ? stat.size : undefined;
    } catch (error) {
      if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return undefined;
      throw storageError(`read ${this.path(digest)}`, error);
    }
  }

  async fetch(target: Descriptor): Promise<Content> {
    const doing = `fetch ${escapeControls(this.path(target.digest))}`;
    const size = await this.size(target.digest);
    if (size === undefined) throw new OmlmdError('not-found', `${doing}: it is not there`);
    if (size !== target.size)
      throw new OmlmdError('size-mismatch', `${doing}: expected ${target.size} bytes, got ${size}`);
    const file = await openFileContent(this.path(target.digest), { ofBlob: true });
    const content: FileContent = {
      ...file,
      verifies: target.digest,
      stream: (options) => verifiedStream({ stream: file.stream }, target, options),
    };
    return content;
  }

  async write(expected: Descriptor, content: Content, options?: PushOptions): Promise<void> {
    const onBytes = (bytes: number) =>
      options?.onProgress?.({
        id: expected.digest,
        name: options.name ?? expected.mediaType,
        kind: 'upload',
        bytes,
        total: expected.size,
        state: 'active',
      });
    const how = {
      signal: options?.signal,
      doing: `store ${quote(options?.name ?? expected.digest)}`,
      onBytes,
    };
    await this.#kept.during(() =>
      isFileContent(content) || !isResumable(expected)
        ? this.#place(expected, (path) => writeVerified(path, content, expected, { ...how, mode: BLOB_MODE }))
        : this.#resume(expected, content, how),
    );
  }

  /** A blob that comes from elsewhere: one that broke off is gone on with, by another process as well. */
  async #resume(expected: Descriptor, content: Content, options: Omit<WriteOptions, 'mode'>): Promise<void> {
    const name = hiddenName(expected.digest);
    try {
      await mkdir(this.#folder, { recursive: true });
      await inResumableFolder(this.#folder, [name], options, async (temporary) => {
        const path = join(temporary, name);
        await writeResumable(path, content, expected, options);
        // Until now it was private. A file system without permissions refuses, and has its own.
        await chmod(path, BLOB_MODE & ~process.umask()).catch(() => {});
        await this.#name(path, expected);
      });
      await this.keep(expected.digest);
    } catch (error) {
      throw storageError(`write ${this.path(expected.digest)}`, error);
    }
  }

  /** Stores content whose digest is found out while it is written. */
  ingest(content: Content, options?: PushOptions): Promise<Digest> {
    return this.#kept.during(() => this.#ingest(content, options));
  }

  async #ingest(content: Content, options?: PushOptions): Promise<Digest> {
    const name = options?.name ?? 'blob';
    const onBytes = (bytes: number) =>
      options?.onProgress?.({ id: name, name, kind: 'upload', bytes, total: content.size, state: 'active' });
    const temporary = temporaryName(this.#folder);
    try {
      await mkdir(this.#folder, { recursive: true });
      const digest = await writeHashed(temporary, content, {
        signal: options?.signal,
        doing: `store ${quote(name)}`,
        mode: BLOB_MODE,
        onBytes,
      });
      const expected = { mediaType: '', digest, size: content.size };
      // First: what is there after that stays.
      await this.keep(digest);
      if ((await this.size(digest)) !== content.size) await this.#name(temporary, expected);
      return digest;
    } catch (error) {
      throw storageError(`write a blob of ${escapeControls(this.#folder)}`, error);
    } finally {
      await rm(temporary, { force: true });
    }
  }

  /** Takes a blob over from a file of the same store, verified; false where that cannot be. */
  async link(from: string, expected: Descriptor, options?: CallOptions): Promise<boolean> {
    try {
      await this.#place(expected, (temporary) => linkVerified(from, temporary, expected, options));
      return true;
    } catch (error) {
      options?.signal?.throwIfAborted();
      // No such blob, a broken one, another device, a file system without links: the bytes are pushed instead.
      if (error instanceof OmlmdError && error.code !== 'disk-full') return false;
      throw error;
    }
  }

  /** Makes a blob young, again and again, so that it is not collected while a push goes on that found it there (R27). */
  async keep(digest: Digest): Promise<void> {
    await this.#kept.add(digest);
  }

  /** What a manifest lists now is kept by that. */
  release(digests: Iterable<Digest>): void {
    this.#kept.release(digests);
  }

  async remove(digest: Digest): Promise<void> {
    await rm(this.path(digest), { force: true });
  }

  /** Removes what killed processes left of blobs, and what nobody has gone on with. */
  async sweep(): Promise<void> {
    await removeOldTemporaries(this.#folder);
    for (const path of await findOldFolders(this.#folder))
      await rm(path, { recursive: true, force: true }).catch(() => {});
  }

  async #touch(digest: Digest): Promise<void> {
    const now = new Date();
    await utimes(this.path(digest), now, now).catch(() => {}); // not ours to change: then not ours to collect either
  }

  async #place(expected: Descriptor, write: (temporary: string) => Promise<void>): Promise<void> {
    // Above the blobs: other programs take every name among them for a digest.
    const temporary = temporaryName(this.#folder);
    try {
      await mkdir(this.#folder, { recursive: true });
      await write(temporary);
      await this.#name(temporary, expected);
      await this.keep(expected.digest);
    } catch (error) {
      throw storageError(`write ${this.path(expected.digest)}`, error);
    } finally {
      // Renaming one hard link of a file onto another does nothing, and leaves both.
      await rm(temporary, { force: true });
    }
  }

  /** Gives a finished file its name among the blobs. */
  async #name(temporary: string, { digest, size }: Descriptor): Promise<void> {
    const folder = join(this.#folder, algorithmOf(digest));
    await mkdir(folder, { recursive: true });
    await rename(temporary, this.path(digest)).catch(async (error: unknown) => {
      // Windows does not rename onto a read-only file: another process was faster with the same blob.
      if ((await this.size(digest)) !== size) throw error;
    });
    await syncFolder(folder);
  }
}
