import { OmlmdError } from '../errors.ts';
import { algorithmOf, type Digest, isDigest } from '../oci/digest.ts';
import type { HttpResponse, RequestBody } from './http-exchange.ts';
import { headerOf } from './response-body.ts';
import type { WaitOptions } from './retry-budget.ts';
import type { Scope } from './scopes.ts';
import type { Method, RegistryTransport } from './transport.ts';
import {
  acknowledgedBytes,
  closingUrl,
  movedSession,
  openedSession,
  type UploadSession,
} from './upload-session.ts';

/** Registries on object stores put the parts together while the closing PUT waits (R16). */
const CLOSING_STALL_MS = 5 * 60_000;

/** Bytes of one request: from `start` to before `end` of the content. */
export interface ChunkRequest {
  readonly start: number;
  readonly end: number;
  readonly body: RequestBody;
}

/** Where uploads of a repository are begun, and how. */
export interface UploadPlace {
  readonly transport: RegistryTransport;
  /** `/v2/NAME/blobs/uploads/`. */
  readonly path: string;
  readonly doing: string;
  readonly scopes: readonly Scope[];
}

/** The requests of an upload (distribution-spec §Pushing a blob in chunks). Those with a body are tried once. */
export class UploadRequests {
  readonly #place: UploadPlace;
  readonly #waiting: WaitOptions;

  /** @param waiting who is told when a request is tried again, and the signal of all */
  constructor(place: UploadPlace, waiting: WaitOptions) {
    this.#place = place;
    this.#waiting = waiting;
  }

  /** The login is settled here, by a request without a body: an early 401 to a streamed body can be lost. */
  open(): Promise<UploadSession> {
    const { transport, path: target, doing, scopes } = this.#place;
    const request = { method: 'POST', target, doing, scopes, ...this.#waiting } as const;
    return transport.request(request, (response) => openedSession(response, doing));
  }

  /** Asks what has arrived; the session may move. */
  locate(session: UploadSession): Promise<{ readonly session: UploadSession; readonly bytes: number }> {
    const { transport, doing, scopes } = this.#place;
    const request = { method: 'GET', target: session.url, doing, scopes, ...this.#waiting } as const;
    return transport.request(request, (response) => ({
      session: movedSession(session, response, doing),
      bytes: acknowledgedBytes(response, doing),
    }));
  }

  /** @param apart on a connection that is closed afterwards */
  async patch(session: UploadSession, chunk: ChunkRequest, apart: boolean): Promise<UploadSession> {
    const response = await this.#send('PATCH', session.url, chunk.body, {
      'content-range': `${chunk.start}-${chunk.end - 1}`,
      ...(apart ? { connection: 'close' } : {}),
    });
    return movedSession(session, response, this.#place.doing);
  }

  /** Ends an upload. */
  async put(session: UploadSession, body: RequestBody, digest: Digest): Promise<void> {
    const response = await this.#send('PUT', closingUrl(session, digest), body, {}, CLOSING_STALL_MS);
    const stored = headerOf(response, 'docker-content-digest');
    // distribution names a sha512 blob by its sha256 here, and serves it by both.
    if (isDigest(stored) && algorithmOf(stored) === algorithmOf(digest) && stored !== digest)
      throw new OmlmdError(
        'digest-mismatch',
        `${this.#place.doing}: the registry stored it under another digest`,
      );
  }

  /** Whether the registry has the blob already; false where it does not say. */
  async isThere(digest: Digest): Promise<boolean> {
    const { transport, path, doing, scopes } = this.#place;
    const target = path.replace(/uploads\/$/, digest);
    const request = { method: 'HEAD', target, doing, scopes, ...this.#waiting } as const;
    return transport
      .request(request, () => true)
      .catch((error: unknown) => {
        if (error instanceof OmlmdError) return false;
        throw error;
      });
  }

  /** Tells the registry to forget what it has, and whether it does; that it may fail to changes nothing. */
  cancel(session: UploadSession): Promise<boolean> {
    return this.#send('DELETE', session.url, [], {}).then(
      () => true,
      () => false,
    );
  }

  async #send(
    method: Method,
    target: URL,
    body: RequestBody,
    headers: Readonly<Record<string, string>>,
    stallMs?: number,
  ): Promise<HttpResponse> {
    const { transport, doing, scopes } = this.#place;
    const { signal } = this.#waiting;
    const typed = method === 'DELETE' ? headers : { 'content-type': 'application/octet-stream', ...headers };
    const request = { method, target, doing, scopes, body, headers: typed, stallMs, signal };
    const response = await transport.attempt(request);
    response.discard();
    return response;
  }
}
