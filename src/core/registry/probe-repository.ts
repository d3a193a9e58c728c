import { OmlmdError, RegistryError } from '../errors.ts';
import type { CallOptions } from '../oci/content.ts';
import { MediaType } from '../oci/media-types.ts';
import type { RepositoryAddress } from './repository-address.ts';
import { headerOf } from './response-body.ts';
import { pullScope, pushScope } from './scopes.ts';
import { openedSession } from './upload-session.ts';

/** A digest that nothing has. */
const NO_DIGEST = `sha256:${'0'.repeat(64)}`;
/** Statuses by which registries say that they know no referrers, or not this repository. */
const NO_ANSWER: readonly number[] = [400, 404, 405, 406, 501];

/** What came of an upload that was begun and given up. */
export interface PushProbe {
  /** Bytes; `OCI-Chunk-Min-Length`, 0 where there is none. */
  readonly minimumChunk: number;
  /** Whether the registry let go of the upload when it was asked to; else it forgets it by itself. */
  readonly canceled: boolean;
}

/** Whether this login may push to a repository: begins an upload and takes it back. Nothing is stored. */
export async function probePush(
  { transport, path, pathName, registry, name }: RepositoryAddress,
  { signal }: CallOptions = {},
): Promise<PushProbe> {
  const doing = `begin an upload to ${registry}/${name}`;
  const request = { doing, scopes: [pushScope(pathName)], signal } as const;
  const session = await transport.request(
    { ...request, method: 'POST', target: `${path}/blobs/uploads/` },
    (response) => openedSession(response, doing),
  );
  const canceled = await transport
    .attempt({ ...request, method: 'DELETE', target: session.url })
    .then((response) => {
      response.discard();
      return true;
    })
    .catch((error: unknown) => {
      if (error instanceof OmlmdError) return false;
      throw error;
    });
  return { minimumChunk: session.minimumChunk, canceled };
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
