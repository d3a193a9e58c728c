import type { ModelMetadata } from '../model/metadata.ts';
import type { CallOptions, Content } from '../oci/content.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Manifest } from '../oci/manifest.ts';
import type { Fetcher } from '../oci/target.ts';

/** One file of a model that is about to be packed; already hashed. */
export interface PackFile {
  /** Base name, or path inside the pushed folder with `/`; already checked to be one that pull accepts. */
  readonly title: string;
  /** Overrides the format's own media type. */
  readonly mediaType?: string | undefined;
  readonly digest: Descriptor['digest'];
  readonly size: number;
  readonly content: Content;
}

export interface PackRequest {
  readonly metadata: ModelMetadata;
  readonly files: readonly PackFile[];
  /** Added to the manifest's annotations, after the format's own. */
  readonly annotations: Readonly<Record<string, string>>;
  /** Overrides the format's config media type, for registries with allow-lists (R23). */
  readonly configType?: string | undefined;
}

/** An artifact in full, not yet anywhere. Pure: the same request gives the same bytes. */
export interface PackedArtifact {
  /** The manifest's own descriptor. */
  readonly root: Descriptor;
  readonly manifest: Manifest;
  readonly manifestBytes: Uint8Array;
  /** Content by descriptor, in manifest order (config first), the manifest itself last. */
  readonly contents: readonly { readonly descriptor: Descriptor; readonly content: Content }[];
}

/** One way to put a model and its metadata into a manifest. Builds values; never sends. */
export interface ArtifactFormat {
  readonly id: string;
  /** Titles of the layers that `pack` adds; no file of the model may have one. */
  readonly ownTitles: readonly string[];
  recognizes(manifest: Manifest): boolean;
  pack(request: PackRequest): PackedArtifact;
  /** The metadata of an artifact of this format; empty fields where it has none. */
  readMetadata(manifest: Manifest, from: Fetcher, options?: CallOptions): Promise<ModelMetadata>;
  /**
   * The metadata that the manifest itself repeats, complete but unchecked against the document it repeats; undefined
   * where a manifest does not have all of it. Saves lists a request an artifact.
   */
  repeatedMetadata?(manifest: Manifest): ModelMetadata | undefined;
  /** The layers that are model files, not metadata; what `inspect` reads by ranges. */
  modelLayers(manifest: Manifest): readonly Descriptor[];
}
