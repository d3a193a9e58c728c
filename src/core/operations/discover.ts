import { quote } from '../errors.ts';
import type { CallOptions } from '../oci/content.ts';
import { MAX_NESTING, REQUEST_CONCURRENCY, Slots, settleAll } from '../oci/copy.ts';
import { type Descriptor, plainDescriptor } from '../oci/descriptor.ts';
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
  /** Only referrers of this type, at every level: what refers to one of another type is left out with it. */
  readonly artifactType?: string | undefined;
}

/** Finds what refers to an artifact, level by level. Each digest is shown once, so that a circle ends (S12). */
export async function discover(
  context: Context,
  location: Location,
  { signal, artifactType }: DiscoverOptions = {},
): Promise<DiscoverReport> {
  const source = openTarget(context, location);
  const root = await resolveRoot(source, location, { signal });
  const walk = new ReferrerWalk(source, root, signal);
  const referrers = await walk.below(root, 0, artifactType);
  if (walk.cut) context.log.warn(`discover ${quote(formatLocation(location))}: ${walk.cut}`);
  return { reference: formatLocation(location), digest: root.digest, referrers };
}

class ReferrerWalk {
  readonly #source: ReferrerLister;
  readonly #signal: AbortSignal | undefined;
  readonly #seen: Set<Digest>;
  readonly #slots = new Slots(REQUEST_CONCURRENCY);
  /** Why there may be more than what was found. */
  cut: string | undefined;

  constructor(source: ReferrerLister, root: Descriptor, signal: AbortSignal | undefined) {
    this.#source = source;
    this.#signal = signal;
    this.#seen = new Set([root.digest]);
  }

  async below(subject: Descriptor, depth: number, artifactType?: string): Promise<readonly ReferrerTree[]> {
    if (depth >= MAX_NESTING) {
      this.cut = `what is deeper than ${MAX_NESTING} levels is not shown`;
      return [];
    }
    const children = await this.#slots.run(() => this.#list(subject, artifactType));
    const trees = children.map(async (child): Promise<ReferrerTree> => {
      const { digest, artifactType: type = null, annotations = {}, size } = child;
      const referrers = await this.below(plainDescriptor(child), depth + 1, artifactType);
      return { digest, artifactType: type, annotations, size, referrers };
    });
    await settleAll(trees);
    return Promise.all(trees);
  }

  async #list(subject: Descriptor, artifactType: string | undefined): Promise<readonly Descriptor[]> {
    const found: Descriptor[] = [];
    for await (const referrer of this.#source.referrers(subject, { signal: this.#signal, artifactType })) {
      if (this.#seen.has(referrer.digest)) continue;
      if (this.#seen.size >= MAX_DESCRIPTORS) {
        this.cut = `more than ${MAX_DESCRIPTORS} referrers are not shown`;
        break;
      }
      this.#seen.add(referrer.digest);
      found.push(referrer);
    }
    return found;
  }
}
