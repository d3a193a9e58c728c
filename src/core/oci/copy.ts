import { isCorrupt, isOmlmdError, OmlmdError, quote } from '../errors.ts';
import { bytesContent, type CallOptions, type Content, readVerified } from './content.ts';
import { type Descriptor, plainDescriptor } from './descriptor.ts';
import type { Digest } from './digest.ts';
import { MAX_DESCRIPTORS, MAX_MANIFEST_BYTES, type ParsedNode, parseNode, successorsOf } from './manifest.ts';
import { Annotation, isNodeType } from './media-types.ts';
import type { OnProgress } from './progress.ts';
import { canMount, type Source, type Target } from './target.ts';

/** Deepest chain of indexes that is followed; a hostile registry can nest them for ever (S12). */
export const MAX_NESTING = 8;
/** Large blobs that move at once unless the caller says otherwise. */
export const DEFAULT_CONCURRENCY = 3;
/** What moving a blob up to this size takes is the way there and back, not its bytes. */
export const SMALL_BLOB_BYTES = 1024 * 1024;
/** Small requests (manifests, "is it there") at once. */
export const REQUEST_CONCURRENCY = 12;

export interface CopyOptions extends CallOptions {
  /** Tags to set on the root, in order, last of all (R29). */
  readonly tags?: readonly string[];
  readonly concurrency?: number | undefined;
  /** Blobs that are known to be in the target. */
  readonly known?: Pick<ReadonlySet<string>, 'has'> | undefined;
  /** Also what points at the root: signatures, attestations, attached files. */
  readonly withReferrers?: boolean;
  readonly onProgress?: OnProgress | undefined;
  /** Told what became of each descriptor; once a digest. */
  readonly onCopied?: (descriptor: Descriptor, state: CopyState) => void;
}

export type CopyState = 'uploaded' | 'exists' | 'mounted';

/**
 * Copies an artifact, whatever the places are: push, pull into a store, promotion and mirroring are this one verb.
 * Each digest is visited once; what is there already is not moved; a manifest is written after all it points at, and
 * tags after the root.
 */
export async function copy(
  source: Source,
  reference: string,
  target: Target,
  options: CopyOptions = {},
): Promise<Descriptor> {
  const root = await source.resolve(reference, options);
  await copyGraph(source, root, target, options);
  for (const tag of options.tags ?? []) await target.tag(root, tag, options);
  return root;
}

/** {@link copy} without names: the root is known by its descriptor. */
export async function copyGraph(
  source: Source,
  root: Descriptor,
  target: Target,
  options: CopyOptions = {},
): Promise<void> {
  options.signal?.throwIfAborted();
  await new Copy(source, target, options).all(root);
}

class Copy {
  readonly #source: Source;
  readonly #target: Target;
  readonly #options: CopyOptions;
  readonly #visited = new Map<string, Promise<void>>();
  /** What the target lists, by subject. */
  readonly #listed = new Map<Digest, Promise<ReadonlySet<Digest>>>();
  /** Manifests in the order in which they were copied. */
  readonly #nodes: Descriptor[] = [];
  readonly #transfers: BlobSlots;
  readonly #requests = new Slots(REQUEST_CONCURRENCY);
  /** Stops what is still moving when one part has failed. */
  readonly #failed = new AbortController();
  readonly #signal: AbortSignal;

