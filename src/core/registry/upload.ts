import { isOmlmdError, OmlmdError } from '../errors.ts';
import type { Content } from '../oci/content.ts';
import { algorithmOf, type Digest, isDigest } from '../oci/digest.ts';
import type { Progress } from '../oci/progress.ts';
import type { PushOptions } from '../oci/target.ts';
import { type Chunk, ChunkReader, cutChunk, type Incoming } from './chunk-reader.ts';
import type { HttpResponse, RequestBody } from './http-exchange.ts';
import { headerOf } from './response-body.ts';
import type { RetryBudget } from './retry-budget.ts';
import type { Scope } from './scopes.ts';
import type { Method, RegistryTransport } from './transport.ts';
import { isGone, isPatchRefused, isTooLarge, statusOf } from './upload-refusal.ts';
import {
  acknowledgedBytes,
  closingUrl,
  movedSession,
  openedSession,
  type UploadSession,
} from './upload-session.ts';

/** Bytes of a PATCH, and the largest blob that goes in one PUT: the most that GHCR takes (R7). */
export const CHUNK_BYTES = 4 * 1024 * 1024;
/** Smallest chunk that refusals lead to. */
const MIN_CHUNK_BYTES = 1024 * 1024;
/** Largest chunk that a registry may ask for; each is held in memory. */
const MAX_CHUNK_BYTES = 64 * 1024 * 1024;
/** Registries on object stores put the parts together while the closing PUT waits (R16). */
const CLOSING_STALL_MS = 5 * 60_000;
/** Times that a 416 may leave a session where it was before it is given up (R3). */
const MAX_STUCK = 3;

/** Failures of the content, not of the way: nobody will come back for the session. */
const WRONG_CONTENT = ['digest-mismatch', 'size-mismatch', 'file-changed'] as const;

export interface UploadTarget {
  readonly transport: RegistryTransport;
  /** `/v2/NAME/blobs/uploads/`. */
  readonly path: string;
  readonly doing: string;
  readonly scopes: readonly Scope[];
  /** A session that a refused mount has opened already. */
  readonly session?: UploadSession | undefined;
}

/**
 * Sends a blob (distribution-spec §Pushing blobs) and tells its digest; nothing is stored unless size and digest are
 * right. Where no digest is expected, it is computed while the bytes are sent.
 */
export async function uploadBlob(
  target: UploadTarget,
  expected: Incoming,
  content: Content,
  options: PushOptions = {},
): Promise<Digest> {
  if (content.size !== expected.size)
    throw new OmlmdError(
      'size-mismatch',
      `${target.doing}: expected ${expected.size} bytes, got ${content.size}`,
    );
  const upload = new Upload(target, expected, content, options);
  try {
    return await upload.run();
  } catch (error) {
    if (WRONG_CONTENT.some((code) => isOmlmdError(error, code))) await upload.cancel();
    throw error;
  } finally {
    await upload.close();
  }
}

/** One blob on its way: its session, what the registry has of it, and how often it may still be tried. */
class Upload {
  readonly #target: UploadTarget;
  readonly #expected: Incoming;
  readonly #options: PushOptions;
  readonly #budget: RetryBudget;
  readonly #reader: ChunkReader;
  #session: UploadSession | undefined;
  #restarted = false;
  #chunkBytes = CHUNK_BYTES;
  /** Bytes that the registry has, and the most it ever had: only more than that is progress. */
  #acknowledged = 0;
  #best = 0;
  #stuck = 0;
  /** The chunk on its way, and the one that is read and hashed meanwhile. */
  #current: Chunk | undefined;
  #ahead: Promise<Chunk> | undefined;

  constructor(target: UploadTarget, expected: Incoming, content: Content, options: PushOptions) {
    this.#target = target;
    this.#expected = expected;
    this.#options = options;
    this.#budget = target.transport.budget();
    this.#reader = new ChunkReader(expected, content, options);
    this.#session = target.session;
  }

