import { isCorrupt, OmlmdError, quote, RegistryError, type RegistryErrorDetail } from '../errors.ts';
import { bytesContent, type CallOptions, type Content, readAll, readVerified } from '../oci/content.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { type Digest, isDigest } from '../oci/digest.ts';
import { MAX_MANIFEST_BYTES, type ParsedNode, parseNode } from '../oci/manifest.ts';
import { isNodeType } from '../oci/media-types.ts';
import { isTag } from '../oci/reference.ts';
import {
  type Deleter,
  type Ingester,
  type Mounter,
  type PushOptions,
  refuseTaken,
  type Source,
  type Starter,
  type TagOptions,
  type Target,
} from '../oci/target.ts';
import { type RemoteBlob, remoteContent } from './download.ts';
import { blobExists, deleteAt, getManifest, manifestExists, putManifest } from './manifests.ts';
import { pages, stringsOf } from './pages.ts';
import { FallbackIndexes, listReferrers, referrerEntry } from './referrers.ts';
import { type RepositoryAddress, repositoryAddress } from './repository-address.ts';
import { pullScope, pushScope } from './scopes.ts';
import type { RegistryTransport } from './transport.ts';
import { type UploadTarget, uploadBlob } from './upload.ts';
import type { UploadMemory } from './upload-memory.ts';
import { openedSession, type UploadSession } from './upload-session.ts';

/** Blobs up to this size come with {@link Repository.fetch} itself: one request, checked, read from memory. Bytes. */
const SMALL_BLOB_BYTES = 1024 * 1024;
/** Manifests kept between resolve or push and what follows; more would only be memory. */
const MAX_RECENT = 8;

interface RecentManifest {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly bytes: Uint8Array;
}

/** One repository of a registry, as a place for content (distribution-spec 1.1). */
export class Repository implements Target, Mounter, Ingester, Starter, Deleter {
  readonly registry: string;
  /** As the person wrote it. */
  readonly name: string;
  /** `HOST/NAME`. */
  readonly reference: string;
  readonly #address: RepositoryAddress;
  readonly #transport: RegistryTransport;
  /** Bytes that were just seen, so that resolve + fetch and push + tag are one request less. */
  readonly #recent = new Map<Digest, RecentManifest>();
  /** Upload sessions that refused mounts have opened. */
  readonly #sessions = new Map<Digest, UploadSession>();
  readonly #memory: UploadMemory | undefined;
  readonly #indexes: FallbackIndexes;

  /** @param memory where unfinished uploads are kept for a later process; undefined: nowhere */
  constructor(transport: RegistryTransport, name: string, memory?: UploadMemory) {
    this.#address = repositoryAddress(transport, name);
    this.#transport = transport;
    this.#indexes = new FallbackIndexes(this.#address);
    this.#memory = memory;
    this.registry = transport.registry;
    this.name = name;
    this.reference = `${this.registry}/${name}`;
  }

