import { mkdir, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isOmlmdError } from '../errors.ts';
import { bytesContent, readVerified } from '../oci/content.ts';
import { type Descriptor, isElsewhere } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { type FileContent, openFileContent } from '../oci/file-content.ts';
import { MAX_MANIFEST_BYTES, type ParsedNode, parseNode, successorsOf } from '../oci/manifest.ts';
import { syncFolder } from '../store/durable-file.ts';
import type { LayoutTarget } from '../store/layout.ts';
import { LayoutBlobs } from '../store/layout-blobs.ts';
import { LayoutFiles } from '../store/layout-files.ts';
import { reachableFrom } from '../store/layout-graph.ts';
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
} from '../store/layout-index.ts';
import type { LocalStore } from '../store/local-store.ts';
import { storageError, systemCode } from '../store/storage-error.ts';
import { SESSION_LIFETIME_MS } from './upload-sessions.ts';

/** A manifest that is to be stored, all of it at once or nothing. */
export interface ManifestPut {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  readonly node: ParsedNode;
  readonly tags: readonly string[];
  /** What the first tag must name now for the write to happen; asked under the lock. */
  readonly isExpected: (current: Digest | undefined) => boolean;
}

export type PutOutcome = 'stored' | 'unexpected' | { readonly missing: Digest };

/**
 * One repository of the local store, as a registry needs it: what is done by others to the same image layout at the
 * same time is seen at once, and what a request changes is changed under one lock, in one replacement of the index.
 */
export class ServedRepository {
  readonly name: string;
  readonly #target: LayoutTarget;
  readonly #blobs: LayoutBlobs;
  readonly #files: LayoutFiles;

  constructor(store: LocalStore, name: string) {
    this.name = name;
    this.#target = store.repository(name);
    this.#blobs = new LayoutBlobs(this.#target.path, SESSION_LIFETIME_MS);
    this.#files = new LayoutFiles(this.#target.path);
  }

