import { quote } from '../errors.ts';
import type { CallOptions } from '../oci/content.ts';
import { REQUEST_CONCURRENCY } from '../oci/copy.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { baseName } from '../readers/model-name.ts';
import type { Finding, ModelFacts, Severity } from '../readers/reader.ts';
import type { Context } from './context.ts';
import type { FileFinding } from './local-model.ts';
import { formatPlace } from './location.ts';
import { ModelParts, type PartReading } from './model-parts.ts';
import { type Artifact, titleOf } from './read-artifact.ts';

/** An artifact's model layers, read by ranges. */
export interface RemoteModel {
  /** What its layers are called as one. */
  readonly name: string;
  /** The layers as one model, where they are that. */
  readonly whole: ModelFacts | undefined;
  /** In the order of titles. */
  readonly parts: readonly PartReading[];
  /** How many layers there are, looked into or not. */
  readonly layers: number;
  /** Titles of layers that are not there, or that cannot be had by ranges. */
  readonly unread: readonly string[];
}

/** Looks into the model layers of an artifact. What cannot be read is passed over, with a warning. */
export async function readRemoteModel(
  context: Context,
  { reference, manifest, source, format, location }: Artifact,
  options: CallOptions = {},
): Promise<RemoteModel> {
  const parts = [...titledLayers(format.modelLayers(manifest))].map(([title, layer]) => ({
    title,
    size: layer.size,
    open: () => source.fetch(layer, options),
  }));
  const unread: string[] = [];
  const set = new ModelParts(parts, {
    ...options,
    concurrency: REQUEST_CONCURRENCY,
    onUnreadable({ title }, error) {
      unread.push(title);
      context.log.warn(`inspect ${quote(reference)}: ${quote(title)} cannot be read: ${error.message}`);
    },
  });
  const name = baseName(formatPlace(location));
  const readings = await set.readAll();
  return { name, whole: await set.readWhole(name), parts: readings, layers: parts.length, unread };
}

/** Layers by what they are called: a second one of a title by its digest, so that it is looked into as well. */
function titledLayers(layers: readonly Descriptor[]): ReadonlyMap<string, Descriptor> {
  const titled = new Map<string, Descriptor>();
  for (const layer of layers) {
    const title = titleOf(layer) ?? layer.digest;
    titled.set(titled.has(title) ? layer.digest : title, layer);
  }
  return titled;
}

/** What was found in one layer that is, or is named like, a model. */
interface LayerFindings {
  readonly digest: Digest;
  readonly findings: readonly FileFinding[];
}

/** What is dangerous in an artifact, known without downloading it. */
export interface ArtifactFindings {
  /** Of the manifest that was looked at. */
  readonly digest: Digest;
  /** Of all layers as one model: code that its documents bring, files that are missing, paths that leave it. */
  readonly whole: readonly FileFinding[];
  readonly layers: readonly LayerFindings[];
  /** Whether every model layer could be read. */
  readonly complete: boolean;
}

/** The findings of an artifact, by ranges, as {@link readRemoteModel}. */
export async function findInArtifact(
  context: Context,
  artifact: Artifact,
  options: CallOptions = {},
): Promise<ArtifactFindings> {
  const { name, whole, parts, unread } = await readRemoteModel(context, artifact, options);
  const layers = titledLayers(artifact.format.modelLayers(artifact.manifest));
  return {
    digest: artifact.root.digest,
    whole: (whole?.findings ?? []).map((finding) => ({ ...finding, file: finding.where ?? name })),
    layers: parts.flatMap(({ title, facts }) => {
      const digest = layers.get(title)?.digest;
      const findings = facts.findings.map((finding) => ({ ...finding, file: title }));
      return digest === undefined ? [] : [{ digest, findings }];
    }),
    complete: unread.length === 0,
  };
}

const SEVERITIES: readonly Severity[] = ['critical', 'high', 'medium', 'low', 'info'];

/** The findings of these severities, the gravest first. */
export function worstFirst<F extends Pick<Finding, 'severity'>>(
  findings: readonly F[],
  told: readonly Severity[] = SEVERITIES,
): readonly F[] {
  return SEVERITIES.filter((severity) => told.includes(severity)).flatMap((severity) =>
    findings.filter((finding) => finding.severity === severity),
  );
}
