import type { CallOptions } from '../oci/content.ts';
import { MAX_NESTING } from '../oci/copy.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { MAX_DESCRIPTORS } from '../oci/manifest.ts';
import type { ReferrerLister } from '../oci/target.ts';
import { type Context, openTarget } from './context.ts';
import { formatLocation, type Location } from './location.ts';
import { resolveRoot } from './read-artifact.ts';

/** What points at an artifact, and what points at that. */
export interface ReferrerTree {
  readonly digest: Digest;
  readonly artifactType: string | null;
  readonly annotations: Readonly<Record<string, string>>;
  readonly size: number;
  readonly referrers: readonly ReferrerTree[];
}

/** The document of `discover` and `attach` (docs/cli.md). */
export interface DiscoverReport {
  readonly reference: string;
  readonly digest: Digest;
  readonly referrers: readonly ReferrerTree[];
}

export interface DiscoverOptions extends CallOptions {
  /** Only referrers of this type, at the first level. */
  readonly artifactType?: string | undefined;
}

/** Finds what refers to an artifact, level by level. Each digest is shown once, so that a circle ends (S12). */
export async function discover(
  context: Context,
  location: Location,
  options: DiscoverOptions = {},
): Promise<DiscoverReport> {
  const source = openTarget(context, location);
  const root = await resolveRoot(source, location, options);
  const seen = new Set<Digest>([root.digest]);
  const referrers = await readTree(source, root, seen, 0, options);
  return { reference: formatLocation(location), digest: root.digest, referrers };
}

async function readTree(
  source: ReferrerLister,
  subject: Descriptor,
  seen: Set<Digest>,
  depth: number,
  { signal, artifactType }: DiscoverOptions,
): Promise<readonly ReferrerTree[]> {
  if (depth >= MAX_NESTING) return [];
  const children: Descriptor[] = [];
  for await (const referrer of source.referrers(subject, { signal, artifactType })) {
    if (seen.has(referrer.digest) || seen.size >= MAX_DESCRIPTORS) continue;
    seen.add(referrer.digest);
    children.push(referrer);
  }
  const trees: ReferrerTree[] = [];
  for (const { digest, artifactType: type, annotations, size, mediaType } of children) {
    const referrers = await readTree(source, { mediaType, digest, size }, seen, depth + 1, { signal });
    trees.push({ digest, artifactType: type ?? null, annotations: annotations ?? {}, size, referrers });
  }
  return trees;
}
