import { OmlmdError, quote } from '../errors.ts';
import type { CallOptions, Content } from './content.ts';
import type { Descriptor } from './descriptor.ts';
import type { Digest } from './digest.ts';
import type { OnProgress } from './progress.ts';

/**
 * Places that content can be: in memory, in an OCI image layout, in a repository of a registry. Manifests and blobs
 * go through the same verbs; a place decides by media type where they live.
 */
export interface Fetcher {
  /**
   * Content by descriptor; throws `not-found`. The stream of the whole ends in `digest-mismatch` or `size-mismatch`
   * if it lies; what is read through slices is unverified until the whole was checked.
   */
  fetch(target: Descriptor, options?: CallOptions): Promise<Content>;
}

export interface Resolver {
  /** A tag or a digest to the descriptor of its manifest or index; throws `not-found`. */
  resolve(reference: string, options?: CallOptions): Promise<Descriptor>;
}

export interface PushOptions extends CallOptions {
  /** Told `active` and `waiting` while bytes move; that it is over is said by who asked for the push. */
  readonly onProgress?: OnProgress | undefined;
  /** For people: what the content is called while it moves. */
  readonly name?: string | undefined;
}

export interface Pusher {
  exists(target: Descriptor, options?: CallOptions): Promise<boolean>;
  /** Stores content under its digest; throws `digest-mismatch` or `size-mismatch` and stores nothing if it differs. */
  push(expected: Descriptor, content: Content, options?: PushOptions): Promise<void>;
}

export interface TagOptions extends CallOptions {
  /**
   * Throws `already-exists` where the tag names something else. One atomic step in a layout, and in registries that heed
   * `If-None-Match`; elsewhere a look before.
   */
  readonly ifAbsent?: boolean | undefined;
}

export interface Tagger {
  /** Points a tag at a manifest that is there. */
  tag(target: Descriptor, tag: string, options?: TagOptions): Promise<void>;
  /** Tags in the place's own order; pages arrive as they are asked for, and leaving the loop stops the requests. */
  tags(options?: CallOptions): AsyncIterable<string>;
}

export interface ReferrerLister {
  /** Descriptors of the manifests whose `subject` is `subject`, with `artifactType` and `annotations` where known. */
  referrers(
    subject: Descriptor,
    options?: CallOptions & { readonly artifactType?: string | undefined },
  ): AsyncIterable<Descriptor>;
}

export interface Source extends Fetcher, Resolver, ReferrerLister {}
export interface Target extends Source, Pusher, Tagger {}

/** Optional power: taking a blob over from another repository of the same place, without moving it. */
export interface Mounter {
  /** False on any answer but "mounted"; the caller then pushes. */
  mount(target: Descriptor, from: Source, options?: CallOptions): Promise<boolean>;
}

/** Optional power: taking content whose digest is not known yet, so that a file is read once. */
export interface Ingester {
  /** Stores content and tells its digest, which is computed on the way. */
  ingest(content: Content, options?: PushOptions): Promise<Digest>;
}

/** Optional power: knowing that there is nothing, so that it need not be asked blob by blob. */
export interface Starter {
  /** Whether nothing seems to have been put there yet; false where that is not known. A blob may be there all the same. */
  isNew(options?: CallOptions): Promise<boolean>;
}

/** Optional power: removing. */
export interface Deleter {
  delete(target: Descriptor, options?: CallOptions): Promise<void>;
  /** Removes the name only; throws `unsupported` where a place cannot. */
  untag(tag: string, options?: CallOptions): Promise<void>;
}

export function canMount(target: object): target is Mounter {
  return 'mount' in target && typeof target.mount === 'function';
}

export function canIngest(target: object): target is Ingester {
  return 'ingest' in target && typeof target.ingest === 'function';
}

export function canBeNew(target: object): target is Starter {
  return 'isNew' in target && typeof target.isNew === 'function';
}

export function canDelete(target: object): target is Deleter {
  return 'delete' in target && typeof target.delete === 'function' && 'untag' in target;
}

/** Throws `already-exists` when a tag that must be new is one of something else. */
export function refuseTaken(doing: string, tag: string, target: Digest, there: Digest | undefined): void {
  if (there === undefined || there === target) return;
  throw new OmlmdError('already-exists', `${doing}: the tag ${quote(tag)} exists and names ${there}`);
}
