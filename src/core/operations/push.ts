import { isOmlmdError, OmlmdError, quote } from '../errors.ts';
import type { PackedArtifact } from '../formats/format.ts';
import { findFormat } from '../formats/index.ts';
import type { ModelMetadata } from '../model/metadata.ts';
import { readVerified } from '../oci/content.ts';
import { type CopyState, copyGraph } from '../oci/copy.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { MAX_MANIFEST_BYTES, parseNode, successorsOf } from '../oci/manifest.ts';
import { MediaType } from '../oci/media-types.ts';
import type { OnProgress } from '../oci/progress.ts';
import type { Source, Target } from '../oci/target.ts';
import { type Context, emit, openTarget } from './context.ts';
import { hashFiles } from './hash-files.ts';
import { formatLocation, formatPlace, type Location, relocate, tagsToSet } from './location.ts';
import type { PreparedModel } from './prepare-model.ts';
import { assertMediaTypes, assertTitles } from './push-input.ts';
import { artifactSize, titleOf } from './read-artifact.ts';

export interface PushModelOptions {
  /** Id of the artifact format; `omlmd` unless said. */
  readonly format?: string | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly configType?: string | undefined;
  /** Fails with `already-exists` when a tag is there. */
  readonly tagIfAbsent?: boolean | undefined;
  /** Packs and reports; sends nothing. */
  readonly dryRun?: boolean | undefined;
  /** Goes on in spite of a critical finding. */
  readonly allowUnsafe?: boolean | undefined;
  /** Hidden names (`.git`, `.vscode`, …) that may be pushed. */
  readonly allowHidden?: readonly string[] | undefined;
  /** False: hash every file anew. */
  readonly digestCache?: boolean | undefined;
  readonly concurrency?: number | undefined;
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface PushedFile {
  /** On this machine; absent for what the format made (metadata layers). */
  readonly path?: string;
  readonly title?: string;
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly state: CopyState;
}

/** The document of `push --format json` (docs/cli.md). */
export interface PushResult {
  readonly reference: string;
  readonly digest: Digest;
  readonly mediaType: string;
  /** Bytes of layers and config. */
  readonly size: number;
  readonly manifestSize: number;
  readonly artifactType?: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly tags: readonly string[];
  /** In manifest order, metadata layers included. */
  readonly files: readonly PushedFile[];
  readonly metadata: ModelMetadata;
  /** Files of a folder that were not pushed. */
  readonly leftOut: number;
}

/** A push's result with the manifest as it was sent. */
export interface PushOutcome {
  readonly result: PushResult;
  readonly manifest: Uint8Array;
}

/**
 * Pushes a prepared model: hashes its files, packs them, and copies the artifact to the location; tags move last
 * (R29). A critical finding, a title that pull would refuse and a tag that must be new are found before anything is
 * sent.
 */
export async function push(
  context: Context,
  location: Location,
  model: PreparedModel,
  options: PushModelOptions = {},
): Promise<PushOutcome> {
  const what = `push ${quote(formatLocation(location))}`;
  refuseUnsafe(what, model, options);
  const format = findFormat(options.format ?? 'omlmd');
  const titles = [...model.files.map((file) => file.title), ...format.ownTitles];
  assertTitles('push', titles, options.allowHidden);
  assertMediaTypes('push', [options.configType, ...model.files.map((file) => file.mediaType)]);
  const tags = tagsToSet(location);
  const target = openTarget(context, location);
  if (options.tagIfAbsent) await refuseExistingTags(what, target, tags, options.signal);
  const { files, sent } = await hashFiles(model.files, {
    ...options,
    cache: options.digestCache === false ? undefined : context.digests,
    kept: model.kept,
    target: options.dryRun ? undefined : target,
    likelySizes: once(() => sizesThere(target, tags, options.signal)),
  });
  const packed = format.pack({
    metadata: model.metadata,
    files,
    annotations: options.annotations ?? {},
    configType: options.configType,
  });
  if (location.digest !== undefined && location.digest !== packed.root.digest) {
    throw new OmlmdError('digest-mismatch', `${what}: the artifact has the digest ${packed.root.digest}`);
  }
  const remembered = context.digests.save(); // beside what is left to send
  const states = await (options.dryRun
    ? Promise.resolve(new Map<Digest, CopyState>())
    : send(packed, target, tags, sent, options)
  ).finally(() => remembered);
  const result = describePush(location, tags, model, packed, states);
  if (!options.dryRun) {
    emit(context, {
      kind: 'push',
      reference: result.reference,
      digest: result.digest,
      metadata: model.metadata,
    });
  }
  return { result, manifest: packed.manifestBytes };
}

/** Sends what is left, and points the tags at it; tells what became of each part. */
async function send(
  packed: PackedArtifact,
  target: Target,
  tags: readonly string[],
  known: ReadonlyMap<string, CopyState>,
  options: PushModelOptions,
): Promise<ReadonlyMap<Digest, CopyState>> {
  const states = new Map<Digest, CopyState>();
  const onCopied = ({ digest }: Descriptor, state: CopyState) =>
    void states.set(digest, known.get(digest) ?? state);
  // What was sent while it was hashed has been reported; once more, its bytes would count twice.
  const onProgress: OnProgress = (p) => {
    if (!known.has(p.id)) options.onProgress?.(p);
  };
  await copyGraph(packedSource(packed), packed.root, target, { ...options, known, onProgress, onCopied });
  for (const tag of tags)
    await target.tag(packed.root, tag, { signal: options.signal, ifAbsent: options.tagIfAbsent });
  return states;
}

function refuseUnsafe(what: string, model: PreparedModel, options: PushModelOptions): void {
  const critical = model.findings.find((finding) => finding.severity === 'critical');
  if (critical === undefined || options.allowUnsafe) return;
  throw new OmlmdError('unsafe-model', `${what}: ${quote(critical.file)}: ${critical.message}`);
}

async function refuseExistingTags(
  what: string,
  target: Target,
  tags: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const tag of tags) {
    const there = await target.resolve(tag, { signal }).catch((error: unknown) => {
      if (error instanceof OmlmdError && error.code === 'not-found') return undefined;
      throw error;
    });
    if (there !== undefined) {
      throw new OmlmdError(
        'already-exists',
        `${what}: the tag ${quote(tag)} exists and names ${there.digest}`,
      );
    }
  }
}

