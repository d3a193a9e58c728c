import { emptyMetadata, type ModelMetadata } from '../model/metadata.ts';
import type { CallOptions } from '../oci/content.ts';
import type { Digest } from '../oci/digest.ts';
import { MediaType } from '../oci/media-types.ts';
import type { Finding, ModelFacts } from '../readers/reader.ts';
import { readRemoteModel } from './artifact-findings.ts';
import type { Context } from './context.ts';
import { describeModel } from './describe-model.ts';
import { type FileFinding, folderName, readLocalModel } from './local-model.ts';
import type { Location } from './location.ts';
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

/** What the readers find in a model file or folder, without loading it. */
export async function inspectFile(path: string, options: CallOptions = {}): Promise<FileReport> {
  const model = await readLocalModel([{ path }], { ...options, doing: 'inspect' });
  const described = describeModel(model, [{ path }]);
  const alone = model.files.length <= 1;
  return {
    path,
    size: model.files.reduce((sum, file) => sum + file.size, 0),
    format: described?.facts.format ?? { name: 'unknown', version: null },
    metadata: described?.metadata ?? {
      ...emptyMetadata(),
      name: folderName(path),
      model_format_name: 'unknown',
    },
    details: described?.facts.details ?? {},
    findings: model.findings.map((finding) => placed(finding, alone)),
  };
}

/** Of several files, the place of a finding begins with the file. */
function placed({ file, ...finding }: FileFinding, alone: boolean): Finding {
  if (alone || finding.where === file) return finding;
  return { ...finding, where: finding.where === undefined ? file : `${file}: ${finding.where}` };
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

/** The model layers by ranges, as one model first where they are that. */
async function readRemoteModels(
  context: Context,
  artifact: Artifact,
  options: CallOptions,
): Promise<readonly RemoteModelReport[]> {
  const { name, whole, parts, layers } = await readRemoteModel(context, artifact, options);
  const several = whole === undefined ? [] : [{ title: name, facts: whole }];
  return [...several, ...parts]
    .filter(({ facts }) => layers === 1 || facts.format.name !== 'unknown')
    .map(({ title, facts: { format: kind, metadata, details, findings } }) => ({
      title,
      format: kind,
      metadata,
      details,
      findings,
      verified: false,
    }));
}
