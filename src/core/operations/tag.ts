import { isOmlmdError, OmlmdError, quote } from '../errors.ts';
import type { CallOptions } from '../oci/content.ts';
import { REQUEST_CONCURRENCY, Slots } from '../oci/copy.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { isTag } from '../oci/reference.ts';
import { type Context, openTarget } from './context.ts';
import { formatLocation, formatPlace, type Location } from './location.ts';
import { resolveRoot } from './read-artifact.ts';

/** The document of `tag`, `untag` and `rm` (docs/cli.md). */
export interface TagResult {
  readonly reference: string;
  readonly digest: Digest;
  readonly tags: readonly string[];
}

/** Gives an artifact more names in its repository. */
export async function addTags(
  context: Context,
  location: Location,
  tags: readonly string[],
  options: CallOptions = {},
): Promise<TagResult> {
  for (const tag of tags) {
    if (!isTag(tag)) throw new OmlmdError('reference-invalid', `tag ${quote(tag)}: not a tag`);
  }
  const target = openTarget(context, location);
  const root = await resolveRoot(target, location, options);
  for (const tag of tags) await target.tag(root, tag, options);
  return { reference: formatLocation(location), digest: root.digest, tags };
}

/** Removes the names of a location; the artifact stays. */
export async function removeTags(
  context: Context,
  location: Location,
  options: CallOptions = {},
): Promise<TagResult> {
  const target = openTarget(context, location);
  const root = await resolveRoot(target, location, options);
  const tags = location.tags.length > 0 ? location.tags : ['latest'];
  for (const tag of tags) await target.untag(tag, options);
  return { reference: formatPlace(location), digest: root.digest, tags };
}

/** What removing an artifact would take: the manifest, and every name that goes with it. */
export interface Removal {
  readonly location: Location;
  readonly root: Descriptor;
  readonly tags: readonly string[];
}

/** Finds what {@link removeArtifact} would remove, so that a person can be asked. */
export async function planRemoval(
  context: Context,
  location: Location,
  options: CallOptions = {},
): Promise<Removal> {
  const target = openTarget(context, location);
  const root = await resolveRoot(target, location, options);
  const slots = new Slots(REQUEST_CONCURRENCY);
  const looks: Promise<string | undefined>[] = [];
  for await (const tag of target.tags(options)) {
    const look = slots.run(async () => {
      const other = await target.resolve(tag, options).catch(ignoreNotFound);
      return other?.digest === root.digest ? tag : undefined;
    });
    look.catch(() => {}); // the list goes on meanwhile; each is awaited below
    looks.push(look);
  }
  const tags = await Promise.all(looks);
  return { location, root, tags: tags.filter((tag) => tag !== undefined) };
}

/** A tag that went away since it was listed does not matter; anything else would hide a tag from the person. */
function ignoreNotFound(error: unknown): undefined {
  if (!isOmlmdError(error, 'not-found')) throw error;
}

/** Deletes the manifest, and with it every tag that names it. */
export async function removeArtifact(
  context: Context,
  removal: Removal,
  options: CallOptions = {},
): Promise<TagResult> {
  await openTarget(context, removal.location).delete(removal.root, options);
  return { reference: formatLocation(removal.location), digest: removal.root.digest, tags: removal.tags };
}
