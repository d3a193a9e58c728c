import * as z from 'zod';
import { OmlmdError } from '../errors.ts';
import { type Descriptor, DescriptorSchema, plainDescriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { parseJson, toPlain } from '../oci/json.ts';
import { MAX_DESCRIPTORS, MAX_MANIFEST_BYTES } from '../oci/manifest.ts';
import { Annotation, isNodeType, MediaType } from '../oci/media-types.ts';
import { isTag } from '../oci/reference.ts';

/**
 * The `index.json` of an image layout (image-spec image-layout §index.json) as a value. A manifest stands in it once a
 * name, or once without any: so that programs which list only the index see it, and a tag that moves loses nothing.
 * Members and entries of other programs are kept as they are.
 */
const EntrySchema = DescriptorSchema.loose();
const LayoutIndexSchema = z.looseObject({
  schemaVersion: z.literal(2),
  mediaType: z.literal(MediaType.index).optional(),
  // Go programs write an empty list as null.
  manifests: z
    .array(EntrySchema)
    .max(MAX_DESCRIPTORS)
    .nullish()
    .transform((m) => m ?? []),
});
export type LayoutIndex = z.infer<typeof LayoutIndexSchema>;
type Entry = z.infer<typeof EntrySchema>;

export const EMPTY_INDEX: LayoutIndex = { schemaVersion: 2, mediaType: MediaType.index, manifests: [] };

/** Parses strictly: a layout may come from anywhere. Throws `manifest-invalid`. */
export function parseLayoutIndex(bytes: Uint8Array): LayoutIndex {
  if (bytes.byteLength > MAX_MANIFEST_BYTES)
    throw new OmlmdError('limit-exceeded', `index.json is larger than ${MAX_MANIFEST_BYTES} bytes`);
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return LayoutIndexSchema.parse(toPlain(parseJson(text)));
  } catch (error) {
    if (error instanceof OmlmdError) throw error;
    const what =
      error instanceof z.ZodError
        ? `${error.issues[0]?.path.join('.')}: ${error.issues[0]?.message}`
        : (error as Error).message;
    throw new OmlmdError('manifest-invalid', `index.json: ${what}`, { cause: error });
  }
}

/** The text to write; throws `limit-exceeded` when no reader would take it. */
export function formatLayoutIndex(index: LayoutIndex): string {
  const text = JSON.stringify(index);
  if (index.manifests.length > MAX_DESCRIPTORS || Buffer.byteLength(text) > MAX_MANIFEST_BYTES) {
    throw new OmlmdError(
      'limit-exceeded',
      `index.json: more than ${MAX_DESCRIPTORS} manifests or ${MAX_MANIFEST_BYTES} bytes in one image layout`,
    );
  }
  return text;
}

function nameOf(entry: Entry): string | undefined {
  return entry.annotations?.[Annotation.refName];
}

function nodesOf(index: LayoutIndex): readonly Entry[] {
  return index.manifests.filter((entry) => isNodeType(entry.mediaType));
}

/** The manifest a tag names. Of several entries with one name the last counts, as oras has it. */
export function findTag(index: LayoutIndex, tag: string): Descriptor | undefined {
  const entry = nodesOf(index).findLast((candidate) => nameOf(candidate) === tag);
  return entry === undefined ? undefined : plainDescriptor(entry);
}

export function findDigest(index: LayoutIndex, digest: Digest): Descriptor | undefined {
  const entry = nodesOf(index).find((candidate) => candidate.digest === digest);
  return entry === undefined ? undefined : plainDescriptor(entry);
}

/** Tags in the order in which they were given. Names that are no tags, as some programs write them, are left out. */
export function tagsOf(index: LayoutIndex): readonly string[] {
  return [...new Set(nodesOf(index).map(nameOf))].filter(
    (name) => name !== undefined && isTag(name),
  ) as string[];
}

/** Every manifest and index that is listed, once. */
export function manifestsOf(index: LayoutIndex): readonly Descriptor[] {
  return [...new Map(nodesOf(index).map((entry) => [entry.digest, plainDescriptor(entry)])).values()];
}

/** The index with a manifest listed, by its digest only if it is new. */
export function withManifest(index: LayoutIndex, target: Descriptor): LayoutIndex {
  if (findDigest(index, target.digest) !== undefined) return index;
  return { ...index, manifests: [...index.manifests, plainDescriptor(target) as Entry] };
}

/** The index with a tag on a manifest that is there. What the tag named before stays listed. */
export function withTag(index: LayoutIndex, target: Descriptor, tag: string): LayoutIndex {
  if (findTag(index, tag)?.digest === target.digest) return index;
  const { manifests } = withoutTag(index, tag);
  const isUnnamed = (entry: Entry) => entry.digest === target.digest && nameOf(entry) === undefined;
  const known = manifests.find((entry) => entry.digest === target.digest);
  const named = {
    ...(known ?? (plainDescriptor(target) as Entry)),
    annotations: { ...known?.annotations, [Annotation.refName]: tag },
  };
  return { ...index, manifests: [...manifests.filter((entry) => !isUnnamed(entry)), named] };
}

/** The index without a name. Its manifest stays listed by its digest when that was its last name. */
export function withoutTag(index: LayoutIndex, tag: string): LayoutIndex {
  const manifests: Entry[] = [];
  for (const entry of index.manifests) {
    if (nameOf(entry) !== tag) {
      manifests.push(entry);
      continue;
    }
    const others = index.manifests.some((other) => other.digest === entry.digest && nameOf(other) !== tag);
    if (others || manifests.some((other) => other.digest === entry.digest)) continue;
    const { [Annotation.refName]: _, ...annotations } = entry.annotations ?? {};
    manifests.push({ ...entry, annotations: Object.keys(annotations).length > 0 ? annotations : undefined });
  }
  return { ...index, manifests };
}

/** The index without a manifest and its names. */
export function withoutManifest(index: LayoutIndex, digest: Digest): LayoutIndex {
  return { ...index, manifests: index.manifests.filter((entry) => entry.digest !== digest) };
}
