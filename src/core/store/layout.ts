import { escapeControls, OmlmdError, quote } from '../errors.ts';
import { bytesContent, type CallOptions, type Content, readVerified } from '../oci/content.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { type Digest, isDigest } from '../oci/digest.ts';
import { MAX_MANIFEST_BYTES, type ParsedNode, parseNode, successorsOf } from '../oci/manifest.ts';
import { isNodeType, MediaType } from '../oci/media-types.ts';
import { assertTag } from '../oci/reference.ts';
import {
  type Deleter,
  type Ingester,
  type Mounter,
  type PushOptions,
  refuseTaken,
  type Source,
  type TagOptions,
  type Target,
} from '../oci/target.ts';
import { LayoutBlobs } from './layout-blobs.ts';
import { LayoutFiles } from './layout-files.ts';
import { ReferrerIndex, reachableFrom } from './layout-graph.ts';
import {
  findDigest,
  findTag,
  type LayoutIndex,
  manifestsOf,
  tagsOf,
  withManifest,
  withoutManifest,
  withoutTag,
  withTag,
} from './layout-index.ts';

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
export class LayoutTarget implements Target, Deleter, Mounter, Ingester {
  readonly path: string;
  readonly #elsewhere: LayoutOptions['elsewhere'];
  readonly #blobs: LayoutBlobs;
  readonly #files: LayoutFiles;
  readonly #referrers = new ReferrerIndex((descriptor, options) => this.#node(descriptor, options));

  constructor(path: string, options: LayoutOptions = {}) {
    this.path = path;
    this.#blobs = new LayoutBlobs(path);
    this.#files = new LayoutFiles(path);
    this.#elsewhere = options.elsewhere;
  }

  /** Where a blob is, if it is there. */
  blobPath(digest: Digest): string {
    return this.#blobs.path(digest);
  }

  async fetch(target: Descriptor, options?: CallOptions): Promise<Content> {
    options?.signal?.throwIfAborted();
    return await this.#blobs.fetch(target);
  }

  async resolve(reference: string, options?: CallOptions): Promise<Descriptor> {
    options?.signal?.throwIfAborted();
    const index = await this.#files.index();
    const found = isDigest(reference)
      ? (findDigest(index, reference) ?? (await this.#unlisted(reference, options)))
      : findTag(index, reference);
    if (found !== undefined) return found;
    throw notFound(`resolve ${quote(reference)} in ${escapeControls(this.path)}`, 'no such manifest');
  }

  async exists(target: Descriptor, options?: CallOptions): Promise<boolean> {
    options?.signal?.throwIfAborted();
    // First: what is there after that stays (R27).
    await this.#blobs.keep(target.digest);
    if ((await this.#blobs.size(target.digest)) !== target.size) return false;
    // A manifest that a crash left without its place in the index is pushed again, which costs nothing.
    return (
      !isNodeType(target.mediaType) || findDigest(await this.#files.index(), target.digest) !== undefined
    );
  }

  async push(expected: Descriptor, content: Content, options?: PushOptions): Promise<void> {
    options?.signal?.throwIfAborted();
    if (!isNodeType(expected.mediaType)) return await this.#writeBlob(expected, content, options);
    const bytes = await readVerified(content, expected, MAX_MANIFEST_BYTES, options);
    const node = parseNode(bytes, expected.mediaType);
    await this.#files.create(options);
    await this.#writeBlob(expected, bytesContent(bytes), options);
    await this.#files.edit(async (index) => {
      await this.#assertComplete(expected, node);
      return withManifest(index, expected);
    }, options);
    this.#blobs.release([expected.digest, ...successorsOf(node).map(({ digest }) => digest)]);
    await this.#files.sweep();
    await this.#blobs.sweep();
  }

  /** A file is cloned or copied, and hashed on the way. */
  async ingest(content: Content, options?: PushOptions): Promise<Digest> {
    options?.signal?.throwIfAborted();
    await this.#files.create(options);
    return this.#blobs.ingest(content, options);
  }

  async tag(target: Descriptor, tag: string, options?: TagOptions): Promise<void> {
    assertTag(tag);
    const doing = `tag ${target.digest} in ${escapeControls(this.path)}`;
    await this.#files.edit(async (index) => {
      if (options?.ifAbsent) refuseTaken(doing, tag, target.digest, findTag(index, tag)?.digest);
      const there = findDigest(index, target.digest) ?? (await this.#unlisted(target.digest, options));
      if (there !== undefined) return withTag(index, there, tag);
      throw notFound(doing, 'no such manifest');
    }, options);
  }

  async *tags(options?: CallOptions): AsyncGenerator<string> {
    options?.signal?.throwIfAborted();
    if (!(await this.#files.isThere()))
      throw notFound(`list the tags of ${escapeControls(this.path)}`, 'no image layout is there');
    yield* tagsOf(await this.#files.index());
  }

  async *referrers(
    subject: Descriptor,
    options?: CallOptions & { readonly artifactType?: string | undefined },
  ): AsyncGenerator<Descriptor> {
    options?.signal?.throwIfAborted();
    for (const manifest of manifestsOf(await this.#files.index())) {
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
    await this.#files.create(options);
    return await this.#blobs.link(from.blobPath(target.digest), target, options);
  }

  /**
   * Removes a manifest with its names, and the blobs that nothing else here refers to; or a blob that nothing refers
   * to. Processes that push at the same time are safe: under the lock they find that a blob is gone before they list
   * a manifest that needs it.
   */
  async delete(target: Descriptor, options?: CallOptions): Promise<void> {
    const doing = `delete ${target.digest} from ${escapeControls(this.path)}`;
    await this.#files.edit(
      async (index) => {
        // A manifest whose blob was lost can be removed as well.
        const listed = findDigest(index, target.digest) !== undefined;
        if (listed) return withoutManifest(index, target.digest);
        if ((await this.#blobs.size(target.digest)) === undefined) throw notFound(doing, 'it is not there');
        return index;
      },
      options,
      async (index) => await this.#removeUnreferenced(target, index, doing, options),
    );
  }

  async untag(tag: string, options?: CallOptions): Promise<void> {
    await this.#files.edit(async (index) => {
      if (findTag(index, tag) !== undefined) return withoutTag(index, tag);
      throw notFound(`untag ${quote(tag)} in ${escapeControls(this.path)}`, 'no such tag');
    }, options);
  }

  /** Whether no manifest is listed; also when there is no layout yet. */
  async isEmpty(): Promise<boolean> {
    return (await this.#files.index()).manifests.length === 0;
  }

  async #writeBlob(expected: Descriptor, content: Content, options?: PushOptions): Promise<void> {
    await this.#blobs.keep(expected.digest);
    if ((await this.#blobs.size(expected.digest)) === expected.size) return;
    await this.#files.create(options);
    for await (const path of this.#elsewhere?.(expected.digest) ?? [])
      if (await this.#blobs.link(path, expected, options)) return;
    await this.#blobs.write(expected, content, options);
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
    const size = await this.#blobs.size(digest);
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

  /**
   * Called under the lock: a delete, or a collection after this process was stopped for long, may have removed a blob
   * between its push and that of its manifest. `copy` then brings it again.
   */
  async #assertComplete(expected: Descriptor, node: ParsedNode): Promise<void> {
    for (const { digest, size } of successorsOf(node)) {
      if ((await this.#blobs.size(digest)) === size) continue;
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
    for (const digest of candidates) if (!needed.has(digest)) await this.#blobs.remove(digest);
  }
}

function notFound(doing: string, what: string): OmlmdError {
  return new OmlmdError('not-found', `${doing}: ${what}`);
}
