import { isOmlmdError, OmlmdError, quote } from '../errors.ts';
import type { CallOptions } from '../oci/content.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { algorithmOf, type Digest, digestOf, isDigest } from '../oci/digest.ts';
import { MAX_MANIFEST_BYTES, type ParsedNode, parseNode } from '../oci/manifest.ts';
import { MANIFEST_ACCEPT } from '../oci/media-types.ts';
import type { HttpResponse } from './http-exchange.ts';
import type { RepositoryAddress } from './repository-address.ts';
import { headerOf, readBody } from './response-body.ts';
import { deleteScope, pullScope, pushScope } from './scopes.ts';

/** A manifest or index as the registry gave it, checked. */
export interface FetchedManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  readonly node: ParsedNode;
  readonly etag: string | undefined;
}

export interface PutOptions extends CallOptions {
  /** `If-Match` or `If-None-Match`, for registries that heed them. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Gets a manifest by tag or digest. Bytes that are not those of their digest are asked for once more (R12). */
export async function getManifest(
  repository: RepositoryAddress,
  reference: string,
  options: CallOptions = {},
): Promise<FetchedManifest> {
  try {
    return await getOnce(repository, reference, options);
  } catch (error) {
    if (!isOmlmdError(error, 'digest-mismatch')) throw error;
    return await getOnce(repository, reference, options);
  }
}

function getOnce(
  repository: RepositoryAddress,
  reference: string,
  { signal }: CallOptions,
): Promise<FetchedManifest> {
  const doing = `fetch ${repository.textOf(reference)}`;
  const request = {
    method: 'GET',
    target: `${repository.path}/manifests/${reference}`,
    doing,
    scopes: [pullScope(repository.pathName)],
    headers: { accept: MANIFEST_ACCEPT },
    signal,
  } as const;
  return repository.transport.request(request, async (response) => {
    const bytes = await readBody(response, MAX_MANIFEST_BYTES, doing);
    const digest = checkDigest(bytes, reference, response, doing);
    const node = parseAnswer(bytes, contentType(response), doing);
    const descriptor = { mediaType: node.mediaType, digest, size: bytes.byteLength };
    return { descriptor, bytes, node, etag: headerOf(response, 'etag') };
  });
}

/** The digest of the body, which must be what was asked for and what the header claims (R14). */
function checkDigest(bytes: Uint8Array, reference: string, response: HttpResponse, doing: string): Digest {
  const claimed = headerOf(response, 'docker-content-digest');
  const fail = (expected: string) => {
    const got = digestOf(bytes, isDigest(expected) ? algorithmOf(expected) : 'sha256');
    return new OmlmdError('digest-mismatch', `${doing}: expected ${quote(expected)}, got ${got}`);
  };
  for (const expected of [reference, claimed]) {
    if (expected === undefined || (expected === reference && !isDigest(reference))) continue;
    if (!isDigest(expected) || digestOf(bytes, algorithmOf(expected)) !== expected) throw fail(expected);
  }
  if (isDigest(reference)) return reference;
  return isDigest(claimed) ? claimed : digestOf(bytes);
}

function contentType(response: HttpResponse): string | undefined {
  return headerOf(response, 'content-type')?.split(';', 1)[0]?.trim();
}

/** {@link parseNode}, with what was being done in its errors. */
export function parseAnswer(bytes: Uint8Array, declared: string | undefined, doing: string): ParsedNode {
  try {
    return parseNode(bytes, declared);
  } catch (cause) {
    if (!(cause instanceof OmlmdError)) throw cause;
    throw new OmlmdError(cause.code, `${doing}: ${cause.message}`, { cause });
  }
}

/** Stores a manifest under a tag or its digest. True if the registry says that it keeps the list of referrers itself. */
export async function putManifest(
  repository: RepositoryAddress,
  reference: string,
  manifest: { readonly mediaType: string; readonly digest: Digest; readonly bytes: Uint8Array },
  { signal, headers }: PutOptions = {},
): Promise<{ readonly keepsReferrers: boolean }> {
  const doing = `push ${repository.textOf(reference)}`;
  const request = {
    method: 'PUT',
    target: `${repository.path}/manifests/${reference}`,
    doing,
    scopes: [pushScope(repository.pathName)],
    headers: { ...headers, 'content-type': manifest.mediaType },
    body: [manifest.bytes],
    signal,
  } as const;
  return repository.transport.request(request, (response) => {
    const stored = headerOf(response, 'docker-content-digest');
    if (stored !== undefined && isDigest(stored) && !sameDigest(stored, manifest))
      throw new OmlmdError('digest-mismatch', `${doing}: the registry stored it as ${stored}`);
    return { keepsReferrers: headerOf(response, 'oci-subject') !== undefined };
  });
}

/** A registry may name the bytes by another algorithm than the one they were pushed by. */
function sameDigest(
  stored: Digest,
  { digest, bytes }: { readonly digest: Digest; readonly bytes: Uint8Array },
): boolean {
  return stored === digest || digestOf(bytes, algorithmOf(stored)) === stored;
}

/** Whether a manifest is there: HEAD, or GET where a registry does not do HEAD (R15). */
export function manifestExists(
  repository: RepositoryAddress,
  digest: Digest,
  options: CallOptions,
): Promise<boolean> {
  const headers = { accept: MANIFEST_ACCEPT };
  return exists(repository, `${repository.path}/manifests/${digest}`, headers, digest, options);
}

export function blobExists(
  repository: RepositoryAddress,
  digest: Digest,
  options: CallOptions,
): Promise<boolean> {
  // One byte is enough, should it come to a GET.
  return exists(repository, `${repository.path}/blobs/${digest}`, { range: 'bytes=0-0' }, digest, options);
}

async function exists(
  { transport, pathName, textOf }: RepositoryAddress,
  target: string,
  getHeaders: Readonly<Record<string, string>>,
  digest: Digest,
  { signal }: CallOptions,
): Promise<boolean> {
  const { range: _, ...headHeaders } = getHeaders;
  const request = {
    target,
    doing: `look for ${textOf(digest)}`,
    scopes: [pullScope(pathName)],
    signal,
  } as const;
  // An empty blob has no byte 0: 416 says that it is there.
  const accept = [400, 404, 405, 416, 501];
  const head = { ...request, method: 'HEAD', headers: headHeaders, accept } as const;
  const status = await transport.request(head, (response) => response.status);
  if (status !== 400 && status !== 405 && status !== 501) return status !== 404;
  const get = { ...request, method: 'GET', headers: getHeaders, accept: [404, 416] } as const;
  return transport.request(get, (response) => response.status !== 404);
}

/** Removes a manifest, or the name only where `reference` is a tag; 405 and its like are `unsupported`. */
export async function deleteAt(
  { transport, path, pathName, textOf }: RepositoryAddress,
  kind: 'manifests' | 'blobs',
  reference: string,
  { signal }: CallOptions,
): Promise<void> {
  const doing = `${isDigest(reference) ? 'delete' : 'untag'} ${textOf(reference)}`;
  let again = false;
  const request = {
    method: 'DELETE',
    target: `${path}/${kind}/${reference}`,
    doing,
    scopes: [deleteScope(pathName)],
    signal,
    accept: isDigest(reference) ? [405] : [400, 405],
    onWaiting: () => {
      again = true;
    },
  } as const;
  try {
    await transport.request(request, (response) => {
      if (response.status < 300) return;
      const what = isDigest(reference) ? 'does not let content be deleted' : 'cannot remove a tag alone';
      throw new OmlmdError('unsupported', `${doing}: ${response.url.host} ${what} (${response.status})`);
    });
  } catch (error) {
    // The first try has done it; only its answer was lost.
    if (!again || !isOmlmdError(error, 'not-found')) throw error;
  }
}
