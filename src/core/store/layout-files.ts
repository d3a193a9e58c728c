import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { escapeControls, OmlmdError } from '../errors.ts';
import { type CallOptions, readAll } from '../oci/content.ts';
import { openFileContent } from '../oci/file-content.ts';
import { MAX_MANIFEST_BYTES } from '../oci/manifest.ts';
import { removeOldTemporaries, replaceFile } from './durable-file.ts';
import { EMPTY_INDEX, formatLayoutIndex, type LayoutIndex, parseLayoutIndex } from './layout-index.ts';
import { withLock } from './lock.ts';
import { storageError } from './storage-error.ts';

/** image-spec image-layout §oci-layout file. */
const LAYOUT_FILE = 'oci-layout';
const LAYOUT_TEXT = '{"imageLayoutVersion":"1.0.0"}';
/** Bytes of the file `oci-layout`: it has one short member. */
const MAX_LAYOUT_FILE_BYTES = 4096;
const INDEX_FILE = 'index.json';
/** Not a valid part of a repository's name, so that it never collides with a repository in the same folder. */
const LOCK_FILE = '.omlmd.lock';
/** How often a small file that others replace is read again before that is an error. */
const MAX_REREADS = 100;

/** The files beside the blobs of an image layout: its version and its index, which is only changed under a lock. */
export class LayoutFiles {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** Makes the layout, if it is not there. */
  async create(options?: CallOptions): Promise<void> {
    const layoutFile = join(this.#path, LAYOUT_FILE);
    const version = await this.#read(LAYOUT_FILE, MAX_LAYOUT_FILE_BYTES);
    if (version !== undefined) return assertVersion(layoutFile, version);
    try {
      await mkdir(join(this.#path, 'blobs', 'sha256'), { recursive: true });
    } catch (error) {
      throw storageError(`create ${this.#path}`, error);
    }
    await withLock(
      join(this.#path, LOCK_FILE),
      async () => {
        if (!(await this.isThere()))
          await replaceFile(join(this.#path, INDEX_FILE), formatLayoutIndex(EMPTY_INDEX));
        // Last: the file says that the rest is there.
        await replaceFile(layoutFile, LAYOUT_TEXT);
      },
      options,
    );
  }

  async isThere(): Promise<boolean> {
    return (await this.#read(INDEX_FILE, MAX_MANIFEST_BYTES)) !== undefined;
  }

  /** The index; an empty one where there is no layout. */
  async index(): Promise<LayoutIndex> {
    const bytes = await this.#read(INDEX_FILE, MAX_MANIFEST_BYTES);
    if (bytes === undefined) return EMPTY_INDEX;
    try {
      return parseLayoutIndex(bytes);
    } catch (error) {
      if (!(error instanceof OmlmdError)) throw error;
      const message = `read ${escapeControls(this.#path)}: ${error.message}`;
      throw new OmlmdError(error.code, message, { cause: error });
    }
  }

  /** Reads, changes and replaces the index under the lock; `after` still has the lock. */
  async edit(
    change: (index: LayoutIndex) => LayoutIndex | Promise<LayoutIndex>,
    options?: CallOptions,
    after?: (index: LayoutIndex) => Promise<void>,
  ): Promise<void> {
    options?.signal?.throwIfAborted();
    // Where there is no layout there is nothing to change, and none is made: `change` says what is missing.
    if (!(await this.isThere())) return void (await change(EMPTY_INDEX));
    await withLock(
      join(this.#path, LOCK_FILE),
      async (lock) => {
        const before = await this.index();
        const index = await change(before);
        if (index !== before) {
          const text = formatLayoutIndex(index);
          await lock.assertHeld();
          await replaceFile(join(this.#path, INDEX_FILE), text);
        }
        await after?.(index);
      },
      options,
    );
  }

  /** Removes what killed processes left of these files. */
  async sweep(): Promise<void> {
    await removeOldTemporaries(this.#path);
  }

  async #read(name: string, limit: number): Promise<Uint8Array | undefined> {
    // Again when it was replaced while it was being read.
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await readAll(await openFileContent(join(this.#path, name)), limit);
      } catch (error) {
        if (!(error instanceof OmlmdError)) throw error;
        if (error.code === 'not-found') return undefined;
        if (error.code !== 'file-changed' || attempt >= MAX_REREADS) throw error;
      }
    }
  }
}

function assertVersion(path: string, bytes: Uint8Array): void {
  let version: unknown;
  try {
    version = JSON.parse(new TextDecoder().decode(bytes))?.imageLayoutVersion;
  } catch {
    // Falls through to the error below.
  }
  if (version !== '1.0.0')
    throw new OmlmdError('unsupported', `open ${escapeControls(path)}: expected image layout version 1.0.0`);
}
