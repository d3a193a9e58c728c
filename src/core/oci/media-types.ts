/** Media types of the OCI image specification 1.1 and the Docker ones that registries still answer with. */
export const MediaType = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  imageConfig: 'application/vnd.oci.image.config.v1+json',
  empty: 'application/vnd.oci.empty.v1+json',
  layerTar: 'application/vnd.oci.image.layer.v1.tar',
  layerTarGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerIndex: 'application/vnd.docker.distribution.manifest.list.v2+json',
} as const;

/** Annotation keys of image-spec §Annotations that this project reads or writes. */
export const Annotation = {
  title: 'org.opencontainers.image.title',
  created: 'org.opencontainers.image.created',
  refName: 'org.opencontainers.image.ref.name',
} as const;

const MANIFESTS: ReadonlySet<string> = new Set([MediaType.manifest, MediaType.dockerManifest]);
const INDEXES: ReadonlySet<string> = new Set([MediaType.index, MediaType.dockerIndex]);

export function isManifestType(mediaType: string): boolean {
  return MANIFESTS.has(mediaType);
}

export function isIndexType(mediaType: string): boolean {
  return INDEXES.has(mediaType);
}

/** Whether content of this type lives at the manifests endpoint (and is a node of the graph), not at the blobs endpoint. */
export function isNodeType(mediaType: string): boolean {
  return isManifestType(mediaType) || isIndexType(mediaType);
}

/** The `Accept` header of a manifest request. */
export const MANIFEST_ACCEPT = [...MANIFESTS, ...INDEXES].join(', ');
