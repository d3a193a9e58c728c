import type { Descriptor } from '../oci/descriptor.ts';
import { isDigest } from '../oci/digest.ts';
import { MAX_MANIFEST_BYTES } from '../oci/manifest.ts';
import { MediaType } from '../oci/media-types.ts';
import type { LocalStore } from '../store/local-store.ts';
import { pageOf } from './page.ts';
import { errorReply, jsonReply, type RegistryCall, type RegistryReply } from './registry-call.ts';
import type { ServedRepository } from './served-repository.ts';

/** Bytes of one answer with referrers, whose annotations may be of any length: below what clients read. */
const MAX_REFERRERS_BYTES = MAX_MANIFEST_BYTES / 2;

/** `GET /v2/_catalog`. */
export async function listRepositories(
  { url }: RegistryCall,
  store: LocalStore,
  pageSize: number,
): Promise<RegistryReply> {
  const page = pageOf(url, await Array.fromAsync(store.repositories()), (name) => name, pageSize);
  return 'status' in page ? page : jsonReply(200, { repositories: page.entries }, page.headers);
}

/** `GET …/tags/list`. */
export async function listTags(
  { url }: RegistryCall,
  repository: ServedRepository,
  pageSize: number,
): Promise<RegistryReply> {
  const tags = await repository.tags();
  if (tags === undefined) return errorReply(404, 'NAME_UNKNOWN', 'repository name not known to registry');
  const page = pageOf(url, tags, (tag) => tag, pageSize);
  return 'status' in page
    ? page
    : jsonReply(200, { name: repository.name, tags: page.entries }, page.headers);
}

/** `GET …/referrers/DIGEST` (distribution-spec §Listing Referrers): an index, empty where there are none. */
export async function listReferrers(
  { url }: RegistryCall,
  repository: ServedRepository,
  subject: string,
  pageSize: number,
): Promise<RegistryReply> {
  if (!isDigest(subject)) return errorReply(400, 'DIGEST_INVALID', 'expected a sha256 or sha512 digest');
  // A plus that a client did not escape: media types have no spaces, but many have a plus.
  const artifactType = url.searchParams.get('artifactType')?.replaceAll(' ', '+');
  const all = await repository.referrers(subject, artifactType);
  const fitting = Math.min(pageSize, countFitting(all, url.searchParams.get('last')));
  const page = pageOf(url, all, ({ digest }) => digest, fitting);
  if ('status' in page) return page;
  const index = { schemaVersion: 2, mediaType: MediaType.index, manifests: page.entries };
  const filtered = artifactType === undefined ? {} : { 'oci-filters-applied': 'artifactType' };
  return jsonReply(200, index, { 'content-type': MediaType.index, ...filtered, ...page.headers });
}

/** How many entries after `last` fit into one answer; one in any case. */
function countFitting(all: readonly Descriptor[], last: string | null): number {
  let bytes = 0;
  let count = 0;
  const rest = all.filter(({ digest }) => last === null || digest > last);
  for (const descriptor of rest.toSorted((a, b) => (a.digest < b.digest ? -1 : 1))) {
    bytes += Buffer.byteLength(JSON.stringify(descriptor));
    if (bytes > MAX_REFERRERS_BYTES) break;
    count += 1;
  }
  return Math.max(1, count);
}
