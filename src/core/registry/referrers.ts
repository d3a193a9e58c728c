import { isOmlmdError, OmlmdError } from '../errors.ts';
import type { CallOptions } from '../oci/content.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { algorithmOf, type Digest, digestOf, hexOf } from '../oci/digest.ts';
import type { Index, ParsedNode } from '../oci/manifest.ts';
import { MediaType } from '../oci/media-types.ts';
import { type FetchedManifest, getManifest, parseAnswer, putManifest } from './manifests.ts';
import { type Page, pages } from './pages.ts';
import type { RepositoryAddress } from './repository-address.ts';
import { pullScope } from './scopes.ts';

/** Tries to get an entry into the fallback index beside other writers (R19). */
const MAX_INDEX_TRIES = 10;
/** What is drawn from for the pause between two of them at least, milliseconds, so that two writers part. */
const INDEX_PAUSE_MS = 500;
/** Longest pause that is drawn from, milliseconds; a registry that is slower than that is beyond help. */
const MAX_INDEX_PAUSE_MS = 10_000;

/** Statuses by which registries say that they know no referrers. */
const NO_API = [400, 404, 405, 406, 501];

/** distribution-spec §Referrers Tag Schema: the tag whose index lists what points at a digest. */
export function referrersTag(subject: Digest): string {
  return `${algorithmOf(subject)}-${hexOf(subject).slice(0, 64)}`;
}

/**
 * What points at a manifest: from the referrers API, or from the fallback index where there is none (distribution-spec
 * §Listing Referrers). A filter is also applied here: registries may leave that to us (R20).
 */
export async function* listReferrers(
  repository: RepositoryAddress,
  subject: Descriptor,
  options: CallOptions & { readonly artifactType?: string | undefined } = {},
): AsyncGenerator<Descriptor> {
  const seen = new Set<Digest>();
  for await (const descriptor of everyReferrer(repository, subject, options)) {
    if (seen.has(descriptor.digest)) continue;
    seen.add(descriptor.digest);
    if (options.artifactType === undefined || descriptor.artifactType === options.artifactType)
      yield descriptor;
  }
}

async function* everyReferrer(
  repository: RepositoryAddress,
  subject: Descriptor,
  { signal, artifactType }: CallOptions & { readonly artifactType?: string | undefined },
): AsyncGenerator<Descriptor> {
  const query = artifactType === undefined ? '' : `?artifactType=${encodeURIComponent(artifactType)}`;
  const doing = `list referrers of ${repository.textOf(subject.digest)}`;
  for await (const page of pages(repository.transport, {
    target: `${repository.path}/referrers/${subject.digest}${query}`,
    doing,
    scopes: [pullScope(repository.pathName)],
    headers: { accept: MediaType.index },
    accept: NO_API,
    signal,
  })) {
    const index = apiIndex(page, doing);
    if (index === undefined) {
      yield* (await fallbackIndex(repository, subject.digest, { signal }))?.index.manifests ?? [];
      return;
    }
    yield* index.manifests;
  }
}

/** The index of a page; undefined where the answer is not the referrers API's (an error, or somebody's web page). */
function apiIndex(page: Page, doing: string): Index | undefined {
  if (page.status !== 200) return undefined;
  if (page.header('content-type')?.split(';', 1)[0]?.trim() !== MediaType.index) return undefined;
  const node = parseAnswer(page.body, MediaType.index, doing);
  return node.kind === 'index' ? node.index : undefined;
}

async function fallbackIndex(
  repository: RepositoryAddress,
  subject: Digest,
  options: CallOptions,
): Promise<(FetchedManifest & { readonly index: Index }) | undefined> {
  try {
    const fetched = await getManifest(repository, referrersTag(subject), options);
    return fetched.node.kind === 'index' ? { ...fetched, index: fetched.node.index } : undefined;
  } catch (error) {
    if (isOmlmdError(error, 'not-found')) return undefined;
    throw error;
  }
}

/** The entry of a referrer: type and annotations are copied, since readers list them without a request (R19). */
export function referrerEntry(descriptor: Descriptor, node: ParsedNode): Descriptor {
  const document = node.kind === 'manifest' ? node.manifest : node.index;
  const config = node.kind === 'manifest' ? node.manifest.config.mediaType : undefined;
  const artifactType = document.artifactType ?? config;
  return {
    mediaType: node.mediaType,
    digest: descriptor.digest,
    size: descriptor.size,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(document.annotations === undefined ? {} : { annotations: document.annotations }),
  };
}