  /** The manifest under a tag or a digest; undefined where there is none, or its bytes are lost. */
  async resolve(reference: string): Promise<Descriptor | undefined> {
    const found = await unlessMissing(this.#target.resolve(reference));
    if (found === undefined || (await this.#blobs.size(found.digest)) !== found.size) return undefined;
    return found;
  }

  async manifestBytes(descriptor: Descriptor): Promise<Uint8Array> {
    return readVerified(await this.#target.fetch(descriptor), descriptor, MAX_MANIFEST_BYTES);
  }

  /** Undefined where there is no such repository. */
  async tags(): Promise<readonly string[] | undefined> {
    return (await this.#files.isThere()) ? tagsOf(await this.#files.index()) : undefined;
  }

  referrers(subject: Digest, artifactType: string | undefined): Promise<Descriptor[]> {
    const descriptor = { mediaType: '', digest: subject, size: 0 };
    return Array.fromAsync(this.#target.referrers(descriptor, { artifactType }));
  }

  blobSize(digest: Digest): Promise<number | undefined> {
    return this.#blobs.size(digest);
  }

  /** A blob's file. What is read from it is not verified: clients verify, and `store verify` does. */
  async openBlob(digest: Digest): Promise<FileContent | undefined> {
    if ((await this.#blobs.size(digest)) === undefined) return undefined;
    return unlessMissing(openFileContent(this.#blobs.path(digest), { ofBlob: true }));
  }

  /** Who was told that a blob is here will not send it: it must not be collected while the rest may still come (R27). */
  keep(digest: Digest): Promise<void> {
    return this.#blobs.keep(digest);
  }

  /** Takes a blob over from another repository of the store, without moving it; false where it is not there whole. */
  async mount(digest: Digest, from: ServedRepository): Promise<boolean> {
    const size = await from.#blobs.size(digest);
    if (size === undefined) return false;
    await this.#files.create();
    return this.#blobs.link(from.#blobs.path(digest), { mediaType: '', digest, size });
  }

  /** Gives a file of this file system that was verified and synced its name among the blobs. */
  async adopt(file: string, { digest, size }: Pick<Descriptor, 'digest' | 'size'>): Promise<void> {
    await this.#files.create();
    const path = this.#blobs.path(digest);
    try {
      await mkdir(dirname(path), { recursive: true });
      await rename(file, path);
      await syncFolder(dirname(path));
      await this.#blobs.keep(digest);
    } catch (error) {
      // A repository that was linked to another disk.
      if (systemCode(error) === 'EXDEV')
        return this.#blobs.write({ mediaType: '', digest, size }, await openFileContent(file));
      // Windows does not rename onto a read-only file: another upload of the same blob was faster.
      if ((await this.#blobs.size(digest)) !== size) throw storageError(`write ${path}`, error);
    }
  }

  async putManifest({ descriptor, bytes, node, tags, isExpected }: ManifestPut): Promise<PutOutcome> {
    await this.#files.create();
    await this.#blobs.write(descriptor, bytesContent(bytes));
    let outcome: PutOutcome = 'stored';
    await this.#files.edit(async (index) => {
      const [first] = tags;
      const missing = await this.#firstMissing(node);
      if (missing !== undefined) outcome = { missing };
      else if (!isExpected(first === undefined ? undefined : findTag(index, first)?.digest))
        outcome = 'unexpected';
      else return tags.reduce((next, tag) => withTag(next, descriptor, tag), withManifest(index, descriptor));
      return index;
    });
    if (outcome === 'stored')
      this.#blobs.release([descriptor.digest, ...successorsOf(node).map((successor) => successor.digest)]);
    await this.#files.sweep();
    await this.#blobs.sweep();
    return outcome;
  }

  /**
   * Takes a manifest and its names out of the index; false where it is not listed. Its own bytes go unless something
   * that stays needs them. Its blobs stay for `store gc`: another client may just have been told that they are here.
   */
  async deleteManifest(digest: Digest): Promise<boolean> {
    let found = false;
    const change = (index: LayoutIndex) => {
      found = findDigest(index, digest) !== undefined;
      return found ? withoutManifest(index, digest) : index;
    };
    await this.#files.edit(change, undefined, async (index) => {
      if (found && !(await this.#mayNeed(index, digest))) await this.#blobs.remove(digest);
    });
    return found;
  }

  /** Removes a name only; false where there is none. */
  async untag(tag: string): Promise<boolean> {
    let found = false;
    await this.#files.edit((index) => {
      found = findTag(index, tag) !== undefined;
      return found ? withoutTag(index, tag) : index;
    });
    return found;
  }

  async deleteBlob(digest: Digest): Promise<'deleted' | 'missing' | 'needed'> {
    let outcome: 'deleted' | 'missing' | 'needed' = 'missing';
    await this.#files.edit(
      (index) => index,
      undefined,
      async (index) => {
        if ((await this.#blobs.size(digest)) === undefined) return;
        outcome = (await this.#mayNeed(index, digest)) ? 'needed' : 'deleted';
        if (outcome === 'deleted') await this.#blobs.remove(digest);
      },
    );
    return outcome;
  }

  async #firstMissing(node: ParsedNode): Promise<Digest | undefined> {
    for (const descriptor of successorsOf(node)) {
      if (isElsewhere(descriptor)) continue;
      if ((await this.#blobs.size(descriptor.digest)) !== descriptor.size) return descriptor.digest;
    }
    return undefined;
  }

  /** Whether a listed manifest reaches the digest, or one cannot be read, so that nobody can tell. */
  async #mayNeed(index: LayoutIndex, digest: Digest): Promise<boolean> {
    const read = async (descriptor: Descriptor) =>
      parseNode(await this.manifestBytes(descriptor), descriptor.mediaType);
    try {
      return (await reachableFrom(manifestsOf(index), read, 'reject')).has(digest);
    } catch (error) {
      if (isOmlmdError(error)) return true;
      throw error;
    }
  }
}

async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  return work.catch((error: unknown) => {
    if (isOmlmdError(error, 'not-found')) return undefined;
    throw error;
  });
}
