import { stat } from 'node:fs/promises';
import { isOmlmdError, OmlmdError, quote } from '../errors.ts';
import type { ModelMetadata } from '../model/metadata.ts';
import type { CallOptions } from '../oci/content.ts';
import { REQUEST_CONCURRENCY, Slots, settleAll } from '../oci/copy.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { MediaType } from '../oci/media-types.ts';
import { readModelFile } from '../readers/index.ts';
import type { Finding, ModelFacts } from '../readers/reader.ts';
import type { Context } from './context.ts';
import type { Location } from './location.ts';
import { modelFileAt, prepareModel } from './prepare-model.ts';
import { type Artifact, artifactSize, readArtifact, titleOf } from './read-artifact.ts';

/** The document of `inspect FILE` (docs/cli.md). */
export interface FileReport {
  readonly path: string;
  /** Bytes; the sum for a folder. */
  readonly size: number;
  readonly format: ModelFacts['format'];
  /** The reader's, without any metadata file beside the model. */
  readonly metadata: ModelMetadata;
  readonly details: Readonly<Record<string, unknown>>;
  readonly findings: readonly Finding[];
}

/** What a reader finds in a model file or folder, without loading it. */
export async function inspectFile(path: string, options: CallOptions = {}): Promise<FileReport> {
  const found = await stat(path).catch((error: unknown) => {
    throw new OmlmdError('not-found', `inspect ${quote(path)}: no such file or folder`, { cause: error });
  });
  if (found.isFile()) {
    const facts = await readModelFile(await modelFileAt(path), options);
    const { format, metadata, details, findings } = facts;
    return { path, size: found.size, format, metadata, details, findings };
  }
  if (!found.isDirectory()) {
    throw new OmlmdError('file-unreadable', `inspect ${quote(path)}: neither a file nor a folder`);
  }
  const model = await prepareModel([{ path }], { metadata: { kind: 'auto' }, ...options });
  return {
    path,
    size: model.files.reduce((sum, file) => sum + file.size, 0),
    format: model.facts?.format ?? { name: 'unknown', version: null },
    metadata: model.metadata,
    details: model.facts?.details ?? {},
    findings: model.findings.map(({ file, ...finding }) => ({ ...finding, where: finding.where ?? file })),
  };
}

export interface ReferrerReport {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly artifactType: string | null;
  readonly size: number;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface FileEntry {
  readonly title: string | null;
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
}

export interface RemoteModelReport {
  readonly title: string;
  readonly format: ModelFacts['format'];
  readonly metadata: ModelMetadata;
  readonly details: Readonly<Record<string, unknown>>;
  readonly findings: readonly Finding[];
  /** Read by ranges: a digest covers the whole, so nothing of this was checked against it. */
  readonly verified: false;
}

/** The document of `inspect REF` (docs/cli.md). */
export interface ArtifactReport {
  readonly reference: string;
  readonly digest: Digest;
  readonly mediaType: string;
  readonly artifactType?: string;
  /** Bytes of layers and config. */
  readonly size: number;
  readonly manifestSize: number;
  /** Id of the artifact format. */
  readonly format: string;
  readonly metadata: ModelMetadata;
  /** In manifest order. */
  readonly files: readonly FileEntry[];
  readonly annotations: Readonly<Record<string, string>>;
  readonly config: { readonly mediaType: string; readonly digest: Digest; readonly size: number };
  readonly referrers: readonly ReferrerReport[];
  readonly models?: readonly RemoteModelReport[];
}

export interface InspectOptions extends CallOptions {
  /** Looks into the model layers by ranges; default true. */
  readonly models?: boolean;
}

/** Everything about an artifact that does not need its weights. */
export async function inspectArtifact(
  context: Context,
  location: Location,
  options: InspectOptions = {},
): Promise<ArtifactReport> {
  const artifact = await readArtifact(context, location, options);
  const { manifest, root, format, source } = artifact;
  const { mediaType, digest, size } = manifest.config;
  return {
    reference: artifact.reference,
    digest: root.digest,
    mediaType: manifest.mediaType ?? MediaType.manifest,
    ...(manifest.artifactType === undefined ? {} : { artifactType: manifest.artifactType }),
    size: artifactSize(manifest),
    manifestSize: root.size,
    format: format.id,
    metadata: await format.readMetadata(manifest, source, options),
    files: manifest.layers.map((l) => ({
      title: titleOf(l) ?? null,
      mediaType: l.mediaType,
      digest: l.digest,
      size: l.size,
    })),
    annotations: manifest.annotations ?? {},
    config: { mediaType, digest, size },
    referrers: await listReferrers(artifact, options),
    ...(options.models === false ? {} : { models: await readRemoteModels(context, artifact, options) }),
  };
}

async function listReferrers(artifact: Artifact, options: CallOptions): Promise<readonly ReferrerReport[]> {
  const referrers: ReferrerReport[] = [];
  for await (const { digest, mediaType, artifactType, size, annotations } of artifact.source.referrers(
    artifact.root,
    options,
  )) {
    referrers.push({
      digest,
      mediaType,
      artifactType: artifactType ?? null,
      size,
      annotations: annotations ?? {},
    });
  }
  return referrers;
}

async function readRemoteModels(
  context: Context,
  artifact: Artifact,
  options: CallOptions,
): Promise<readonly RemoteModelReport[]> {
  const layers = artifact.format.modelLayers(artifact.manifest);
  const byTitle = new Map(artifact.manifest.layers.map((layer) => [titleOf(layer), layer]));
  const slots = new Slots(REQUEST_CONCURRENCY);
  const readings = layers.map((layer) =>
    slots.run(() => readRemoteModel(context, artifact, layer, byTitle, options)),
  );
  await settleAll(readings);
  const models = (await Promise.all(readings)).filter((model) => model !== undefined);
  return layers.length > 1 ? models.filter(({ format }) => format.name !== 'unknown') : models;
}

/** Undefined, with a warning, for content that is not there: the rest of the artifact can be shown all the same. */
async function readRemoteModel(
  context: Context,
  { reference, source }: Artifact,
  layer: Descriptor,
  byTitle: ReadonlyMap<string | undefined, Descriptor>,
  options: CallOptions,
): Promise<RemoteModelReport | undefined> {
  const title = titleOf(layer) ?? layer.digest;
  const folder = title.slice(0, title.lastIndexOf('/') + 1);
  try {
    const facts = await readModelFile(
      {
        path: title,
        content: await source.fetch(layer, options),
        beside: async (name) => {
          const other = byTitle.get(folder + name);
          return other === undefined ? undefined : source.fetch(other, options);
        },
      },
      options,
    );
    const { format, metadata, details, findings } = facts;
    return { title, format, metadata, details, findings, verified: false };
  } catch (error) {
    if (!isOmlmdError(error, 'not-found') && !isOmlmdError(error, 'unsupported')) throw error;
    context.log.warn(`inspect ${quote(reference)}: ${quote(title)} cannot be read: ${error.message}`);
    return undefined;
  }
}
