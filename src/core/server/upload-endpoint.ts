import { type Digest, digestOf, isDigest } from '../oci/digest.ts';
import { isRepository } from '../oci/reference.ts';
import { parseContentRange } from './byte-range.ts';
import { claimedLength, errorReply, type RegistryCall, type RegistryReply } from './registry-call.ts';
import type { ServedRepository } from './served-repository.ts';
import type { UploadSession } from './upload-session.ts';
import type { UploadSessions } from './upload-sessions.ts';

const EMPTY_DIGESTS = [digestOf(new Uint8Array()), digestOf(new Uint8Array(), 'sha512')];

/** What uploads need of the registry. */
export interface UploadPlace {
  readonly repository: ServedRepository;
  readonly sessions: UploadSessions;
  /** The named repository, or all others of the store. */
  readonly others: (name: string | null) => AsyncIterable<ServedRepository>;
}

/** `POST`: takes a blob over from another repository, takes it whole, or begins a session (§Pushing Blobs, §Mounting). */
export async function beginUpload(call: RegistryCall, place: UploadPlace): Promise<RegistryReply> {
  const query = call.url.searchParams;
  const mount = query.get('mount');
  if (isDigest(mount) && (await mountBlob(place, mount, query.get('from')))) return created(place, mount);
  const digest = query.get('digest');
  if (digest !== null && !isDigest(digest)) return badDigest();
  const session = await place.sessions.open(place.repository.name);
  if (session === undefined)
    return errorReply(429, 'TOOMANYREQUESTS', 'too many uploads have begun', { 'retry-after': '10' });
  if (digest === null || !hasWhole(call, digest)) return { status: 202, headers: stateOf(session) };
  try {
    return await closeUpload(call, place, session);
  } finally {
    // Nobody was told its address.
    await place.sessions.discard(session);
  }
}

/** `GET`: how much has arrived. */
export function uploadState(session: UploadSession): RegistryReply {
  return { status: 204, headers: stateOf(session) };
}

/** `PATCH`: the next chunk, or all that comes. */
export async function continueUpload(
  call: RegistryCall,
  sessions: UploadSessions,
  session: UploadSession,
): Promise<RegistryReply> {
  return takeTurn(sessions, session, async () => {
    const refused = refuseChunk(call, session);
    if (refused !== undefined) return refused;
    await session.append(call);
    return { status: 202, headers: stateOf(session) };
  });
}

/** `PUT`: the last chunk, if any, and the digest of the whole. */
export async function closeUpload(
  call: RegistryCall,
  place: UploadPlace,
  session: UploadSession,
): Promise<RegistryReply> {
  const digest = call.url.searchParams.get('digest');
  if (!isDigest(digest)) return badDigest();
  return takeTurn(place.sessions, session, async () => {
    const refused = refuseChunk(call, session);
    if (refused !== undefined) return refused;
    await session.append(call);
    const isRight = await session.verify(digest);
    if (isRight) {
      await session.seal();
      await place.repository.adopt(session.file, { digest, size: session.size });
    }
    await place.sessions.discard(session);
    return isRight ? created(place, digest) : badDigest();
  });
}

/** `DELETE`: forgets what has arrived. */
export async function cancelUpload(sessions: UploadSessions, session: UploadSession): Promise<RegistryReply> {
  return takeTurn(sessions, session, async () => {
    await sessions.discard(session);
    return { status: 204 };
  });
}

export function uploadUnknown(): RegistryReply {
  return errorReply(404, 'BLOB_UPLOAD_UNKNOWN', 'blob upload unknown to registry');
}

async function takeTurn(
  sessions: UploadSessions,
  session: UploadSession,
  work: () => Promise<RegistryReply>,
): Promise<RegistryReply> {
  try {
    return (await session.exclusively(work)) ?? uploadUnknown();
  } finally {
    // One whose file could not be written is good for nothing.
    if (session.isOver) await sessions.discard(session);
  }
}

function badDigest(): RegistryReply {
  return errorReply(400, 'DIGEST_INVALID', 'provided digest did not match uploaded content');
}

function created({ repository }: UploadPlace, digest: Digest): RegistryReply {
  return {
    status: 201,
    headers: { location: `/v2/${repository.name}/blobs/${digest}`, 'docker-content-digest': digest },
  };
}

/** An empty session has the range 0-0, as registries have it since the first one (R5). */
function stateOf({ id, repository, size }: UploadSession): Record<string, string> {
  return {
    location: `/v2/${repository}/blobs/uploads/${id}`,
    range: `0-${Math.max(0, size - 1)}`,
    'docker-upload-uuid': id,
  };
}

/** A digest with no body begins a session like any other: so do clients that have heard of neither. */
function hasWhole(call: RegistryCall, digest: Digest): boolean {
  const length = claimedLength(call);
  if (length === undefined) return call.headers['transfer-encoding'] !== undefined;
  return length > 0 || EMPTY_DIGESTS.includes(digest);
}

/** A chunk that does not follow on what is here is refused before a byte of it is taken. */
function refuseChunk(call: RegistryCall, session: UploadSession): RegistryReply | undefined {
  const range = parseContentRange(call.headers['content-range']);
  if (range === 'none') return undefined;
  if (range === 'bad') return errorReply(400, 'BLOB_UPLOAD_INVALID', 'Content-Range: expected FIRST-LAST');
  if (range.start !== session.size)
    return errorReply(416, 'BLOB_UPLOAD_INVALID', 'the chunk does not follow on the last', stateOf(session));
  const length = claimedLength(call);
  if (length === undefined || length === range.end - range.start) return undefined;
  return errorReply(400, 'SIZE_INVALID', 'Content-Range and Content-Length differ');
}

/** Where the client does not say where a blob is, every repository is looked at: they are all one person's. */
async function mountBlob(
  { repository, others }: UploadPlace,
  digest: Digest,
  from: string | null,
): Promise<boolean> {
  if (from !== null && !isRepository(from)) return false;
  if ((await repository.blobSize(digest)) !== undefined) {
    await repository.keep(digest);
    return true;
  }
  for await (const other of others(from)) if (await repository.mount(digest, other)) return true;
  return false;
}
