import { OmlmdError, quote } from '../errors.ts';
import type { CallOptions } from '../oci/content.ts';
import { REQUEST_CONCURRENCY } from '../oci/copy.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { baseName } from '../readers/model-name.ts';
import type { ModelFacts } from '../readers/reader.ts';
import type { Context } from './context.ts';
import type { RemoteModelReport } from './inspect.ts';
import { formatPlace, type Location } from './location.ts';
import { ModelParts } from './model-parts.ts';
import { type Artifact, readArtifact, titleOf } from './read-artifact.ts';

/** One model of an artifact, and where it is. */
export interface ModelReport extends RemoteModelReport {
  readonly reference: string;
  /** Of its layer; absent where several layers are one model. */
  readonly digest?: Digest;
  /** Bytes. */
  readonly size: number;
}

/**
 * Looks into one model of an artifact by ranges.
 * @param digest of its layer; without it, all model layers as one where they are that, else the largest
 */
export async function inspectModel(
  context: Context,
  location: Location,
  digest: Digest | undefined,
  options: CallOptions = {},
): Promise<ModelReport> {
  const artifact = await readArtifact(context, location, options);
  const { manifest, format, source, reference } = artifact;
  const partOf = (layer: Descriptor) => ({
    title: nameOf(layer),
    size: layer.size,
    open: () => source.fetch(layer, options),
  });
  const layers = digest === undefined ? format.modelLayers(manifest) : manifest.layers;
  const set = new ModelParts(layers.map(partOf), { ...options, concurrency: REQUEST_CONCURRENCY });
  if (digest === undefined && layers.length > 1) {
    const whole = await inspectWhole(artifact, set);
    if (whole !== undefined) return whole;
  }
  const layer = digest === undefined ? largest(layers) : layers.find((one) => one.digest === digest);
  // Another layer may have the same title: this one is meant.
  if (layer !== undefined) set.add(partOf(layer));
  const facts = layer === undefined ? undefined : await set.read(nameOf(layer));
  if (layer === undefined || facts === undefined) {
    const what = digest === undefined ? 'it has no model' : `it has no layer ${digest}`;
    throw new OmlmdError('not-found', `look into ${quote(reference)}: ${what}`);
  }
  return { reference, digest: layer.digest, ...describe(nameOf(layer), layer.size, facts) };
}

/** All layers as one model, with what was found in each of them. */
async function inspectWhole(
  { reference, location, manifest, format }: Artifact,
  set: ModelParts,
): Promise<ModelReport | undefined> {
  const name = baseName(formatPlace(location));
  const parts = await set.readAll();
  const facts = await set.readWhole(name);
  if (facts === undefined) return undefined;
  const inParts = parts.flatMap(({ title, facts: { findings } }) =>
    findings.map((finding) => ({ ...finding, where: whereIn(title, finding.where) })),
  );
  const size = format.modelLayers(manifest).reduce((sum, layer) => sum + layer.size, 0);
  return { reference, ...describe(name, size, { ...facts, findings: [...facts.findings, ...inParts] }) };
}

function describe(title: string, size: number, facts: ModelFacts) {
  const { format, metadata, details, findings } = facts;
  return { title, size, format, metadata, details, findings, verified: false } as const;
}

function whereIn(title: string, where: string | undefined): string {
  return where === undefined || where === title ? title : `${title} · ${where}`;
}

function nameOf(layer: Descriptor): string {
  return titleOf(layer) ?? layer.digest;
}

function largest(layers: readonly Descriptor[]): Descriptor | undefined {
  return layers.toSorted((a, b) => b.size - a.size)[0];
}