/** Work that is done when it is first asked for, and once. */
function once<T>(work: () => Promise<T>): () => Promise<T> {
  let started: Promise<T> | undefined;
  return () => {
    started ??= work();
    return started;
  };
}

/** Sizes of the blobs that the tags about to move name now: a model that is pushed again is likely one of them. */
async function sizesThere(
  target: Target,
  tags: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Set<number>> {
  const sizes = new Set<number>();
  for (const tag of tags) {
    try {
      const root = await target.resolve(tag, { signal });
      const bytes = await readVerified(await target.fetch(root, { signal }), root, MAX_MANIFEST_BYTES, {
        signal,
      });
      for (const { size } of successorsOf(parseNode(bytes, root.mediaType))) sizes.add(size);
    } catch (error) {
      // A new tag, or something else than a manifest there: nothing to spare. What really fails will fail again.
      if (!isOmlmdError(error)) throw error;
    }
  }
  return sizes;
}

/** A packed artifact as a source, so that a push is a copy like any other. */
export function packedSource(packed: PackedArtifact): Source {
  const contents = new Map(packed.contents.map(({ descriptor, content }) => [descriptor.digest, content]));
  return {
    async fetch({ digest }) {
      const content = contents.get(digest);
      if (content === undefined) throw new OmlmdError('not-found', `${digest} is not in the packed artifact`);
      return content;
    },
    resolve: async () => packed.root,
    async *referrers() {},
  };
}

function describePush(
  location: Location,
  tags: readonly string[],
  model: PreparedModel,
  { root, manifest }: PackedArtifact,
  states: ReadonlyMap<Digest, CopyState>,
): PushResult {
  const [tag] = tags;
  const paths = new Map(model.files.map((file) => [file.title, file.path]));
  const artifactType = manifest.artifactType;
  return {
    reference:
      tag === undefined
        ? `${formatPlace(location)}@${root.digest}`
        : formatLocation(relocate(location, { tag })),
    digest: root.digest,
    mediaType: manifest.mediaType ?? MediaType.manifest,
    size: artifactSize(manifest),
    manifestSize: root.size,
    ...(artifactType === undefined ? {} : { artifactType }),
    annotations: manifest.annotations ?? {},
    tags,
    files: manifest.layers.map((layer) => {
      const title = titleOf(layer);
      const path = title === undefined ? undefined : paths.get(title);
      return {
        ...(path === undefined ? {} : { path }),
        ...(title === undefined ? {} : { title }),
        mediaType: layer.mediaType,
        digest: layer.digest,
        size: layer.size,
        state: states.get(layer.digest) ?? 'uploaded',
      };
    }),
    metadata: model.metadata,
    leftOut: model.leftOut,
  };
}
