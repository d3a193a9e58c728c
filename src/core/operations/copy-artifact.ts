import { OmlmdError, quote } from '../errors.ts';
import { type CopyState, copyGraph } from '../oci/copy.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { isIndexType, MediaType } from '../oci/media-types.ts';
import type { OnProgress } from '../oci/progress.ts';
import { type Context, openTarget } from './context.ts';
import { isReferrerTag } from './list.ts';
import { formatLocation, formatPlace, type Location, relocate } from './location.ts';
import type { PushedFile, PushResult } from './push.ts';
import { artifactSize, readNode, resolveRoot, titleOf } from './read-artifact.ts';

export interface CopyArtifactOptions {
  /** Also its referrers: signatures, attestations, attached files. */
  readonly withReferrers?: boolean;
  readonly concurrency?: number | undefined;
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The document of `cp`: that of `push`, where files and metadata are those of the copied artifact. */
export type CopyResult = Omit<PushResult, 'leftOut' | 'metadata'> & {
  readonly metadata?: PushResult['metadata'];
};

/** Copies an artifact between any two places, byte for byte. Without a tag or digest the destination takes the source's tag. */
export async function copyArtifact(
  context: Context,
  from: Location,
  to: Location,
  options: CopyArtifactOptions = {},
): Promise<CopyResult> {
  const source = openTarget(context, from);
  const target = openTarget(context, to);
  const root = await resolveRoot(source, from, options);
  const tags = to.tags.length > 0 ? to.tags : to.digest === undefined ? defaultTags(from) : [];
  if (to.digest !== undefined && to.digest !== root.digest) {
    throw new OmlmdError(
      'digest-mismatch',
      `copy to ${quote(formatLocation(to))}: the artifact has the digest ${root.digest}`,
    );
  }
  const states = new Map<Digest, CopyState>();
  const onCopied = (d: Descriptor, state: CopyState) => void states.set(d.digest, state);
  await copyGraph(source, root, target, { ...options, onCopied });
  for (const tag of tags) await target.tag(root, tag, { signal: options.signal });
  const [tag] = tags;
  const reference =
    tag === undefined ? `${formatPlace(to)}@${root.digest}` : formatLocation(relocate(to, { tag }));
  const head = { reference, digest: root.digest, mediaType: root.mediaType, tags };
  if (isIndexType(root.mediaType))
    return { ...head, size: 0, manifestSize: root.size, annotations: {}, files: [] };
  const artifact = await readNode(to, target, root, options);
  const { manifest, format } = artifact;
  return {
    ...head,
    mediaType: manifest.mediaType ?? MediaType.manifest,
    size: artifactSize(manifest),
    manifestSize: root.size,
    ...(manifest.artifactType === undefined ? {} : { artifactType: manifest.artifactType }),
    annotations: manifest.annotations ?? {},
    files: manifest.layers.map((layer) => describeLayer(layer, states)),
    metadata: await format.readMetadata(manifest, target, options),
  };
}

/** Copies every tag of a repository, those that stand for referrers excepted; what was copied, in the source's order. */
export async function copyAllTags(
  context: Context,
  from: Location,
  to: Location,
  options: CopyArtifactOptions = {},
): Promise<readonly CopyResult[]> {
  const results: CopyResult[] = [];
  for await (const tag of openTarget(context, from).tags(options)) {
    if (isReferrerTag(tag)) continue;
    results.push(await copyArtifact(context, relocate(from, { tag }), relocate(to, { tag }), options));
  }
  return results;
}

function defaultTags(from: Location): readonly string[] {
  if (from.tags.length > 0) return from.tags;
  return from.digest === undefined ? ['latest'] : [];
}

function describeLayer(layer: Descriptor, states: ReadonlyMap<Digest, CopyState>): PushedFile {
  const title = titleOf(layer);
  const { mediaType, digest, size } = layer;
  return {
    ...(title === undefined ? {} : { title }),
    mediaType,
    digest,
    size,
    state: states.get(digest) ?? 'exists',
  };
}
