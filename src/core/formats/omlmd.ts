import { OmlmdError, quote } from '../errors.ts';
import { compareCodePoints } from '../model/code-points.ts';
import { emptyMetadata, METADATA_FIELDS, type ModelMetadata, metadataFromObject } from '../model/metadata.ts';
import {
  JSON_ANNOTATION_SUFFIX,
  metadataFromAnnotations,
  metadataToAnnotations,
  metadataToJson,
  metadataToYaml,
} from '../model/metadata-text.ts';
import { readYaml } from '../model/yaml-document.ts';
import { type CallOptions, readVerified } from '../oci/content.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { type JsonValue, parseJson } from '../oci/json.ts';
import type { Manifest } from '../oci/manifest.ts';
import { Annotation, MediaType } from '../oci/media-types.ts';
import type { Fetcher } from '../oci/target.ts';
import type { ArtifactFormat, PackedArtifact, PackFile, PackRequest } from './format.ts';
import { packManifest, textBlob } from './manifest-json.ts';

/** Media types of omlmd artifacts. */
export const OmlmdType = {
  config: 'application/x-config',
  model: 'application/x-mlmodel',
  /** What 0.1.0 called a model. */
  oldModel: 'application/x-artifact',
} as const;

/** Titles of the two metadata layers. */
export const OMLMD_JSON_TITLE = 'model_metadata.omlmd.json';
export const OMLMD_YAML_TITLE = 'model_metadata.omlmd.yaml';

/** Largest config or metadata layer that is read, bytes (reliability, limits table). */
const MAX_CONFIG_BYTES = 4 * 1024 * 1024;

/** The format of containers/omlmd 0.1.x: docs/formats/omlmd.md. */
export const omlmdFormat: ArtifactFormat = {
  id: 'omlmd',
  ownTitles: [OMLMD_JSON_TITLE, OMLMD_YAML_TITLE],
  recognizes,
  pack,
  readMetadata,
  repeatedMetadata: ({ annotations }) =>
    // Written by every omlmd writer, also for no properties; another tool's annotations may be anything.
    annotations?.[PROPERTIES_ANNOTATION] === undefined ? undefined : metadataFromAnnotations(annotations),
  modelLayers: (manifest) => manifest.layers.filter((layer) => !isMetadataLayer(layer)),
};

/** Key of the custom properties among a manifest's annotations. */
const PROPERTIES_ANNOTATION = `customProperties${JSON_ANNOTATION_SUFFIX}`;

function titleOf(layer: Descriptor): string | undefined {
  return layer.annotations?.[Annotation.title];
}

function isMetadataLayer(layer: Descriptor): boolean {
  const title = titleOf(layer);
  return layer.mediaType === OmlmdType.config && (title === OMLMD_JSON_TITLE || title === OMLMD_YAML_TITLE);
}

/** The config type alone says nothing: it may be another, for registries with allow-lists, and others use it too. */
function recognizes(manifest: Manifest): boolean {
  return manifest.layers.some((layer) => layer.mediaType === OmlmdType.model || isMetadataLayer(layer));
}

function pack(request: PackRequest): PackedArtifact {
  const json = textBlob(OmlmdType.config, metadataToJson(request.metadata));
  const yaml = textBlob(OmlmdType.config, metadataToYaml(request.metadata));
  const config = { ...json.descriptor, mediaType: request.configType ?? OmlmdType.config };
  const files = request.files.toSorted((a, b) => compareCodePoints(a.title, b.title)).map(fileBlob);
  const layers = [...files, titled(json, OMLMD_JSON_TITLE), titled(yaml, OMLMD_YAML_TITLE)];
  refuseRepeatedTitles(layers.map((layer) => layer.descriptor));
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: MediaType.manifest,
    config,
    layers: layers.map((layer) => layer.descriptor),
    annotations: { ...metadataToAnnotations(request.metadata), ...request.annotations },
  };
  return packManifest(manifest, [{ descriptor: config, content: json.content }, ...layers]);
}

type Blob = PackedArtifact['contents'][number];

function titled(blob: Blob, title: string): Blob {
  return { ...blob, descriptor: { ...blob.descriptor, annotations: { [Annotation.title]: title } } };
}

function fileBlob({ title, mediaType = OmlmdType.model, digest, size, content }: PackFile): Blob {
  return titled({ descriptor: { mediaType, digest, size }, content }, title);
}

function refuseRepeatedTitles(layers: readonly Descriptor[]): void {
  const seen = new Set<string | undefined>();
  for (const title of layers.map(titleOf)) {
    if (seen.has(title))
      throw new OmlmdError('usage', `pack: two files have the title ${quote(title ?? '')}`);
    seen.add(title);
  }
}

/** From the config; where that holds no metadata, from the metadata layers, and last from the annotations. */
async function readMetadata(
  manifest: Manifest,
  from: Fetcher,
  options?: CallOptions,
): Promise<ModelMetadata> {
  const layers = manifest.layers.filter(isMetadataLayer);
  const candidates = [manifest.config, ...layers.filter((l) => l.digest !== manifest.config.digest)];
  for (const candidate of candidates) {
    const metadata = await readDocument(candidate, from, options);
    if (metadata !== undefined) return metadata;
  }
  return manifest.annotations === undefined ? emptyMetadata() : metadataFromAnnotations(manifest.annotations);
}

async function readDocument(
  blob: Descriptor,
  from: Fetcher,
  options?: CallOptions,
): Promise<ModelMetadata | undefined> {
  if (blob.size > MAX_CONFIG_BYTES) return undefined;
  const bytes = await readVerified(await from.fetch(blob, options), blob, MAX_CONFIG_BYTES, options);
  const value = parseDocument(new TextDecoder().decode(bytes), titleOf(blob) === OMLMD_YAML_TITLE);
  const isMetadata = value instanceof Map && METADATA_FIELDS.some((field) => value.has(field));
  return isMetadata ? metadataFromObject(value) : undefined;
}

function parseDocument(text: string, isYaml: boolean): JsonValue | undefined {
  if (isYaml) {
    const { value, issues } = readYaml(text);
    return issues.length === 0 ? value : undefined;
  }
  try {
    return parseJson(text, { duplicateKeys: 'last' });
  } catch {
    return undefined; // not JSON: the caller looks elsewhere
  }
}
