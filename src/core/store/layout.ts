import { lstat, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { escapeControls, OmlmdError, quote } from '../errors.ts';
import {
  bytesContent,
  type CallOptions,
  type Content,
  type FileContent,
  openFileContent,
  readAll,
  readVerified,
  verifiedStream,
} from '../oci/content.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { algorithmOf, type Digest, hexOf, isDigest } from '../oci/digest.ts';
import { MAX_MANIFEST_BYTES, type ParsedNode, parseNode, successorsOf } from '../oci/manifest.ts';
import { isNodeType, MediaType } from '../oci/media-types.ts';
import { assertTag } from '../oci/reference.ts';
import type { Deleter, Mounter, PushOptions, Source, Target } from '../oci/target.ts';
import {
  linkVerified,
  removeOldTemporaries,
  replaceFile,
  syncFolder,
  temporaryName,
  writeVerified,
} from './durable-file.ts';
import { ReferrerIndex, reachableFrom } from './layout-graph.ts';
import {
  EMPTY_INDEX,
  findDigest,
  findTag,
  formatLayoutIndex,
  type LayoutIndex,
  manifestsOf,
  parseLayoutIndex,
  tagsOf,
  withManifest,
  withoutManifest,
  withoutTag,
  withTag,
} from './layout-index.ts';
import { withLock } from './lock.ts';
import { storageError, systemCode } from './storage-error.ts';

/** image-spec image-layout §oci-layout file. */
const LAYOUT_FILE = 'oci-layout';
const LAYOUT_TEXT = '{"imageLayoutVersion":"1.0.0"}';
/** Bytes of the file `oci-layout`: it has one short member. */
const MAX_LAYOUT_FILE_BYTES = 4096;
/** Blobs are never written again; read-only protects hard-linked ones from a slip of the editor. */
const BLOB_MODE = 0o444;

export interface LayoutOptions {
  /**
   * Other files that are said to hold a blob: of the other repositories of one store, which is how they share. They
   * are verified before they are used.
   */
  readonly elsewhere?: ((digest: Digest) => AsyncIterable<string>) | undefined;
}

/**
 * An OCI image layout in a folder. Any number of processes may write to one: blobs go to a temporary name and are
 * renamed, `index.json` is read, changed and replaced under a lock, and always after what it lists (R25, R26).
 * What is in it may come from anyone: paths are only made of digests, and all that is read is verified.
 */
export class LayoutTarget implements Target, Deleter, Mounter {
  readonly path: string;
  readonly #elsewhere: LayoutOptions['elsewhere'];
  readonly #referrers = new ReferrerIndex((descriptor, options) => this.#node(descriptor, options));

  constructor(path: string, options: LayoutOptions = {}) {
    this.path = path;
    this.#elsewhere = options.elsewhere;
  }

  /** Where a blob is, if it is there. */
  blobPath(digest: Digest): string {
    return join(this.path, 'blobs', algorithmOf(digest), hexOf(digest));
  }

  async fetch(target: Descriptor, options?: CallOptions): Promise<Content> {
    options?.signal?.throwIfAborted();
    const doing = `fetch ${target.digest} from ${escapeControls(this.path)}`;
    const size = await this.#blobSize(target.digest);
    if (size === undefined) throw notFound(doing, 'it is not there');
    if (size !== target.size)
      throw new OmlmdError('size-mismatch', `${doing}: expected ${target.size} bytes, got ${size}`);
    const file = await openFileContent(this.blobPath(target.digest));
    const content: FileContent = {
      ...file,
      verifies: target.digest,
      stream: (o) => verifiedStream({ stream: file.stream }, target, o),
    };
    return content;
  }

  async resolve(reference: string, options?: CallOptions): Promise<Descriptor> {
    options?.signal?.throwIfAborted();
    const index = await this.#readIndex();
    const found = isDigest(reference)
      ? (findDigest(index, reference) ?? (await this.#unlisted(reference, options)))
      : findTag(index, reference);
    if (found !== undefined) return found;
    throw notFound(`resolve ${quote(reference)} in ${escapeControls(this.path)}`, 'no such manifest');
  }

  async exists(target: Descriptor, options?: CallOptions): Promise<boolean> {
    options?.signal?.throwIfAborted();
    if ((await this.#blobSize(target.digest)) !== target.size) return false;
    // A manifest that a crash left without its place in the index is pushed again, which costs nothing.
    return !isNodeType(target.mediaType) || findDigest(await this.#readIndex(), target.digest) !== undefined;
  }

  async push(expected: Descriptor, content: Content, options?: PushOptions): Promise<void> {
    options?.signal?.throwIfAborted();
    if (!isNodeType(expected.mediaType)) return await this.#writeBlob(expected, content, options);
    const bytes = await readVerified(content, expected, MAX_MANIFEST_BYTES, options);
    const node = parseNode(bytes, expected.mediaType);
    await this.#create(options);
    await this.#writeBlob(expected, bytesContent(bytes), options);
    await this.#edit(async (index) => {
      await this.#assertComplete(expected, node);
      return withManifest(index, expected);
    }, options);
    for (const folder of [this.path, join(this.path, 'blobs')]) await removeOldTemporaries(folder);
  }

  async tag(target: Descriptor, tag: string, options?: CallOptions): Promise<void> {
    assertTag(tag);
    await this.#edit(async (index) => {
      const there = findDigest(index, target.digest) ?? (await this.#unlisted(target.digest, options));
      if (there !== undefined) return withTag(index, there, tag);
      throw notFound(`tag ${target.digest} in ${escapeControls(this.path)}`, 'no such manifest');
    }, options);
  }

  async *tags(options?: CallOptions): AsyncGenerator<string> {
    options?.signal?.throwIfAborted();
    if (!(await this.#isThere()))
      throw notFound(`list the tags of ${escapeControls(this.path)}`, 'no image layout is there');
    yield* tagsOf(await this.#readIndex());
  }

  async *referrers(
    subject: Descriptor,
    options?: CallOptions & { readonly artifactType?: string | undefined },
  ): AsyncGenerator<Descriptor> {
    options?.signal?.throwIfAborted();
    for (const manifest of manifestsOf(await this.#readIndex())) {
      const referrer = await this.#referrers.referrerOf(manifest, { signal: options?.signal });
      if (referrer?.subject !== subject.digest) continue;
      if (options?.artifactType === undefined || referrer.descriptor.artifactType === options.artifactType)
        yield referrer.descriptor;
    }
  }

  /** Takes a blob over from another layout by hard link, verified; false where there is none or it is broken. */
  async mount(target: Descriptor, from: Source, options?: CallOptions): Promise<boolean> {
    options?.signal?.throwIfAborted();
    if (!(from instanceof LayoutTarget) || this.#elsewhere === undefined || from.#elsewhere === undefined)
      return false;
    await this.#create(options);
    return await this.#link(from.blobPath(target.digest), target, options);
  }

  /**
   * Removes a manifest with its names, and the blobs that nothing else here refers to; or a blob that nothing refers
   * to. Processes that push at the same time are safe: under the lock they find that a blob is gone before they list
   * a manifest that needs it.
   */
  async delete(target: Descriptor, options?: CallOptions): Promise<void> {
    const doing = `delete ${target.digest} from ${escapeControls(this.path)}`;
    if ((await this.#blobSize(target.digest)) === undefined) throw notFound(doing, 'it is not there');
    await this.#edit(
      async (index) => withoutManifest(index, target.digest),
      options,
      async (index) => await this.#removeUnreferenced(target, index, doing, options),
    );
  }

  async untag(tag: string, options?: CallOptions): Promise<void> {
    await this.#edit(async (index) => {
      if (findTag(index, tag) !== undefined) return withoutTag(index, tag);
      throw notFound(`untag ${quote(tag)} in ${escapeControls(this.path)}`, 'no such tag');
    }, options);
  }

  /** Whether no manifest is listed; also when there is no layout yet. */
  async isEmpty(): Promise<boolean> {
    return (await this.#readIndex()).manifests.length === 0;
  }

  async #isThere(): Promise<boolean> {
    return (await this.#readSmall('index.json', MAX_MANIFEST_BYTES)) !== undefined;
  }

  async #writeBlob(expected: Descriptor, content: Content, options?: PushOptions): Promise<void> {
    if ((await this.#blobSize(expected.digest)) === expected.size) return;
    await this.#create(options);
    for await (const path of this.#elsewhere?.(expected.digest) ?? [])
      if (await this.#link(path, expected, options)) return;
    const path = this.blobPath(expected.digest);
    await this.#place(expected, path, (temporary) =>
      writeVerified(temporary, content, expected, {
        signal: options?.signal,
        mode: BLOB_MODE,
        onBytes: (bytes) =>
          options?.onProgress?.({
            id: expected.digest,
            name: options.name ?? expected.mediaType,
            kind: 'upload',
            bytes,
            total: expected.size,
            state: 'active',
          }),
      }),
    );
  }

  async #link(from: string, expected: Descriptor, options?: CallOptions): Promise<boolean> {
    const path = this.blobPath(expected.digest);
    try {
      await this.#place(expected, path, (temporary) => linkVerified(from, temporary, expected, options));
      return true;
    } catch (error) {
      options?.signal?.throwIfAborted();
      // No such blob, a broken one, another device, a file system without links: the bytes are pushed instead.
      if (error instanceof OmlmdError && error.code !== 'disk-full') return false;
      throw error;
    }
  }

  async #place(
    expected: Descriptor,
    path: string,
    write: (temporary: string) => Promise<void>,
  ): Promise<void> {
    const folder = join(this.path, 'blobs', algorithmOf(expected.digest));
    // Above the blobs: other programs take every name among them for a digest.
    const temporary = temporaryName(join(this.path, 'blobs'));
    try {
      await mkdir(folder, { recursive: true });
      await write(temporary);
      await rename(temporary, path).catch(async (error: unknown) => {
        // Windows does not rename onto a read-only file: another process was faster with the same blob.
        if ((await this.#blobSize(expected.digest)) !== expected.size) throw error;
      });
      // Renaming one hard link of a file onto another does nothing, and leaves both.
      await rm(temporary, { force: true });
      await syncFolder(folder);
    } catch (error) {
      await rm(temporary, { force: true });
      throw storageError(`write ${path}`, error);
    }
  }

  /** Bytes of a blob's file. Only regular files count: a link or a pipe in a foreign layout is no blob. */
  async #blobSize(digest: Digest): Promise<number | undefined> {
    try {
      const stat = await lstat(this.blobPath(digest));
      return stat.isFile() ? stat.size : undefined;
    } catch (error) {
      if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return undefined;
      throw storageError(`read ${this.blobPath(digest)}`, error);
    }
  }

  async #node(descriptor: Descriptor, options?: CallOptions): Promise<ParsedNode> {
    const content = await this.fetch(descriptor, options);
    return parseNode(
      await readVerified(content, descriptor, MAX_MANIFEST_BYTES, options),
      descriptor.mediaType,
    );
  }

  /** A manifest that is there but not listed: below an index, or written by a program that lists only names. */
  async #unlisted(digest: Digest, options?: CallOptions): Promise<Descriptor | undefined> {
    const size = await this.#blobSize(digest);
    if (size === undefined || size > MAX_MANIFEST_BYTES) return undefined;
    const content = await this.fetch({ mediaType: MediaType.manifest, digest, size }, options);
    const bytes = await readVerified(content, { digest, size }, MAX_MANIFEST_BYTES, options);
    try {
      return { mediaType: parseNode(bytes).mediaType, digest, size };
    } catch {
      // Any other blob.
      return undefined;
    }
  }

  /** Called under the lock: a delete may have removed a blob between its push and that of its manifest. */
  async #assertComplete(expected: Descriptor, node: ParsedNode): Promise<void> {
    for (const { digest, size } of successorsOf(node)) {
      if ((await this.#blobSize(digest)) === size) continue;
      throw new OmlmdError(
        'not-found',
        `push ${expected.digest} to ${escapeControls(this.path)}: ${digest}, which it points at, is not there`,
        { retryable: true },
      );
    }
  }

  async #removeUnreferenced(
    target: Descriptor,
    index: LayoutIndex,
    doing: string,
    options?: CallOptions,
  ): Promise<void> {
    const read = (descriptor: Descriptor, o?: CallOptions) => this.#node(descriptor, o);
    const isNode = isNodeType(target.mediaType);
    // Where what stays cannot be read, what it needs is not known: then nothing is removed but the names.
    const needed = await reachableFrom(manifestsOf(index), read, 'reject', options).catch(
      (error: unknown) => {
        if (error instanceof OmlmdError && isNode) return undefined;
        throw error;
      },
    );
    if (needed === undefined) return;
    if (!isNode && needed.has(target.digest))
      throw new OmlmdError('conflict', `${doing}: a manifest still refers to it`);
    const candidates = await reachableFrom([target], read, 'skip', options);
    for (const digest of candidates)
      if (!needed.has(digest)) await rm(this.blobPath(digest), { force: true });
  }

  /** The folders and files that make a layout, if they are not there. */
  async #create(options?: CallOptions): Promise<void> {
    const layoutFile = join(this.path, LAYOUT_FILE);
    const text = await this.#readSmall(LAYOUT_FILE, MAX_LAYOUT_FILE_BYTES);
    if (text !== undefined) return assertVersion(layoutFile, text);
    try {
      await mkdir(join(this.path, 'blobs', 'sha256'), { recursive: true });
    } catch (error) {
      throw storageError(`create ${this.path}`, error);
    }
    await this.#locked(async () => {
      if ((await this.#readSmall('index.json', MAX_MANIFEST_BYTES)) === undefined)
        await replaceFile(join(this.path, 'index.json'), formatLayoutIndex(EMPTY_INDEX));
      // Last: the file says that the rest is there.
      await replaceFile(layoutFile, LAYOUT_TEXT);
    }, options);
  }

  async #readIndex(): Promise<LayoutIndex> {
    const bytes = await this.#readSmall('index.json', MAX_MANIFEST_BYTES);
    if (bytes === undefined) return EMPTY_INDEX;
    try {
      return parseLayoutIndex(bytes);
    } catch (error) {
      if (!(error instanceof OmlmdError)) throw error;
      throw new OmlmdError(error.code, `read ${escapeControls(this.path)}: ${error.message}`, {
        cause: error,
      });
    }
  }

  async #readSmall(name: string, limit: number): Promise<Uint8Array | undefined> {
    // Again when it was replaced while it was being read.
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await readAll(await openFileContent(join(this.path, name)), limit);
      } catch (error) {
        if (!(error instanceof OmlmdError)) throw error;
        if (error.code === 'not-found') return undefined;
        if (error.code !== 'file-changed' || attempt >= MAX_REREADS) throw error;
      }
    }
  }

  async #locked<T>(
    work: (lock: { assertHeld(): Promise<void> }) => Promise<T>,
    options?: CallOptions,
  ): Promise<T> {
    return await withLock(join(this.path, LOCK_FILE), work, options);
  }

  /** Reads, changes and replaces `index.json` under the lock; `after` still has the lock. */
  async #edit(
    change: (index: LayoutIndex) => Promise<LayoutIndex>,
    options?: CallOptions,
    after?: (index: LayoutIndex) => Promise<void>,
  ): Promise<void> {
    options?.signal?.throwIfAborted();
    // Where there is no layout there is nothing to change, and none is made: `change` says what is missing.
    if (!(await this.#isThere())) return void (await change(EMPTY_INDEX));
    await this.#locked(async (lock) => {
      const before = await this.#readIndex();
      const index = await change(before);
      if (index !== before) {
        const text = formatLayoutIndex(index);
        await lock.assertHeld();
        await replaceFile(join(this.path, 'index.json'), text);
      }
      await after?.(index);
    }, options);
  }
}

/** Not a valid part of a repository's name, so that it never collides with a repository in the same folder. */
const LOCK_FILE = '.omlmd.lock';
/** How often a small file that others replace is read again before that is an error. */
const MAX_REREADS = 100;

function notFound(doing: string, what: string): OmlmdError {
  return new OmlmdError('not-found', `${doing}: ${what}`);
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
