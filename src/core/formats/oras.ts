import { emptyMetadata } from '../model/metadata.ts';
import { metadataFromAnnotations, metadataToAnnotations } from '../model/metadata-text.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Manifest } from '../oci/manifest.ts';
import { Annotation, MediaType } from '../oci/media-types.ts';
import type { ArtifactFormat, PackedArtifact, PackRequest } from './format.ts';
import { packManifest, textBlob } from './manifest-json.ts';

/** What oras calls an artifact whose type nobody named. */
const UNKNOWN_ARTIFACT = 'application/vnd.unknown.artifact.v1';
/** oras before 1.2 named the config instead. */
const UNKNOWN_CONFIG = 'application/vnd.unknown.config.v1+json';
/** A file without a type of its own. */
const FILE_TYPE = 'application/octet-stream';

/** Files with titles as `oras push` writes them: no config of their own, metadata in the annotations only. */
export const orasFormat: ArtifactFormat = {
  id: 'oras',
  ownTitles: [],
  recognizes,
  pack,
  readMetadata: async ({ annotations }) =>
    annotations === undefined ? emptyMetadata() : metadataFromAnnotations(annotations),
  modelLayers: (manifest) => manifest.layers.filter(hasTitle),
};

function hasTitle(layer: Descriptor): boolean {
  return layer.annotations?.[Annotation.title] !== undefined;
}

function recognizes(manifest: Manifest): boolean {
  const { mediaType } = manifest.config;
  if (mediaType === UNKNOWN_CONFIG) return true;
  return manifest.layers.length > 0 && manifest.layers.every(hasTitle) && mediaType !== MediaType.imageConfig;
}

function pack(request: PackRequest): PackedArtifact {
  const config = textBlob(request.configType ?? MediaType.empty, '{}');
  const layers = request.files.map(({ title, mediaType = FILE_TYPE, digest, size, content }) => ({
    descriptor: { mediaType, digest, size, annotations: { [Annotation.title]: title } },
    content,
  }));
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: MediaType.manifest,
    artifactType: UNKNOWN_ARTIFACT,
    config: config.descriptor,
    layers: layers.map((layer) => layer.descriptor),
    annotations: { ...metadataToAnnotations(request.metadata), ...request.annotations },
  };
  return packManifest(manifest, [config, ...layers]);
}
