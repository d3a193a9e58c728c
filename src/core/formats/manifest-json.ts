import { OmlmdError } from '../errors.ts';
import { formatPythonJson } from '../model/python-json.ts';
import { textContent } from '../oci/content.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { digestOf } from '../oci/digest.ts';
import { JsonNumber, type JsonObject, type JsonValue } from '../oci/json.ts';
import { MAX_MANIFEST_BYTES, type Manifest } from '../oci/manifest.ts';
import { MediaType } from '../oci/media-types.ts';
import type { PackedArtifact } from './format.ts';

/** Descriptor and content of a small text. */
export function textBlob(mediaType: string, text: string): PackedArtifact['contents'][number] {
  const bytes = new TextEncoder().encode(text);
  const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.byteLength };
  return { descriptor, content: textContent(text) };
}

/** Members in the order oras-py writes them, absent ones left out. */
function object(members: Readonly<Record<string, JsonValue | undefined>>): JsonObject {
  return new Map(
    Object.entries(members).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
}

function annotationsObject(annotations: Manifest['annotations']): JsonObject | undefined {
  return annotations === undefined ? undefined : new Map(Object.entries(annotations));
}

function descriptorObject(descriptor: Descriptor): JsonObject {
  return object({
    mediaType: descriptor.mediaType,
    size: new JsonNumber(String(descriptor.size)),
    digest: descriptor.digest,
    data: descriptor.data,
    annotations: annotationsObject(descriptor.annotations),
  });
}

/** A manifest as upstream's Python writes it: byte for byte the same for the same members. */
export function formatManifest(manifest: Manifest): string {
  return formatPythonJson(
    object({
      schemaVersion: new JsonNumber(String(manifest.schemaVersion)),
      mediaType: manifest.mediaType,
      artifactType: manifest.artifactType,
      config: descriptorObject(manifest.config),
      layers: manifest.layers.map(descriptorObject),
      subject: manifest.subject === undefined ? undefined : descriptorObject(manifest.subject),
      annotations: annotationsObject(manifest.annotations),
    }),
  );
}

/** Completes an artifact, unless its manifest is larger than registries take: every content once by digest, in manifest order, and the manifest itself last. */
export function packManifest(manifest: Manifest, blobs: PackedArtifact['contents']): PackedArtifact {
  const text = formatManifest(manifest);
  const manifestBytes = new TextEncoder().encode(text);
  if (manifestBytes.byteLength > MAX_MANIFEST_BYTES) {
    throw new OmlmdError(
      'limit-exceeded',
      `pack: a manifest of ${manifestBytes.byteLength} bytes, the limit is ${MAX_MANIFEST_BYTES}`,
    );
  }
  const root = textBlob(MediaType.manifest, text);
  const once = new Map<string, PackedArtifact['contents'][number]>();
  for (const blob of blobs) if (!once.has(blob.descriptor.digest)) once.set(blob.descriptor.digest, blob);
  return { root: root.descriptor, manifest, manifestBytes, contents: [...once.values(), root] };
}
