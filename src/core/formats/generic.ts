import { OmlmdError } from '../errors.ts';
import { emptyMetadata } from '../model/metadata.ts';
import { metadataFromAnnotations } from '../model/metadata-text.ts';
import { Annotation } from '../oci/media-types.ts';
import type { ArtifactFormat } from './format.ts';

/** Any other OCI manifest: it can be shown and pulled, and is never written. */
export const genericFormat: ArtifactFormat = {
  id: 'oci',
  ownTitles: [],
  recognizes: () => true,
  pack: () => {
    throw new OmlmdError('unsupported', 'pack: "oci" is not a format to write; omlmd is');
  },
  readMetadata: async ({ annotations }) =>
    annotations === undefined ? emptyMetadata() : metadataFromAnnotations(annotations),
  modelLayers: (manifest) =>
    manifest.layers.filter((layer) => layer.annotations?.[Annotation.title] !== undefined),
};
