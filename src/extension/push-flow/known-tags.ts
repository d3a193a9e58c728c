import {
  type Context,
  type Digest,
  isOmlmdError,
  type Location,
  list,
  openTarget,
} from '../../core/index.ts';

/** Tags that are read for the suggestion and the list; a repository of more keeps its order and is searched by typing. */
const MAX_TAGS = 500;

/** Existing tags that are listed below the suggestion, and looked up for that. */
export const TAGS_SHOWN = 10;

/** What is known of a repository's tags; {@link readTags} fills it. */
export interface KnownTags {
  readonly tags: string[];
  /** What an existing tag names. */
  readonly digests: Map<string, Digest>;
  /** Why the tags could not be read. */
  failure: unknown;
}

export function knownTags(): KnownTags {
  return { tags: [], digests: new Map(), failure: undefined };
}

/** Reads the tags there are; a repository that is not there yet has none. Never rejects. */
export async function readTags(context: Context, location: Location, known: KnownTags): Promise<void> {
  try {
    for await (const { tag } of list(context, { kind: 'repository', location })) {
      if (tag !== undefined) known.tags.push(tag);
      if (known.tags.length >= MAX_TAGS) break;
    }
    const target = openTarget(context, location);
    await Promise.all(
      known.tags
        .slice(-TAGS_SHOWN)
        .map(async (tag) => known.digests.set(tag, (await target.resolve(tag)).digest)),
    );
  } catch (error) {
    if (!isOmlmdError(error, 'not-found')) known.failure = error;
  }
}
