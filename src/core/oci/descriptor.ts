import * as z from 'zod';
import { type Digest, isDigest } from './digest.ts';

/** Annotations as text to text. Keys and values are foreign text: escape them wherever they are shown. */
export const AnnotationsSchema = z.record(z.string(), z.string());
export type Annotations = Readonly<Record<string, string>>;

/** Sizes beyond 2^53 - 1, negative, fractional or quoted ones are refused (S13). */
const SizeSchema = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);

/** image-spec descriptor §Properties. `urls` is read so that it can be refused, and never fetched (S15). */
export const DescriptorSchema = z.object({
  mediaType: z.string().min(1).max(255),
  digest: z.custom<Digest>(
    isDigest,
    'expected "sha256:" and 64, or "sha512:" and 128, lower-case hex digits',
  ),
  size: SizeSchema,
  annotations: AnnotationsSchema.nullish().transform((a) => a ?? undefined),
  artifactType: z
    .string()
    .nullish()
    .transform((a) => a ?? undefined),
  urls: z
    .array(z.string())
    .nullish()
    .transform((u) => u ?? undefined),
  data: z
    .string()
    .nullish()
    .transform((d) => d ?? undefined),
});

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly annotations?: Annotations | undefined;
  readonly artifactType?: string | undefined;
  /** Elsewhere to get the content from; never fetched (S15). */
  readonly urls?: readonly string[] | undefined;
  /** Base64 of small content; never trusted over the digest. */
  readonly data?: string | undefined;
}

/** A descriptor without what its context added: only what names the content. */
export function plainDescriptor({ mediaType, digest, size }: Descriptor): Descriptor {
  return { mediaType, digest, size };
}

/** Layers that nobody may pass on, and that registries therefore never have (image-spec layer §Non-Distributable Layers). */
const NOT_PASSED_ON =
  /^application\/vnd\.(?:oci\.image\.layer\.nondistributable|docker\.image\.rootfs\.foreign)\./;

/** Whether a place may have a manifest without this part of it: its content is at `urls`, or may not be passed on. */
export function isElsewhere({ mediaType, urls }: Descriptor): boolean {
  return NOT_PASSED_ON.test(mediaType) || (urls !== undefined && urls.length > 0);
}
