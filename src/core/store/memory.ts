import { OmlmdError } from '../errors.ts';
import { bytesContent, type CallOptions, type Content, readVerified } from '../oci/content.ts';
import { type Descriptor, plainDescriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { MAX_MANIFEST_BYTES, type ParsedNode, parseNode, referrerOf } from '../oci/manifest.ts';
import { isNodeType } from '../oci/media-types.ts';
import { assertTag } from '../oci/reference.ts';
import { type Deleter, type PushOptions, refuseTaken, type TagOptions, type Target } from '../oci/target.ts';

/** Largest blob that is kept in memory, bytes; models belong in a layout. Stops a slip from eating the machine. */
const MAX_MEMORY_BLOB_BYTES = 256 * 1024 * 1024;

interface Stored {
  readonly descriptor: Descriptor;
  readonly node: ParsedNode;
}

/** A repository that is gone with the process: for building artifacts and for tests. */
export class MemoryTarget implements Target, Deleter {
  readonly #blobs = new Map<Digest, Uint8Array>();
  readonly #nodes = new Map<Digest, Stored>();
  readonly #tags = new Map<string, Digest>();

  async fetch(target: Descriptor, options?: CallOptions): Promise<Content> {
    options?.signal?.throwIfAborted();
    const bytes = this.#blobs.get(target.digest);
    if (bytes === undefined) throw notFound(`fetch ${target.digest}`);
    if (bytes.byteLength !== target.size) {
      throw new OmlmdError(
        'size-mismatch',
        `fetch ${target.digest}: expected ${target.size} bytes, got ${bytes.byteLength}`,
      );
    }
    return { ...bytesContent(bytes), verifies: target.digest };
  }

  async resolve(reference: string, options?: CallOptions): Promise<Descriptor> {
    options?.signal?.throwIfAborted();
    const digest = this.#tags.get(reference) ?? reference;
    for (const [known, { descriptor }] of this.#nodes) if (known === digest) return descriptor;
    throw notFound(`resolve ${reference}`);
  }

  async exists(target: Descriptor, options?: CallOptions): Promise<boolean> {
    options?.signal?.throwIfAborted();
    return isNodeType(target.mediaType) ? this.#nodes.has(target.digest) : this.#blobs.has(target.digest);
  }

  async push(expected: Descriptor, content: Content, options?: PushOptions): Promise<void> {
    const isNode = isNodeType(expected.mediaType);
    const limit = isNode ? MAX_MANIFEST_BYTES : MAX_MEMORY_BLOB_BYTES;
    const bytes = await readVerified(content, expected, limit, options);
    if (isNode) {
      const node = parseNode(bytes, expected.mediaType);
      this.#nodes.set(expected.digest, { descriptor: plainDescriptor(expected), node });
    }
    this.#blobs.set(expected.digest, bytes);
  }

  async tag(target: Descriptor, tag: string, options?: TagOptions): Promise<void> {
    options?.signal?.throwIfAborted();
    assertTag(tag);
    if (options?.ifAbsent) refuseTaken('tag in memory', tag, target.digest, this.#tags.get(tag));
    if (!this.#nodes.has(target.digest)) throw notFound(`tag ${target.digest} as ${tag}`);
    this.#tags.set(tag, target.digest);
  }

  async *tags(options?: CallOptions): AsyncGenerator<string> {
    options?.signal?.throwIfAborted();
    yield* [...this.#tags.keys()];
  }

  async *referrers(
    subject: Descriptor,
    options?: CallOptions & { readonly artifactType?: string | undefined },
  ): AsyncGenerator<Descriptor> {
    options?.signal?.throwIfAborted();
    for (const { descriptor, node } of [...this.#nodes.values()]) {
      const referrer = referrerOf(descriptor, node);
      if (referrer?.subject !== subject.digest) continue;
      if (options?.artifactType === undefined || referrer.descriptor.artifactType === options.artifactType)
        yield referrer.descriptor;
    }
  }

  async delete(target: Descriptor, options?: CallOptions): Promise<void> {
    options?.signal?.throwIfAborted();
    if (!this.#blobs.delete(target.digest)) throw notFound(`delete ${target.digest}`);
    this.#nodes.delete(target.digest);
    for (const [tag, digest] of this.#tags) if (digest === target.digest) this.#tags.delete(tag);
  }

  async untag(tag: string, options?: CallOptions): Promise<void> {
    options?.signal?.throwIfAborted();
    if (!this.#tags.delete(tag)) throw notFound(`untag ${tag}`);
  }
}

function notFound(doing: string): OmlmdError {
  return new OmlmdError('not-found', `${doing}: it is not in memory`);
}
