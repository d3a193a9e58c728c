import { OmlmdError, quote } from '../errors.ts';
import type { PackedArtifact, PackFile } from '../formats/format.ts';
import { findFormat } from '../formats/index.ts';
import type { ModelMetadata } from '../model/metadata.ts';
import { type Content, openFileContent } from '../oci/content.ts';
import { type CopyState, copyGraph } from '../oci/copy.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { type Digest, Digester } from '../oci/digest.ts';
import { MediaType } from '../oci/media-types.ts';
import type { OnProgress } from '../oci/progress.ts';
import type { Source, Target } from '../oci/target.ts';
import { checkTitles } from '../oci/title.ts';
import type { CollectedFile } from './collect-files.ts';
import { type Context, emit, openTarget } from './context.ts';
import { formatLocation, formatPlace, type Location, relocate, tagsToSet } from './location.ts';
import type { PreparedModel } from './prepare-model.ts';
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
  refuseTitles(model.files, options);
  const format = findFormat(options.format ?? 'omlmd');
  const tags = tagsToSet(location);
  const target = openTarget(context, location);
  if (options.tagIfAbsent) await refuseExistingTags(what, target, tags, options.signal);
  const packed = format.pack({
    metadata: model.metadata,
    files: await hashFiles(model.files, options),
    annotations: options.annotations ?? {},
    configType: options.configType,
  });
  if (location.digest !== undefined && location.digest !== packed.root.digest) {
    throw new OmlmdError('digest-mismatch', `${what}: the artifact has the digest ${packed.root.digest}`);
  }
  const states = new Map<Digest, CopyState>();
  if (!options.dryRun) {
    const onCopied = (d: Descriptor, state: CopyState) => void states.set(d.digest, state);
    await copyGraph(packedSource(packed), packed.root, target, { ...options, onCopied });
    for (const tag of tags) await target.tag(packed.root, tag, { signal: options.signal });
  }
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

function refuseUnsafe(what: string, model: PreparedModel, options: PushModelOptions): void {
  const critical = model.findings.find((finding) => finding.severity === 'critical');
  if (critical === undefined || options.allowUnsafe) return;
  throw new OmlmdError('unsafe-model', `${what}: ${quote(critical.file)}: ${critical.message}`);
}

/** What pull would refuse is not pushed; here it is the person's own input that is wrong. */
function refuseTitles(files: readonly CollectedFile[], options: PushModelOptions): void {
  const titles = files.map((file) => file.title);
  try {
    checkTitles(titles, { allowHidden: options.allowHidden ?? [] });
  } catch (error) {
    if (!(error instanceof OmlmdError)) throw error;
    throw new OmlmdError('usage', `push: ${error.message}`, { cause: error });
  }
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

async function hashFiles(files: readonly CollectedFile[], options: PushModelOptions): Promise<PackFile[]> {
  const hashed: PackFile[] = [];
  for (const { path, title, mediaType } of files) {
    const content = await openFileContent(path);
    hashed.push({
      title,
      mediaType,
      digest: await hash(content, title, options),
      size: content.size,
      content,
    });
  }
  return hashed;
}

async function hash(content: Content, name: string, options: PushModelOptions): Promise<Digest> {
  const digester = new Digester();
  let bytes = 0;
  for await (const chunk of content.stream({ signal: options.signal })) {
    digester.update(chunk);
    bytes += chunk.byteLength;
    options.onProgress?.({ id: name, name, kind: 'hash', bytes, total: content.size, state: 'active' });
  }
  options.onProgress?.({ id: name, name, kind: 'hash', bytes, total: content.size, state: 'done' });
  return digester.digest();
}

/** A packed artifact as a source, so that a push is a copy like any other. */
function packedSource(packed: PackedArtifact): Source {
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
