import { isOmlmdError, OmlmdError, quote } from '../errors.ts';
import type { ModelMetadata } from '../model/metadata.ts';
import type { CallOptions } from '../oci/content.ts';
import { Slots } from '../oci/copy.ts';
import type { Digest } from '../oci/digest.ts';
import { Annotation } from '../oci/media-types.ts';
import { type Context, openTarget } from './context.ts';
import { formatLocation, formatPlace, type Listing, type Location, relocate } from './location.ts';
import { artifactSize, readArtifact } from './read-artifact.ts';

/** A row of `ls` (docs/cli.md): a repository, or a tag of one. */
export interface ListEntry {
  readonly reference: string;
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: Digest;
  readonly size?: number;
  /** RFC 3339, where the artifact says it. */
  readonly created?: string;
  readonly metadata?: ModelMetadata;
}

export interface ListOptions extends CallOptions {
  /** Also reads each tag's manifest: digest, size, creation time, metadata. */
  readonly long?: boolean;
  /** Also the tags that stand for referrers. */
  readonly all?: boolean;
}

/** Manifests that `ls --long` reads at once (reliability.md, limits). */
const LONG_CONCURRENCY = 12;

/** Tags that registries without the referrers API keep: distribution-spec §Referrers Tag Schema, and cosign's. */
const REFERRER_TAG = /^sha(?:256|512)-[0-9a-f]{64}/;

/** Whether a tag stands for what refers to an artifact, not for an artifact. */
export function isReferrerTag(tag: string): boolean {
  return REFERRER_TAG.test(tag);
}

/** Repositories or tags, page by page in the place's own order. */
export async function* list(
  context: Context,
  listing: Listing,
  options: ListOptions = {},
): AsyncGenerator<ListEntry> {
  switch (listing.kind) {
    case 'registry':
      for await (const repository of context.registry(listing.registry).repositories(options)) {
        yield { reference: `${listing.registry}/${repository}`, repository };
      }
      return;
    case 'store':
      for await (const repository of context.store.repositories())
        yield { reference: `local/${repository}`, repository };
      return;
    case 'repository':
      yield* listTags(context, listing.location, options);
  }
}

async function* listTags(
  context: Context,
  location: Location,
  options: ListOptions,
): AsyncGenerator<ListEntry> {
  const repository = location.kind === 'layout' ? location.path : location.repository;
  const place = formatPlace(location);
  const slots = new Slots(LONG_CONCURRENCY);
  const ahead: Promise<ListEntry>[] = [];
  for await (const tag of tagsAt(context, location, options)) {
    if (!options.all && isReferrerTag(tag)) continue;
    const entry = { reference: `${place}:${tag}`, repository, tag };
    if (!options.long) {
      yield entry;
      continue;
    }
    const described = slots.run(() => describeTag(context, relocate(location, { tag }), entry, options));
    described.catch(() => {}); // an earlier one may fail first; each is awaited below
    ahead.push(described);
  }
  for (const entry of ahead) yield await entry;
}

/** In the location's own words when there is nothing: a place on this machine would name its folder. */
async function* tagsAt(context: Context, location: Location, options: ListOptions): AsyncGenerator<string> {
  try {
    yield* openTarget(context, location).tags(options);
  } catch (error) {
    if (location.kind === 'registry' || !isOmlmdError(error, 'not-found')) throw error;
    const what = `list the tags of ${quote(formatPlace(location))}: there is no such repository`;
    throw new OmlmdError('not-found', what, { cause: error });
  }
}

async function describeTag(
  context: Context,
  location: Location,
  entry: ListEntry,
  options: CallOptions,
): Promise<ListEntry> {
  try {
    const { root, manifest, format, source } = await readArtifact(context, location, options);
    const created = manifest.annotations?.[Annotation.created];
    return {
      ...entry,
      digest: root.digest,
      size: artifactSize(manifest),
      ...(created === undefined ? {} : { created }),
      metadata: format.repeatedMetadata?.(manifest) ?? (await format.readMetadata(manifest, source, options)),
    };
  } catch (error) {
    options.signal?.throwIfAborted();
    context.log.warn(
      `list ${formatLocation(location)}: ${error instanceof Error ? error.message : String(error)}`,
    );
    return entry;
  }
}
