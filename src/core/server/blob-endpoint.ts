import { isDigest } from '../oci/digest.ts';
import { parseRange } from './byte-range.ts';
import { errorReply, type RegistryCall, type RegistryReply } from './registry-call.ts';
import type { ServedRepository } from './served-repository.ts';

const UNKNOWN = () => errorReply(404, 'BLOB_UNKNOWN', 'blob unknown to registry');

/** `GET` and `HEAD` of a blob, whole or one range of it. */
export async function getBlob(
  { method, headers }: RegistryCall,
  repository: ServedRepository,
  digest: string,
  readOnly: boolean,
): Promise<RegistryReply> {
  const content = isDigest(digest) ? await repository.openBlob(digest) : undefined;
  if (!isDigest(digest) || content === undefined) return UNKNOWN();
  if (method === 'HEAD' && !readOnly) await repository.keep(digest);
  const etag = `"${digest}"`;
  const { 'if-range': ifRange, range } = headers;
  const wanted = ifRange === undefined || ifRange === etag ? parseRange(range, content.size) : 'whole';
  const common = {
    'content-type': 'application/octet-stream',
    'docker-content-digest': digest,
    'accept-ranges': 'bytes',
    etag,
  };
  if (wanted === 'unsatisfiable')
    return errorReply(416, 'SIZE_INVALID', 'no such range', { 'content-range': `bytes */${content.size}` });
  if (wanted === 'whole')
    return {
      status: 200,
      headers: { ...common, 'content-length': String(content.size) },
      body: content.stream(),
    };
  const { start, end } = wanted;
  return {
    status: 206,
    headers: {
      ...common,
      'content-length': String(end - start),
      'content-range': `bytes ${start}-${end - 1}/${content.size}`,
    },
    body: content.slice(start, end).stream(),
  };
}

/** `DELETE` of a blob; one that a manifest needs stays. */
export async function deleteBlob(repository: ServedRepository, digest: string): Promise<RegistryReply> {
  const outcome = isDigest(digest) ? await repository.deleteBlob(digest) : 'missing';
  if (outcome === 'deleted') return { status: 202 };
  return outcome === 'missing' ? UNKNOWN() : errorReply(409, 'DENIED', 'a manifest refers to the blob');
}
