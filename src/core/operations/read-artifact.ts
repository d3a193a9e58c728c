import { escapeControls, isOmlmdError, OmlmdError, quote } from '../errors.ts';
import type { ArtifactFormat } from '../formats/format.ts';
import { formatOf } from '../formats/index.ts';
import { type CallOptions, type Content, readVerified } from '../oci/content.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { parseJson } from '../oci/json.ts';
import { MAX_MANIFEST_BYTES, type Manifest, parseNode } from '../oci/manifest.ts';
import { Annotation } from '../oci/media-types.ts';
import type { Resolver, Source } from '../oci/target.ts';
import { type Context, openTarget } from './context.ts';
import { formatLocation, type Location, selectorOf } from './location.ts';

/** Largest config or metadata layer that is read, bytes (reliability.md, limits). */
export const MAX_CONFIG_BYTES = 4 * 1024 * 1024;

/** A resolved artifact: its manifest read and checked, its content not fetched. */
export interface Artifact {
  readonly location: Location;
  /** The location as text, for messages and results. */
  readonly reference: string;
  readonly source: Source;
  readonly root: Descriptor;
  /** The manifest's bytes as stored. */
  readonly bytes: Uint8Array;
  readonly manifest: Manifest;
  readonly format: ArtifactFormat;
}

/** Resolves a location to its artifact. An index is followed to the one manifest in it that is a model. */
export async function readArtifact(
  context: Context,
  location: Location,
  options?: CallOptions,
): Promise<Artifact> {
  const source = openTarget(context, location);
  const root = await resolveRoot(source, location, options);
  return readNode(location, source, root, options);
}

/** The descriptor that a location names now; `not-found` in the location's own words. */
export async function resolveRoot(
  source: Resolver,
  location: Location,
  options?: CallOptions,
): Promise<Descriptor> {
  try {
    return await source.resolve(selectorOf(location), options);
  } catch (error) {
    if (!isOmlmdError(error, 'not-found')) throw error;
    const named = location.tags.length > 0 || location.digest !== undefined;
    const reference = formatLocation(named ? location : { ...location, tags: ['latest'] });
    throw new OmlmdError('not-found', `read ${quote(reference)}: there is no such artifact`, {
      cause: error,
    });
  }
}

/** {@link readArtifact} for a place that is open and a descriptor that is known. */
export async function readNode(
  location: Location,
  source: Source,
  root: Descriptor,
  options?: CallOptions,
): Promise<Artifact> {
  const reference = formatLocation(location);
  const bytes = await readVerified(await source.fetch(root, options), root, MAX_MANIFEST_BYTES, options);
  const node = parseNode(bytes, root.mediaType);
  if (node.kind === 'index') {
    const only = chooseManifest(reference, node.index.manifests);
    return readNode(location, source, only, options);
  }
  return {
    location,
    reference,
    source,
    root,
    bytes,
    manifest: node.manifest,
    format: formatOf(node.manifest),
  };
}

/** The one entry of an index that can be a model: attestations of build tools say `unknown/unknown` and are passed over. */
function chooseManifest(reference: string, manifests: readonly Descriptor[]): Descriptor {
  const models = manifests.filter(
    (m) => m.annotations?.['vnd.docker.reference.type'] !== 'attestation-manifest',
  );
  const only = models[0];
  if (only !== undefined && models.length === 1) return only;
  if (only === undefined) throw new OmlmdError('not-found', `read ${quote(reference)}: the index is empty`);
  const digests = models.map((m) => m.digest).join(', ');
  throw new OmlmdError(
    'usage',
    `read ${quote(reference)}: an index of ${models.length} manifests; name one by digest: ${digests}`,
  );
}

/** Most titles in a message; stops an artifact of 10,000 files from filling a screen. */
const MAX_NAMED_FILES = 20;

/** The layer of that title; throws `not-found` with the titles there are. */
export function findLayer(artifact: Artifact, title: string): Descriptor {
  const layer = artifact.manifest.layers.find((l) => titleOf(l) === title);
  if (layer !== undefined) return layer;
  const titles = artifact.manifest.layers.map(titleOf).filter((t) => t !== undefined);
  const there = titles.slice(0, MAX_NAMED_FILES).map(quote).join(', ');
  const what = titles.length === 0 ? 'no layer has a title' : `the files are ${there}`;
  throw new OmlmdError('not-found', `get file ${quote(title)} of ${quote(artifact.reference)}: ${what}`);
}

export function titleOf(layer: Descriptor): string | undefined {
  return layer.annotations?.[Annotation.title];
}

/** The config blob as stored. */
export async function readConfig(artifact: Artifact, options?: CallOptions): Promise<Uint8Array> {
  return readSmall(artifact, artifact.manifest.config, options);
}

/** A small layer in full, verified. */
export async function readSmall(
  artifact: Artifact,
  descriptor: Descriptor,
  options?: CallOptions,
): Promise<Uint8Array> {
  const content: Content = await artifact.source.fetch(descriptor, options);
  return readVerified(content, descriptor, MAX_CONFIG_BYTES, options);
}

/**
 * Upstream's text of `get config`, byte for byte: reference and config document, spaces as upstream has them. Only a
 * config that is JSON can stand in it; throws `metadata-invalid` for any other. Characters that would act on a
 * terminal are written as JSON escapes, which upstream's own configs always are (S25).
 */
export async function configText(artifact: Artifact, options?: CallOptions): Promise<string> {
  const { reference } = artifact;
  const bytes = await readConfig(artifact, options);
  let config: string;
  try {
    config = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    parseJson(config, { duplicateKeys: 'last' });
  } catch (cause) {
    const what = isOmlmdError(cause) ? cause.message : 'it is not JSON';
    throw new OmlmdError('metadata-invalid', `read the config of ${quote(reference)}: ${what}`, { cause });
  }
  return `{"reference":${escapeControls(JSON.stringify(reference))}, "config": ${escapeInJson(config)} }`;
}

/** In valid JSON only strings hold such characters, line breaks and tabs apart, which stand between values. */
function escapeInJson(json: string): string {
  return json.replace(/[^\t\n\r -~]+/gu, escapeControls);
}

/** Bytes of an artifact: its layers and config, each digest once. */
export function artifactSize(manifest: Manifest): number {
  const sizes = new Map([manifest.config, ...manifest.layers].map((d) => [d.digest, d.size]));
  let total = 0;
  for (const size of sizes.values()) total += size;
  return total;
}