  /**
   * A tag or a digest to a descriptor. By GET: only the body tells the true digest (R14), any registry answers it
   * (R15), and what follows is nearly always the fetch that this saves.
   */
  async resolve(reference: string, options: CallOptions = {}): Promise<Descriptor> {
    if (!isDigest(reference) && !isTag(reference))
      throw new OmlmdError(
        'reference-invalid',
        `resolve ${quote(reference)} in ${this.reference}: not a tag or digest`,
      );
    const { descriptor, bytes, node } = await getManifest(this.#address, reference, options);
    this.#remember({ ...descriptor, bytes });
    const { artifactType, annotations } = referrerEntry(descriptor, node);
    return {
      ...descriptor,
      ...(artifactType ? { artifactType } : {}),
      ...(annotations ? { annotations } : {}),
    };
  }

  /**
   * Content by descriptor. Manifests and small blobs are read and verified here; of a large blob nothing is asked
   * before it is read, so its `not-found` comes with the first byte.
   */
  async fetch(target: Descriptor, options: CallOptions = {}): Promise<Content> {
    if (isNodeType(target.mediaType)) return this.#fetchManifest(target, options);
    if (target.urls !== undefined && target.urls.length > 0)
      throw new OmlmdError(
        'unsupported',
        `fetch ${this.#address.textOf(target.digest)}: its content is at a foreign URL, which is never fetched`,
      );
    const content = remoteContent(this.#blob(target));
    if (target.size > SMALL_BLOB_BYTES) return content;
    return bytesContent(await this.#readSmall(content, options), target.digest);
  }

  async #readSmall(content: Content, options: CallOptions): Promise<Uint8Array> {
    try {
      return await readAll(content, SMALL_BLOB_BYTES, options);
    } catch (error) {
      if (!isCorrupt(error)) throw error;
      return await readAll(content, SMALL_BLOB_BYTES, options); // once more (R12)
    }
  }

  async #fetchManifest(target: Descriptor, options: CallOptions): Promise<Content> {
    const recent = this.#recent.get(target.digest);
    this.#recent.delete(target.digest);
    const bytes = recent?.bytes ?? (await getManifest(this.#address, target.digest, options)).bytes;
    if (bytes.byteLength !== target.size)
      throw new OmlmdError(
        'size-mismatch',
        `fetch ${this.#address.textOf(target.digest)}: expected ${target.size} bytes, got ${bytes.byteLength}`,
      );
    return bytesContent(bytes, target.digest);
  }

  exists(target: Descriptor, options: CallOptions = {}): Promise<boolean> {
    const look = isNodeType(target.mediaType) ? manifestExists : blobExists;
    return look(this.#address, target.digest, options);
  }

  async push(expected: Descriptor, content: Content, options: PushOptions = {}): Promise<void> {
    if (isNodeType(expected.mediaType)) return this.#pushManifest(expected, content, options);
    const session = this.#sessions.get(expected.digest);
    this.#sessions.delete(expected.digest);
    const doing = `push ${this.#address.textOf(expected.digest)}`;
    await uploadBlob({ ...this.#uploads(doing), session }, expected, content, options);
  }

  /** By its tags: a registry that does not know the name says so (distribution-spec §Error Codes). Asked once, not again. */
  async isNew({ signal }: CallOptions = {}): Promise<boolean> {
    const { path, pathName } = this.#address;
    const doing = `look for ${this.reference}`;
    const request = { method: 'GET', target: `${path}/tags/list?n=1`, doing, signal } as const;
    try {
      (await this.#transport.attempt({ ...request, scopes: [pushScope(pathName)] })).discard();
      return false;
    } catch (error) {
      if (!(error instanceof OmlmdError)) throw error;
      return error instanceof RegistryError && error.response.errors.some(isNameUnknown);
    }
  }

  /** Content whose digest is found out while it is sent: a file is read once. */
  async ingest(content: Content, options: PushOptions = {}): Promise<Digest> {
    const doing = `push ${quote(options.name ?? 'a blob')} to ${this.reference}`;
    return uploadBlob(this.#uploads(doing), { size: content.size }, content, options);
  }

  #uploads(doing: string): UploadTarget {
    const { path, pathName } = this.#address;
    return {
      transport: this.#transport,
      path: `${path}/blobs/uploads/`,
      doing,
      scopes: [pushScope(pathName)],
      memory: this.#memory,
      repository: `${this.registry}/${pathName}`,
    };
  }

  async #pushManifest(expected: Descriptor, content: Content, options: PushOptions): Promise<void> {
    const bytes = await readVerified(content, expected, MAX_MANIFEST_BYTES, options);
    const node = parseNode(bytes, expected.mediaType);
    const manifest = { mediaType: expected.mediaType, digest: expected.digest, bytes };
    const { keepsReferrers } = await putManifest(this.#address, expected.digest, manifest, options);
    this.#remember(manifest);
    const subject = subjectOf(node);
    if (subject === undefined || keepsReferrers) return;
    await this.#updateReferrers(subject, { add: referrerEntry(expected, node) }, options);
  }

  /** Points a tag at a manifest. One that points there already is left alone: a second push writes nothing (R29). */
  async tag(target: Descriptor, tag: string, options: TagOptions = {}): Promise<void> {
    const doing = `tag ${this.#address.textOf(target.digest)}`;
    if (!isTag(tag)) throw new OmlmdError('reference-invalid', `${doing}: ${quote(tag)} is not a tag`);
    let manifest = this.#recent.get(target.digest);
    if (manifest === undefined) {
      const there = await this.#digestAt(tag, options);
      if (there === target.digest) return;
      if (options.ifAbsent) refuseTaken(doing, tag, target.digest, there);
      const { descriptor, bytes } = await getManifest(this.#address, target.digest, options);
      manifest = { ...descriptor, bytes };
      this.#remember(manifest); // there may be more tags to come
    }
    const { signal, ifAbsent = false } = options;
    try {
      await putManifest(this.#address, tag, manifest, {
        signal,
        ...(ifAbsent ? { headers: { 'if-none-match': '*' } } : {}),
      });
    } catch (error) {
      if (!ifAbsent || !codeIs(error, 'conflict')) throw error;
      // Ours, where the answer to a first try was lost; else somebody was faster.
      const there = await this.#digestAt(tag, options);
      if (there === undefined) throw error;
      refuseTaken(doing, tag, target.digest, there);
    }
  }

  async #digestAt(tag: string, options: CallOptions): Promise<Digest | undefined> {
    try {
      return (await getManifest(this.#address, tag, options)).descriptor.digest;
    } catch (error) {
      // Whatever stands there now, a wrong manifest included, is about to be replaced.
      if (['not-found', 'manifest-invalid', 'digest-mismatch'].some((code) => codeIs(error, code)))
        return undefined;
      throw error;
    }
  }

  async *tags(options: CallOptions = {}): AsyncGenerator<string> {
    const doing = `list the tags of ${this.reference}`;
    const scopes = [pullScope(this.#address.pathName)];
    const target = `${this.#address.path}/tags/list`;
    for await (const page of pages(this.#transport, { target, doing, scopes, signal: options.signal })) {
      // What is not a tag could not be asked for, and would be foreign text in a list.
      for (const tag of stringsOf(page.body, 'tags', doing)) if (isTag(tag)) yield tag;
    }
  }

  referrers(
    subject: Descriptor,
    options: CallOptions & { readonly artifactType?: string | undefined } = {},
  ): AsyncGenerator<Descriptor> {
    return listReferrers(this.#address, subject, options);
  }

  /** distribution-spec §Mounting a blob. What a refusing registry opens instead is used by the push that follows. */
  async mount(target: Descriptor, from: Source, { signal }: CallOptions = {}): Promise<boolean> {
    if (!(from instanceof Repository) || from.registry !== this.registry || from.name === this.name)
      return false;
    const { path, pathName, textOf } = this.#address;
    const other = from.#address.pathName;
    const doing = `mount ${textOf(target.digest)} from ${from.reference}`;
    const request = {
      method: 'POST',
      target: `${path}/blobs/uploads/?mount=${target.digest}&from=${encodeURIComponent(other)}`,
      doing,
      scopes: [pushScope(pathName), pullScope(other)],
      signal,
    } as const;
    try {
      return await this.#transport.request(request, (response) => {
        if (response.status === 202) this.#sessions.set(target.digest, openedSession(response, doing));
        return response.status === 201;
      });
    } catch (error) {
      if (!(error instanceof OmlmdError)) throw error;
      this.#transport.log.debug(error.message);
      return false;
    }
  }

  /** Removes a manifest with its tags, or a blob, where the registry allows it. */
  async delete(target: Descriptor, options: CallOptions = {}): Promise<void> {
    if (!isNodeType(target.mediaType)) return deleteAt(this.#address, 'blobs', target.digest, options);
    const { node } = await getManifest(this.#address, target.digest, options);
    await deleteAt(this.#address, 'manifests', target.digest, options);
    this.#recent.delete(target.digest);
    const subject = subjectOf(node);
    // Only a registry without the API has the index; elsewhere this finds nothing to do.
    if (subject !== undefined) await this.#updateReferrers(subject, { remove: target.digest }, options);
  }

  async untag(tag: string, options: CallOptions = {}): Promise<void> {
    if (!isTag(tag))
      throw new OmlmdError('reference-invalid', `untag ${quote(tag)} in ${this.reference}: not a tag`);
    await deleteAt(this.#address, 'manifests', tag, options);
  }

  #updateReferrers(
    subject: Descriptor,
    change: { readonly add: Descriptor } | { readonly remove: Digest },
    { signal }: CallOptions,
  ): Promise<void> {
    const pause = (ms: number) => this.#transport.pause(ms, signal);
    return this.#indexes.update(subject.digest, change, { signal, pause });
  }

  #blob(descriptor: Descriptor): RemoteBlob {
    const { path, pathName, textOf } = this.#address;
    return {
      transport: this.#transport,
      descriptor,
      request: {
        target: `${path}/blobs/${descriptor.digest}`,
        doing: `fetch ${textOf(descriptor.digest)}`,
        scopes: [pullScope(pathName)],
      },
    };
  }

  #remember(manifest: RecentManifest): void {
    this.#recent.set(manifest.digest, manifest);
    const [oldest] = this.#recent.keys();
    if (this.#recent.size > MAX_RECENT && oldest !== undefined) this.#recent.delete(oldest);
  }
}

function subjectOf(node: ParsedNode): Descriptor | undefined {
  return node.kind === 'manifest' ? node.manifest.subject : node.index.subject;
}

function isNameUnknown({ code }: RegistryErrorDetail): boolean {
  return code === 'NAME_UNKNOWN';
}

function codeIs(error: unknown, code: string): boolean {
  return error instanceof OmlmdError && error.code === code;
}