  constructor(source: Source, target: Target, options: CopyOptions) {
    this.#source = source;
    this.#target = target;
    this.#options = options;
    this.#signal = options.signal
      ? AbortSignal.any([options.signal, this.#failed.signal])
      : this.#failed.signal;
    this.#transfers = new BlobSlots(options.concurrency);
  }

  async all(root: Descriptor): Promise<void> {
    try {
      await this.#node(root, 0);
      if (this.#options.withReferrers) await this.#referrers();
    } catch (error) {
      // The others only stopped because of the first that failed.
      throw this.#failed.signal.aborted ? this.#failed.signal.reason : error;
    }
  }

  /**
   * What points at the copied manifests, and at that in turn. One wave after another, never from within a node: a
   * referrer may hold, further down, the very node that it was found from, and the two would wait for each other.
   */
  async #referrers(): Promise<void> {
    for (let done = 0, depth = 1; done < this.#nodes.length; depth += 1) {
      const wave = this.#nodes.slice(done);
      done = this.#nodes.length;
      for (const subject of wave) {
        const found: Descriptor[] = [];
        for await (const referrer of this.#source.referrers(subject, { signal: this.#signal })) {
          found.push(referrer);
          if (found.length > MAX_DESCRIPTORS) throw tooMany();
        }
        await settleAll(found.map((referrer) => this.#node(referrer, depth)));
      }
    }
  }

  /** A manifest or index with all below it. Digests cannot form a circle, so neither can the waiting. */
  #node(descriptor: Descriptor, depth: number): Promise<void> {
    return this.#once(`node ${descriptor.digest}`, async () => {
      if (depth > MAX_NESTING) {
        throw new OmlmdError(
          'limit-exceeded',
          `copy ${descriptor.digest}: nested deeper than ${MAX_NESTING} indexes`,
        );
      }
      const node = plainDescriptor(descriptor);
      const state = await this.#copyNode(node, depth);
      this.#nodes.push(node);
      this.#options.onCopied?.(node, state);
    });
  }

  async #copyNode(descriptor: Descriptor, depth: number): Promise<CopyState> {
    const signal = this.#signal;
    const bytes = await this.#requests.run(async () => {
      const fetched = await this.#source.fetch(descriptor, { signal });
      return await readVerified(fetched, descriptor, MAX_MANIFEST_BYTES, { signal });
    });
    const node = parseNode(bytes, descriptor.mediaType);
    await settleAll(
      successorsOf(node).map((next) =>
        isNodeType(next.mediaType) ? this.#node(next, depth + 1) : this.#blob(next),
      ),
    );
    const push = () =>
      this.#requests.run(async () => {
        const exists = await this.#target.exists(descriptor, { signal });
        if (!exists || !(await this.#isListed(descriptor, node)))
          await this.#target.push(descriptor, bytesContent(bytes), { signal });
        return exists ? 'exists' : 'uploaded';
      });
    return await push().catch(async (error: unknown) => {
      if (!isOmlmdError(error, 'not-found') || !error.retryable) throw error;

      await this.#bringAgain(node, depth);
      return await push();
    });
  }

  /** What a manifest points at was there, and others have removed some of it, as nothing listed it yet. */
  async #bringAgain(node: ParsedNode, depth: number): Promise<void> {
    for (const next of successorsOf(node)) {
      if (isNodeType(next.mediaType)) await this.#copyNode(plainDescriptor(next), depth + 1);
      else if (!(await this.#target.exists(next, { signal: this.#signal })))
        await this.#transfers.run(next, () => this.#transfer(next, nameOf(next)));
    }
  }

  /**
   * Whether the target lists a manifest that is there among the referrers of its subject, if it has one. An earlier copy
   * may have ended between the two; pushing the manifest again lists it.
   */
  async #isListed(descriptor: Descriptor, node: ParsedNode): Promise<boolean> {
    const { subject } = node.kind === 'manifest' ? node.manifest : node.index;
    if (subject === undefined) return true;
    const listed = this.#listed.get(subject.digest) ?? this.#listReferrers(subject);
    this.#listed.set(subject.digest, listed);
    return (await listed).has(descriptor.digest);
  }

  async #listReferrers(subject: Descriptor): Promise<ReadonlySet<Digest>> {
    const listed = new Set<Digest>();
    for await (const { digest } of this.#target.referrers(subject, { signal: this.#signal })) {
      listed.add(digest);
      if (listed.size > MAX_DESCRIPTORS) break; // what is further on is pushed again, which harms nothing
    }
    return listed;
  }

  #blob(descriptor: Descriptor): Promise<void> {
    return this.#once(`blob ${descriptor.digest}`, () => this.#copyBlob(descriptor));
  }

  async #copyBlob(descriptor: Descriptor): Promise<void> {
    const { onProgress } = this.#options;
    const name = nameOf(descriptor);
    const state = (await this.#isThere(descriptor))
      ? 'exists'
      : await this.#transfers.run(descriptor, () => this.#transfer(descriptor, name));
    this.#options.onCopied?.(descriptor, state);
    onProgress?.({
      id: descriptor.digest,
      name,
      kind: 'upload',
      bytes: descriptor.size,
      total: descriptor.size,
      state: state === 'uploaded' ? 'done' : state,
    });
  }

  async #isThere(blob: Descriptor): Promise<boolean> {
    if (this.#options.known?.has(blob.digest)) return true;
    return await this.#requests.run(() => this.#target.exists(blob, { signal: this.#signal }));
  }

  async #transfer(descriptor: Descriptor, name: string): Promise<CopyState> {
    const { onProgress } = this.#options;
    const signal = this.#signal;
    signal.throwIfAborted();
    if (canMount(this.#target) && (await this.#target.mount(descriptor, this.#source, { signal })))
      return 'mounted';
    if (descriptor.urls !== undefined && descriptor.urls.length > 0) {
      throw new OmlmdError(
        'unsupported',
        `copy ${descriptor.digest}: its content is at a foreign URL, which is never fetched`,
      );
    }
    const fetch = () => this.#source.fetch(descriptor, { signal });
    const push = (content: Content) => this.#target.push(descriptor, content, { signal, onProgress, name });
    // A place that reads small content at once has asked once more itself; only what is read here is asked for again (R12).
    await push(await fetch()).catch(async (error: unknown) => {
      if (!isCorrupt(error)) throw error;
      await push(await fetch()).catch((again: unknown) => {
        if (!isCorrupt(again)) throw again;
        throw new OmlmdError(again.code, `copy ${quote(name)}: ${again.message}`, { cause: again });
      });
    });
    return 'uploaded';
  }

  #once(key: string, work: () => Promise<void>): Promise<void> {
    const running = this.#visited.get(key);
    if (running !== undefined) return running;
    if (this.#visited.size >= MAX_DESCRIPTORS) {
      this.#failed.abort(tooMany());
      return Promise.reject(this.#failed.signal.reason);
    }
    const started = work().catch((error: unknown) => {
      this.#failed.abort(error);
      throw error;
    });
    this.#visited.set(key, started);
    return started;
  }
}

