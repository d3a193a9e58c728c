import { OmlmdError } from '../errors.ts';
import { algorithmOf, type Digest, digestOf, isDigest } from '../oci/digest.ts';
import { MAX_MANIFEST_BYTES, type ParsedNode, parseNode } from '../oci/manifest.ts';
import { isTag } from '../oci/reference.ts';
import {
  claimedLength,
  errorReply,
  type RegistryCall,
  type RegistryReply,
  readCall,
} from './registry-call.ts';
import type { ServedRepository } from './served-repository.ts';

/** Most `tag` parameters of one push. Stops a URL of a few kilobytes from becoming a write of thousands of names. */
const MAX_TAGS = 100;

const UNKNOWN = () => errorReply(404, 'MANIFEST_UNKNOWN', 'manifest unknown to registry');

/** `GET` and `HEAD` of a manifest, by tag or digest. */
export async function getManifest(
  { method, headers }: RegistryCall,
  repository: ServedRepository,
  reference: string,
): Promise<RegistryReply> {
  const isName = isTag(reference) || isDigest(reference);
  const descriptor = isName ? await repository.resolve(reference) : undefined;
  if (descriptor === undefined) return UNKNOWN();
  const { mediaType, digest, size } = descriptor;
  if (!accepts(headers.accept, mediaType))
    return errorReply(404, 'MANIFEST_UNKNOWN', `it is a ${mediaType}, which the Accept header does not name`);
  const known = {
    'content-type': mediaType,
    'content-length': String(size),
    'docker-content-digest': digest,
    etag: `"${digest}"`,
  };
  if (method === 'HEAD') return { status: 200, headers: known };
  return { status: 200, headers: known, body: await repository.manifestBytes(descriptor) };
}

/** `PUT` of a manifest under a tag, or under its digest and the tags of the query. */
export async function putManifest(
  call: RegistryCall,
  repository: ServedRepository,
  reference: string,
): Promise<RegistryReply> {
  const isByDigest = isDigest(reference);
  if (!isByDigest && !isTag(reference)) return badReference(reference);
  const tags = isByDigest ? [...new Set(call.url.searchParams.getAll('tag'))] : [reference];
  if (tags.length > MAX_TAGS || !tags.every(isTag)) return invalid('tag: not a tag, or too many of them');
  if ((claimedLength(call) ?? 0) > MAX_MANIFEST_BYTES) return tooLarge();
  const bytes = await readCall(call, MAX_MANIFEST_BYTES);
  const digest = digestOf(bytes, isByDigest ? algorithmOf(reference) : 'sha256');
  if (isByDigest && digest !== reference)
    return errorReply(400, 'DIGEST_INVALID', 'provided digest did not match uploaded content');
  const node = parse(bytes, call.headers['content-type']);
  if ('status' in node) return node;
  const outcome = await repository.putManifest({
    descriptor: { mediaType: node.mediaType, digest, size: bytes.byteLength },
    bytes,
    node,
    tags,
    isExpected: (current) => isExpected(call, current),
  });
  if (outcome === 'unexpected') return errorReply(412, 'DENIED', 'the tag names something else');
  if (outcome !== 'stored')
    return errorReply(404, 'MANIFEST_BLOB_UNKNOWN', `${outcome.missing} unknown to registry`);
  return stored(repository.name, digest, node, isByDigest ? tags : []);
}

/** `DELETE` by digest removes a manifest with its names, by tag the name only. */
export async function deleteManifest(
  repository: ServedRepository,
  reference: string,
): Promise<RegistryReply> {
  const found = isDigest(reference)
    ? await repository.deleteManifest(reference)
    : isTag(reference) && (await repository.untag(reference));
  return found ? { status: 202 } : UNKNOWN();
}

function stored(name: string, digest: Digest, node: ParsedNode, tags: readonly string[]): RegistryReply {
  const { subject } = node.kind === 'manifest' ? node.manifest : node.index;
  return {
    status: 201,
    headers: {
      location: `/v2/${name}/manifests/${digest}`,
      'docker-content-digest': digest,
      etag: `"${digest}"`,
      ...(subject === undefined ? {} : { 'oci-subject': subject.digest }),
      ...(tags.length === 0 ? {} : { 'oci-tag': tags.join(', ') }),
    },
  };
}

function badReference(reference: string): RegistryReply {
  if (reference.includes(':')) return errorReply(400, 'DIGEST_INVALID', 'expected a sha256 or sha512 digest');
  return invalid('expected a tag or a digest');
}

function invalid(message: string): RegistryReply {
  return errorReply(400, 'MANIFEST_INVALID', message);
}

function tooLarge(): RegistryReply {
  return errorReply(413, 'SIZE_INVALID', `manifest larger than ${MAX_MANIFEST_BYTES} bytes`);
}

function parse(bytes: Uint8Array, contentType: string | undefined): ParsedNode | RegistryReply {
  const declared = contentType?.split(';', 1)[0]?.trim();
  try {
    return parseNode(bytes, declared === '' ? undefined : declared);
  } catch (error) {
    // What is wrong with it is said in words of ours, and without a path.
    if (error instanceof OmlmdError) return invalid(error.message);
    throw error;
  }
}

/** `If-Match` and `If-None-Match` (RFC 9110 §13.1) of the digest that the tag names: what makes a tag an atomic check. */
function isExpected({ headers }: RegistryCall, current: Digest | undefined): boolean {
  const { 'if-match': match, 'if-none-match': none } = headers;
  const names = (header: string) =>
    current !== undefined && (header.trim() === '*' || header.includes(`"${current}"`));
  return (match === undefined || names(match)) && (none === undefined || !names(none));
}

/** Whether a client takes the type; one that takes any JSON gets it as well. */
function accepts(header: string | undefined, mediaType: string): boolean {
  if (header === undefined || header.trim() === '') return true;
  const taken = [mediaType, 'application/json', 'application/*', '*/*'];
  return header
    .split(',')
    .some((range) => taken.includes(range.split(';', 1)[0]?.trim().toLowerCase() ?? ''));
}
