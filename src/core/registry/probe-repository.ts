import { OmlmdError, RegistryError } from '../errors.ts';
import type { CallOptions } from '../oci/content.ts';
import { MediaType } from '../oci/media-types.ts';
import { CHUNK_BYTES } from './chunk-size.ts';
import type { RepositoryAddress } from './repository-address.ts';
import { headerOf } from './response-body.ts';
import { pullScope, pushScope } from './scopes.ts';
import { isPatchRefused } from './upload-refusal.ts';
import { UploadRequests } from './upload-requests.ts';
import type { UploadSession } from './upload-session.ts';

/** A digest that nothing has. */
const NO_DIGEST = `sha256:${'0'.repeat(64)}`;
/** Statuses by which registries say that they know no referrers, or not this repository. */
const NO_ANSWER: readonly number[] = [400, 404, 405, 406, 501];

/** Bytes: more than anything is sent in at first, and what is. */
const TRIED_BYTES = [CHUNK_BYTES + 1, CHUNK_BYTES] as const;

/** What came of an upload that was begun and given up. */
export interface PushProbe {
  /** Bytes; `OCI-Chunk-Min-Length`, 0 where there is none. */
  readonly minimumChunk: number;
  /** Whether the registry let go of the upload when it was asked to; else it forgets it by itself. */
  readonly canceled: boolean;
  /** Undefined where the registry wants larger chunks than are tried. */
  readonly chunk: ChunkProbe | undefined;
}

/** What a registry, or a proxy before it, takes at once. */
export interface ChunkProbe {
  /** Bytes of the largest chunk that was taken; 0 where none was. */
  readonly taken: number;
  /** Why the last one was not that was not. */
  readonly refusal: OmlmdError | undefined;
}

/**
 * Whether this login may push to a repository, and in which chunks: begins an upload, sends a chunk of zeros and takes
 * all back. Where the chunk is refused, a smaller one is sent in an upload of its own, as some registries forget an
 * upload that went wrong. Nothing is stored.
 */
export async function probePush(
  { transport, path, pathName, registry, name }: RepositoryAddress,
  { signal }: CallOptions = {},
): Promise<PushProbe> {
  const doing = `begin an upload to ${registry}/${name}`;
  const place = { transport, path: `${path}/blobs/uploads/`, doing, scopes: [pushScope(pathName)] };
  const requests = new UploadRequests(place, { signal });
  let session = await requests.open();
  const { minimumChunk } = session;
  if (minimumChunk > CHUNK_BYTES)
    return { minimumChunk, canceled: await requests.cancel(session), chunk: undefined };
  let canceled = true;
  let refusal: OmlmdError | undefined;
  for (const size of TRIED_BYTES) {
    if (refusal !== undefined) session = await requests.open();
    const error = await tryChunk(requests, session, size);
    canceled = (await requests.cancel(session)) && canceled;
    if (error === undefined) return { minimumChunk, canceled, chunk: { taken: size, refusal } };
    refusal = error;
    if (isPatchRefused(error)) break;
  }
  return { minimumChunk, canceled, chunk: { taken: 0, refusal } };
}

/** The error that a chunk of so many zeros ends in, if one does. Cancellation gets out. */
async function tryChunk(
  requests: UploadRequests,
  session: UploadSession,
  size: number,
): Promise<OmlmdError | undefined> {
  try {
    await requests.patch(session, { start: 0, end: size, body: [new Uint8Array(size)] }, false);
    return undefined;
  } catch (error) {
    if (error instanceof OmlmdError) return error;
    throw error;
  }
}

/** Whether the registry keeps the list of referrers itself; `unknown` where the repository has to be there first. */
export async function probeReferrers(
  { transport, path, pathName, registry, name }: RepositoryAddress,
  { signal }: CallOptions = {},
): Promise<'api' | 'none' | 'unknown'> {
  const request = {
    method: 'GET',
    target: `${path}/referrers/${NO_DIGEST}`,
    doing: `ask ${registry} for the referrers of nothing in ${name}`,
    scopes: [pullScope(pathName)],
    headers: { accept: MediaType.index },
    signal,
  } as const;
  try {
    return await transport.request(request, (response) => {
      const type = headerOf(response, 'content-type')?.split(';', 1)[0]?.trim();
      return type === MediaType.index ? 'api' : 'none';
    });
  } catch (error) {
    if (!(error instanceof RegistryError) || !NO_ANSWER.includes(error.response.status)) throw error;
    return error.response.errors.some(({ code }) => code === 'NAME_UNKNOWN') ? 'unknown' : 'none';
  }
}