  async run(): Promise<Digest> {
    this.#report(0);
    if (this.#expected.size > CHUNK_BYTES || !(await this.#sendWhole())) await this.#sendChunks();
    this.#report(this.#expected.size);
    return this.#reader.digest();
  }

  async close(): Promise<void> {
    await this.#stopReading();
    await this.#reader.close();
  }

  /** Tells the registry to forget what it has; that it may fail to changes nothing. */
  async cancel(): Promise<void> {
    if (this.#session === undefined) return;
    const response = await this.#ask('DELETE', this.#session.url, [], {}).catch(() => undefined);
    response?.discard();
  }

  async #stopReading(): Promise<void> {
    await this.#ahead?.catch(() => {});
    this.#ahead = undefined;
    this.#current = undefined;
  }

  /** One PUT; false if the registry wants it smaller. */
  async #sendWhole(): Promise<boolean> {
    const { parts } = await this.#reader.read(0, CHUNK_BYTES);
    for (;;) {
      try {
        await this.#put(parts);
        return true;
      } catch (error) {
        // Whatever became of this session, the next try has its own: it re-sends one chunk at most (R1).
        this.#session = undefined;
        if (isTooLarge(error) && this.#expected.size > MIN_CHUNK_BYTES) {
          this.#chunkBytes = smaller(this.#chunkBytes);
          return false;
        }
        if (!isGone(error) || this.#restarted) await this.#wait(error);
        else this.#restarted = true;
      }
    }
  }

  async #sendChunks(): Promise<void> {
    for (;;) {
      try {
        if (this.#acknowledged === this.#expected.size) return await this.#put([]);
        const session = await this.#open();
        const length = Math.max(this.#chunkBytes, session.minimumChunk);
        if (length > MAX_CHUNK_BYTES)
          throw new OmlmdError(
            'unsupported',
            `${this.#target.doing}: the registry wants chunks of ${length} bytes`,
          );
        const chunk = await this.#chunkAt(this.#acknowledged, length);
        this.#readAhead(chunk.end, length);
        await this.#patch(session, chunk);
      } catch (error) {
        if (isPatchRefused(error)) return this.#sendStream();
        await this.#recover(error);
      }
    }
  }

  async #chunkAt(from: number, length: number): Promise<Chunk> {
    const kept = cutChunk(this.#current, from, length);
    if (kept !== undefined) return kept;
    const ahead = this.#ahead;
    this.#ahead = undefined;
    this.#current = cutChunk(await ahead, from, length) ?? (await this.#reader.read(from, length));
    return this.#current;
  }

  #readAhead(from: number, length: number): void {
    if (this.#ahead !== undefined || from >= this.#expected.size) return;
    this.#ahead = this.#reader.read(from, length);
    this.#ahead.catch(() => {}); // it is awaited, and its failure told, when its turn comes
  }

  async #patch(session: UploadSession, chunk: Chunk): Promise<void> {
    const response = await this.#ask('PATCH', session.url, chunk.parts, {
      'content-type': 'application/octet-stream',
      'content-range': `${chunk.start}-${chunk.end - 1}`,
    });
    response.discard();
    this.#session = movedSession(session, response, this.#target.doing);
    // A success is believed, whatever its Range says: some registries never move it (R8).
    this.#acknowledge(chunk.end);
  }

  /** After a failure: finds out where the registry is, waits if that may help, or throws. */
  async #recover(error: unknown): Promise<void> {
    if (isTooLarge(error) && this.#chunkBytes > MIN_CHUNK_BYTES) {
      this.#chunkBytes = smaller(this.#chunkBytes);
      return this.#locate();
    }
    if (isGone(error)) return this.#restart(error);
    if (statusOf(error) === 416) {
      this.#stuck += 1;
      return this.#stuck > MAX_STUCK ? this.#restart(error) : this.#locate();
    }
    await this.#wait(error);
    if (this.#session !== undefined) await this.#locate();
  }

  /** distribution-spec §Pushing a blob in chunks: GET on the session tells what has arrived. */
  async #locate(): Promise<void> {
    const session = this.#session;
    if (session === undefined) return;
    const { transport, doing, scopes } = this.#target;
    const request = { method: 'GET', target: session.url, doing, scopes, ...this.#waiting() } as const;
    try {
      await transport.request(request, (response) => {
        this.#session = movedSession(session, response, doing);
        const bytes = Math.min(acknowledgedBytes(response, doing), this.#expected.size);
        this.#acknowledge(bytes);
      });
    } catch (error) {
      if (statusOf(error) === undefined || isOmlmdError(error, 'unauthorized')) throw error;
      this.#restart(error);
    }
  }

  /** A new session, once a blob (R4). */
  #restart(error: unknown): void {
    if (this.#restarted) throw error;
    this.#restarted = true;
    this.#session = undefined;
    this.#acknowledged = 0;
    this.#stuck = 0;
  }

  /** The whole in one streamed PUT, for registries that refuse PATCH (R7). Starts again where a chunked one resumes. */
  async #sendStream(): Promise<void> {
    const { size } = this.#expected;
    await this.#stopReading();
    // The digest goes before the bytes here, so content of an unknown one has to be read twice.
    const digest = this.#expected.digest ?? (await this.#readDigest());
    for (;;) {
      this.#session = undefined;
      try {
        return await this.#put({ size, chunks: () => this.#stream() }, digest);
      } catch (error) {
        await this.#wait(error);
      }
    }
  }

  async #readDigest(): Promise<Digest> {
    for (let at = 0; at < this.#expected.size; ) at = (await this.#reader.read(at, CHUNK_BYTES)).end;
    return this.#reader.digest();
  }

  async *#stream(): AsyncGenerator<Uint8Array> {
    const { size } = this.#expected;
    for (let at = 0; at < size; ) {
      const chunk = await this.#reader.read(at, CHUNK_BYTES);
      // The last bytes only go if the digest is right.
      if (chunk.end === size) await this.#reader.digest();
      yield* chunk.parts;
      at = chunk.end;
      this.#report(at);
    }
  }

  /** Ends the upload. */
  async #put(body: RequestBody, promised?: Digest): Promise<void> {
    const { doing } = this.#target;
    const digest = promised ?? (await this.#reader.digest());
    const session = await this.#open();
    const headers = { 'content-type': 'application/octet-stream' };
    const response = await this.#ask('PUT', closingUrl(session, digest), body, headers);
    response.discard();
    const stored = headerOf(response, 'docker-content-digest');
    // distribution names a sha512 blob by its sha256 here, and serves it by both.
    if (isDigest(stored) && algorithmOf(stored) === algorithmOf(digest) && stored !== digest)
      throw new OmlmdError('digest-mismatch', `${doing}: the registry stored it under another digest`);
  }

  /** The login is settled here, by a request without a body: an early 401 to a streamed body can be lost. */
  async #open(): Promise<UploadSession> {
    if (this.#session !== undefined) return this.#session;
    const { transport, path: target, doing, scopes } = this.#target;
    const request = { method: 'POST', target, doing, scopes, ...this.#waiting() } as const;
    this.#session = await transport.request(request, (response) => openedSession(response, doing));
    return this.#session;
  }

  #ask(
    method: Method,
    target: URL,
    body: RequestBody,
    headers: Readonly<Record<string, string>>,
  ): Promise<HttpResponse> {
    const { transport, doing, scopes } = this.#target;
    const stall = method === 'PUT' ? { stallMs: CLOSING_STALL_MS } : {};
    return transport.attempt({
      method,
      target,
      doing,
      scopes,
      body,
      headers,
      ...stall,
      signal: this.#options.signal,
    });
  }

  #wait(error: unknown): Promise<void> {
    return this.#budget.wait(error, this.#waiting());
  }

  #waiting() {
    const onWaiting = (ms: number, why: string) =>
      this.#report(this.#acknowledged, 'waiting', `waiting ${Math.ceil(ms / 1000)} s: ${why}`);
    return { signal: this.#options.signal, onWaiting };
  }

  #acknowledge(bytes: number): void {
    this.#acknowledged = bytes;
    this.#report(bytes);
    if (bytes <= this.#best) return;
    this.#best = bytes;
    this.#stuck = 0;
    this.#budget.progressed();
  }

  #report(bytes: number, state: Progress['state'] = 'active', note?: string): void {
    const { digest, size: total } = this.#expected;
    const name = this.#options.name ?? digest ?? 'blob';
    const id = digest ?? name;
    const noted = note === undefined ? {} : { note };
    this.#options.onProgress?.({ id, name, kind: 'upload', bytes, total, state, ...noted });
  }
}

function smaller(bytes: number): number {
  return Math.max(MIN_CHUNK_BYTES, bytes / 2);
}
