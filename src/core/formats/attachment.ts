import type { Descriptor } from '../oci/descriptor.ts';
import { plainDescriptor } from '../oci/descriptor.ts';
import { Annotation, MediaType } from '../oci/media-types.ts';
import type { PackedArtifact, PackFile } from './format.ts';
import { packManifest, textBlob } from './manifest-json.ts';

/** What is attached to an artifact: a signature, a bill of materials, a report, any files. */
export interface AttachmentRequest {
  /** What it is attached to. */
  readonly subject: Descriptor;
  /** Says what it is, and is what referrers are filtered by. */
  readonly artifactType: string;
  readonly files: readonly PackFile[];
  readonly annotations: Readonly<Record<string, string>>;
}

/** A file without a type of its own. */
const FILE_TYPE = 'application/octet-stream';

/**
 * A manifest with a `subject` (image-spec manifest §Guidelines for Artifact Usage). Its config is `{}`, not nothing: some
 * registries refuse an empty blob. No time is written, so the same files give the same digest.
 */
export function packAttachment({
  subject,
  artifactType,
  files,
  annotations,
}: AttachmentRequest): PackedArtifact {
  const config = textBlob(MediaType.empty, '{}');
  const layers = files.map(({ title, mediaType = FILE_TYPE, digest, size, content }) => ({
    descriptor: { mediaType, digest, size, annotations: { [Annotation.title]: title } },
    content,
  }));
  return packManifest(
    {
      schemaVersion: 2,
      mediaType: MediaType.manifest,
      artifactType,
      config: config.descriptor,
      // A manifest must have a layer; without files it is the empty one (image-spec manifest §layers).
      layers: layers.length > 0 ? layers.map((layer) => layer.descriptor) : [config.descriptor],
      subject: plainDescriptor(subject),
      ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
    },
    [config, ...layers],
  );
}
