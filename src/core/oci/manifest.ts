import * as z from 'zod';
import { OmlmdError, quote } from '../errors.ts';
import { AnnotationsSchema, type Descriptor, DescriptorSchema, plainDescriptor } from './descriptor.ts';
import type { Digest } from './digest.ts';
import { parseJson, toPlain } from './json.ts';
import { isIndexType, isManifestType, MediaType } from './media-types.ts';

/** Largest manifest that is read or written, bytes: what CNCF distribution accepts; stops endless bodies (S10). */
export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;
/** Most descriptors in one manifest or index (S12). */
export const MAX_DESCRIPTORS = 10_000;

const optional = <T extends z.ZodType>(schema: T) => schema.nullish().transform((v) => v ?? undefined);

const ManifestSchema = z.object({
  schemaVersion: z.literal(2),
  mediaType: optional(z.string()),
  artifactType: optional(z.string()),
  config: DescriptorSchema,
  layers: z.array(DescriptorSchema).max(MAX_DESCRIPTORS),
  subject: optional(DescriptorSchema),
  annotations: optional(AnnotationsSchema),
});

const IndexSchema = z.object({
  schemaVersion: z.literal(2),
  mediaType: optional(z.string()),
  artifactType: optional(z.string()),
  manifests: z.array(DescriptorSchema).max(MAX_DESCRIPTORS),
  subject: optional(DescriptorSchema),
  annotations: optional(AnnotationsSchema),
});

/** image-spec manifest §Image Manifest Property Descriptions. */
export interface Manifest {
  readonly schemaVersion: 2;
  readonly mediaType?: string | undefined;
  readonly artifactType?: string | undefined;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly subject?: Descriptor | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** image-spec image-index. */
export interface Index {
  readonly schemaVersion: 2;
  readonly mediaType?: string | undefined;
  readonly artifactType?: string | undefined;
  readonly manifests: readonly Descriptor[];
  readonly subject?: Descriptor | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

export type ParsedNode =
  | { readonly kind: 'manifest'; readonly mediaType: string; readonly manifest: Manifest }
  | { readonly kind: 'index'; readonly mediaType: string; readonly index: Index };

function invalid(what: string, cause?: unknown): OmlmdError {
  return new OmlmdError('manifest-invalid', what, { cause });
}

/**
 * Parses a manifest or an index; the only way from bytes to either. Refuses duplicate keys, a document that is both
 * shapes at once, and a `mediaType` that contradicts the one it was served with (S9, CVE-2021-41190).
 *
 * @param declared the `Content-Type` or the descriptor's media type, if there was one
 */
export function parseNode(bytes: Uint8Array, declared?: string): ParsedNode {
  if (bytes.byteLength > MAX_MANIFEST_BYTES) {
    throw new OmlmdError(
      'limit-exceeded',
      `manifest of ${bytes.byteLength} bytes: the limit is ${MAX_MANIFEST_BYTES}`,
    );
  }
  let document: unknown;
  try {
    document = toPlain(parseJson(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)));
  } catch (error) {
    if (error instanceof OmlmdError) throw error;
    throw invalid(`manifest is not JSON: ${(error as Error).message}`, error);
  }
  if (document === null || typeof document !== 'object') throw invalid('manifest is not a JSON object');
  const isIndex = hasMember(document, 'manifests');
  if (isIndex && (hasMember(document, 'layers') || hasMember(document, 'config'))) {
    throw invalid('manifest is both an image manifest and an index');
  }
  const own =
    'mediaType' in document && typeof document.mediaType === 'string' ? document.mediaType : undefined;
  const mediaType = own ?? declared ?? (isIndex ? MediaType.index : MediaType.manifest);
  if (own !== undefined && declared !== undefined && own !== declared) {
    throw invalid(`manifest says it is ${quote(own)}, but was served as ${quote(declared)}`);
  }
  if (isIndex ? !isIndexType(mediaType) : !isManifestType(mediaType)) {
    throw invalid(
      `manifest of the type ${quote(mediaType)}: expected an OCI or Docker ${isIndex ? 'index' : 'manifest'}`,
    );
  }
  if (isIndex) return { kind: 'index', mediaType, index: check(IndexSchema, document) };
  return { kind: 'manifest', mediaType, manifest: check(ManifestSchema, document) };
}

/** Whatever its case: other programs match keys without regard to it, and would see the other shape (S9). */
function hasMember(document: object, name: string): boolean {
  return Object.keys(document).some((key) => key.toLowerCase() === name);
}

function check<T>(schema: z.ZodType<T>, document: unknown): T {
  const result = schema.safeParse(document);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw invalid(
    `manifest, ${issue?.path.join('.') || 'top level'}: ${issue?.message ?? 'invalid'}`,
    result.error,
  );
}

/** Parses bytes that must be an image manifest; throws `manifest-invalid` for an index. */
export function parseManifest(bytes: Uint8Array, declared?: string): Manifest {
  const node = parseNode(bytes, declared);
  if (node.kind === 'manifest') return node.manifest;
  throw invalid('expected an image manifest, got an index');
}

/** What a node points at, in copying order: content first, so that nothing ever points at what is not there yet. */
export function successorsOf(node: ParsedNode): readonly Descriptor[] {
  return node.kind === 'manifest' ? [node.manifest.config, ...node.manifest.layers] : node.index.manifests;
}

/** A node that points at a subject, as it stands in a list of referrers. */
export interface Referrer {
  readonly subject: Digest;
  readonly descriptor: Descriptor;
}

/**
 * The node as a referrer, undefined when it has no subject. Its descriptor carries the annotations and the artifact
 * type, which is the config's media type where the manifest names none (distribution-spec §Listing Referrers).
 */
export function referrerOf(descriptor: Descriptor, node: ParsedNode): Referrer | undefined {
  const body = node.kind === 'manifest' ? node.manifest : node.index;
  if (body.subject === undefined) return undefined;
  const fallback = node.kind === 'manifest' ? node.manifest.config.mediaType : undefined;
  return {
    subject: body.subject.digest,
    descriptor: {
      ...plainDescriptor(descriptor),
      artifactType: body.artifactType ?? fallback,
      annotations: body.annotations,
    },
  };
}