/** For people. */
function nameOf({ annotations, mediaType }: Descriptor): string {
  return annotations?.[Annotation.title] ?? mediaType;
}

function tooMany(): OmlmdError {
  return new OmlmdError('limit-exceeded', `copy: more than ${MAX_DESCRIPTORS} descriptors`);
}

/** Waits for all, so that nothing goes on behind the caller's back, then rejects with the first failure. */
export async function settleAll(work: readonly Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(work);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

/** At most `limit` pieces of work at once; the rest wait in order. */
export class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(limit: number) {
    this.#free = Math.max(1, limit);
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}

/** At most so many large blobs at once, and beside them as many small ones as there may be small requests. */
export class BlobSlots {
  readonly #large: Slots;
  readonly #small: Slots;

  /** @param concurrency large blobs at once; with 1, small ones come one after another, too */
  constructor(concurrency = DEFAULT_CONCURRENCY) {
    this.#large = new Slots(concurrency);
    this.#small = concurrency === 1 ? this.#large : new Slots(Math.max(concurrency, REQUEST_CONCURRENCY));
  }

  run<T>({ size }: Pick<Descriptor, 'size'>, work: () => Promise<T>): Promise<T> {
    return (size <= SMALL_BLOB_BYTES ? this.#small : this.#large).run(work);
  }
}