type IndexChange = { readonly add: Descriptor } | { readonly remove: Digest };

interface UpdateOptions extends CallOptions {
  readonly pause: (ms: number) => Promise<void>;
}

/**
 * The fallback indexes of one repository, for one operation. What is to be changed while an index is being written is
 * changed together afterwards: many referrers that are copied at once would only be in each other's way.
 */
export class FallbackIndexes {
  readonly #repository: RepositoryAddress;
  readonly #writing = new Map<Digest, Promise<void>>();
  readonly #waiting = new Map<Digest, { readonly changes: IndexChange[]; readonly written: Promise<void> }>();

  constructor(repository: RepositoryAddress) {
    this.#repository = repository;
  }

  /** Resolves when the change is there to stay. */
  update(subject: Digest, change: IndexChange, options: UpdateOptions): Promise<void> {
    const waiting = this.#waiting.get(subject);
    if (waiting !== undefined) {
      waiting.changes.push(change);
      return waiting.written;
    }
    const changes = [change];
    const before = this.#writing.get(subject)?.catch(() => undefined) ?? Promise.resolve();
    const written = before.then(() => {
      this.#waiting.delete(subject);
      return updateFallbackIndex(this.#repository, subject, changes, options);
    });
    this.#waiting.set(subject, { changes, written });
    this.#writing.set(subject, written);
    return written;
  }
}

/**
 * Puts entries into the fallback index of a registry without the API, or takes some out. Other writers do the same at
 * the same time: conditions are sent for registries that heed them, and the result is read back for those that do not.
 */
async function updateFallbackIndex(
  repository: RepositoryAddress,
  subject: Digest,
  changes: readonly IndexChange[],
  options: UpdateOptions,
): Promise<void> {
  let tookMs = 0;
  for (let tries = 0; tries < MAX_INDEX_TRIES; tries += 1) {
    if (tries > 0) await options.pause(settlingMs(tookMs));
    const started = performance.now();
    const before = await fallbackIndex(repository, subject, options);
    const manifests = changed(before?.index.manifests ?? [], changes);
    if (manifests === undefined) return;
    await writeIndex(repository, subject, manifests, before, options);
    tookMs = Math.max(tookMs, performance.now() - started);
  }
  throw new OmlmdError(
    'conflict',
    `update the referrers of ${repository.textOf(subject)}: others wrote it at the same time, ${MAX_INDEX_TRIES} times`,
    { retryable: true },
  );
}

/**
 * How long to wait before looking whether an entry has stayed. A writer that read the index before our write puts its
 * own over it, and needs about as long for that as we did: only after that does finding the entry mean anything.
 */
function settlingMs(tookMs: number): number {
  const least = Math.min(2 * tookMs, MAX_INDEX_PAUSE_MS);
  return least + Math.random() * Math.max(INDEX_PAUSE_MS, least);
}

/** The new list; undefined if it is so already. */
function changed(
  manifests: readonly Descriptor[],
  changes: readonly IndexChange[],
): readonly Descriptor[] | undefined {
  let now = manifests;
  for (const change of changes) {
    const digest = 'add' in change ? change.add.digest : change.remove;
    const there = now.some((entry) => entry.digest === digest);
    if ('add' in change && !there) now = [...now, change.add];
    if ('remove' in change && there) now = now.filter((entry) => entry.digest !== digest);
  }
  return now === manifests ? undefined : now;
}

async function writeIndex(
  repository: RepositoryAddress,
  subject: Digest,
  manifests: readonly Descriptor[],
  before: FetchedManifest | undefined,
  { signal }: CallOptions,
): Promise<void> {
  const text = JSON.stringify({ schemaVersion: 2, mediaType: MediaType.index, manifests });
  const bytes = new TextEncoder().encode(text);
  const condition: Record<string, string> =
    before === undefined
      ? { 'if-none-match': '*' }
      : before.etag === undefined
        ? {}
        : { 'if-match': before.etag };
  const manifest = { mediaType: MediaType.index, digest: digestOf(bytes), bytes };
  try {
    await putManifest(repository, referrersTag(subject), manifest, { signal, headers: condition });
  } catch (error) {
    if (!isOmlmdError(error, 'conflict')) throw error; // 412: somebody was faster, the next try sees theirs
  }
}
