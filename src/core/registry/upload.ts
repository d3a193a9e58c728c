import { isOmlmdError, OmlmdError } from '../errors.ts';
import type { Content } from '../oci/content.ts';
import type { Digest } from '../oci/digest.ts';
import type { Progress } from '../oci/progress.ts';
import type { PushOptions } from '../oci/target.ts';
import { ChunkFeed } from './chunk-feed.ts';
import { ChunkReader, type Incoming } from './chunk-reader.ts';
import { CHUNK_BYTES, ChunkSize, MAX_CHUNK_BYTES, MIN_CHUNK_BYTES } from './chunk-size.ts';
import type { RequestBody } from './http-exchange.ts';
import type { RetryBudget } from './retry-budget.ts';
import { RememberedUpload, type UploadMemory, uploadKey } from './upload-memory.ts';
import { isBroken, isGone, isPatchRefused, isRefused, isTooLarge, statusOf } from './upload-refusal.ts';
import { type ChunkRequest, type UploadPlace, UploadRequests } from './upload-requests.ts';
import type { UploadSession } from './upload-session.ts';

/** Bytes that are read at once of a chunk that is sent while it is read. */
const STREAMED_BYTES = 1024 * 1024;
/** Times that a 416 may leave a session where it was before it is given up (R3). */
const MAX_STUCK = 3;

/** Failures of the content, not of the way: nobody will come back for the session. */
const WRONG_CONTENT = ['digest-mismatch', 'size-mismatch', 'file-changed'] as const;

/** Where a blob goes. */
export interface UploadTarget extends UploadPlace {
  /** A session that a refused mount has opened already. */
  readonly session?: UploadSession | undefined;
  /** Where unfinished uploads of files are kept (R2). */
  readonly memory?: UploadMemory | undefined;
  /** `HOST/NAME`, as the registry knows it: what the memory knows the repository by. */
  readonly repository?: string | undefined;
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
  const upload = new Upload(target, expected, content, options, await remembered(target, content));
  try {
    return await upload.run();
  } catch (error) {
    if (WRONG_CONTENT.some((code) => isOmlmdError(error, code))) await upload.cancel();
    else await upload.leave();
    throw error;
  } finally {
    await upload.close();
  }
}

/** The memory of this upload, where it is one that is worth it. */
async function remembered(
  { memory, repository, transport }: UploadTarget,
  content: Content,
): Promise<RememberedUpload | undefined> {
  if (memory === undefined || repository === undefined || content.size <= CHUNK_BYTES) return undefined;
  const key = await uploadKey(repository, content);
  return key === undefined ? undefined : new RememberedUpload(memory, key, transport.log);
}

/** One blob on its way: its session, what the registry has of it, and how often it may still be tried. */
class Upload {
  readonly #target: UploadTarget;
  readonly #expected: Incoming;
  readonly #options: PushOptions;
  readonly #budget: RetryBudget;
  readonly #requests: UploadRequests;
  readonly #reader: ChunkReader;
  readonly #feed: ChunkFeed;
  readonly #chunkSize = new ChunkSize();
  readonly #remembered: RememberedUpload | undefined;
  #session: UploadSession | undefined;
  #restarted = false;
  /** Whether the session is an earlier process's. */
  #resumed = false;
  /** Bytes that the registry has, and the most it ever had: only more than that is progress. */
  #acknowledged = 0;
  #best = 0;
  #stuck = 0;
  /** Bytes that go at once. */
  #length = CHUNK_BYTES;
  /** Where the session was when a connection broke; undefined while none did in this session. */
  #brokenAt: number | undefined;

  constructor(
    target: UploadTarget,
    expected: Incoming,
    content: Content,
    options: PushOptions,
    remembered: RememberedUpload | undefined,
  ) {
    this.#target = target;
    this.#expected = expected;
    this.#options = options;
    this.#budget = target.transport.budget();
    this.#requests = new UploadRequests(target, this.#waiting());
    this.#reader = new ChunkReader(expected, content, options);
    this.#feed = new ChunkFeed(this.#reader, expected.size);
    this.#remembered = remembered;
    this.#session = target.session;
  }

  async run(): Promise<Digest> {
    await this.#resume();
    this.#report(this.#acknowledged);
    if (this.#expected.size > CHUNK_BYTES || !(await this.#sendWhole())) await this.#sendChunks();
    this.#report(this.#expected.size);
    await this.#remembered?.forget();
    return this.#reader.digest();
  }

  async close(): Promise<void> {
    await this.#feed.stop();
    await this.#reader.close();
  }

  /** Leaves what the registry has to the next push of the same file. */
  async leave(): Promise<void> {
    await this.#remembered?.leave(this.#session, this.#acknowledged);
  }

  /** Tells the registry to forget what it has; that it may fail to changes nothing. */
  async cancel(): Promise<void> {
    await this.#remembered?.forget();
    if (this.#session !== undefined) await this.#requests.cancel(this.#session);
  }

  /** Goes on with what an earlier process has left, if the registry still has it. */
  async #resume(): Promise<void> {
    const left = await this.#remembered?.recall();
    if (left === undefined) return;
    // A registry that speaks TLS now is not written to without it.
    if (left.session.url.protocol === 'http:' && (await this.#target.transport.scheme()) === 'https') return;
    this.#session = left.session;
    this.#resumed = true;
    this.#acknowledged = left.acknowledged; // until it is asked
    await this.#locate();
    await this.#reader.skipTo(this.#acknowledged);
  }

  /** One PUT; false if it has to be smaller. */
  async #sendWhole(): Promise<boolean> {
    const { parts } = await this.#reader.read(0, CHUNK_BYTES);
    for (;;) {
      try {
        await this.#put(parts);
        return true;
      } catch (error) {
        // Whatever became of this session, the next try has its own: it re-sends one chunk at most (R1).
        this.#session = undefined;
        if (this.#expected.size > MIN_CHUNK_BYTES && this.#mustBeSmaller(error)) return false;
        if (!isGone(error) || this.#restarted) await this.#wait(error);
        else this.#restarted = true;
      }
    }
  }

  #mustBeSmaller(error: unknown): boolean {
    if (isTooLarge(error)) return this.#chunkSize.shrink();
    if (!isBroken(error)) return false;
    const again = this.#brokenAt !== undefined;
    this.#brokenAt = 0;
    return again && this.#chunkSize.goCarefully();
  }

  async #sendChunks(): Promise<void> {
    for (;;) {
      try {
        if (this.#acknowledged === this.#expected.size) return await this.#put([]);
        const session = await this.#open();
        this.#length = Math.max(this.#chunkSize.after(this.#acknowledged), session.minimumChunk);
        if (session.minimumChunk > MAX_CHUNK_BYTES)
          throw new OmlmdError(
            'unsupported',
            `${this.#target.doing}: the registry wants chunks of ${session.minimumChunk} bytes`,
          );
        await this.#patch(session);
      } catch (error) {
        if (isPatchRefused(error)) return this.#sendStream();
        const ending = this.#acknowledged === this.#expected.size;
        await this.#recover(error);
        // The registry may have ended the upload, and only its answer was lost.
        if (ending && this.#session === undefined && (await this.#isThere())) return;
      }
    }
  }

  async #patch(session: UploadSession): Promise<void> {
    const { start, end, body } = await this.#nextChunk();
    this.#session = await this.#requests.patch(session, { start, end, body }, this.#chunkSize.apart);
    // A success is believed, whatever its Range says: some registries never move it (R8).
    this.#acknowledge(end);
    this.#remembered?.note(this.#session, end);
  }

  /** Small chunks are read ahead and kept until the registry has them, large ones read while they are sent. */
  async #nextChunk(): Promise<ChunkRequest> {
    const start = this.#acknowledged;
    const end = Math.min(start + this.#length, this.#expected.size);
    if (end - start > CHUNK_BYTES) {
      await this.#feed.stop();
      return { start, end, body: { size: end - start, chunks: () => this.#stream(start, end) } };
    }
    const chunk = await this.#feed.take(start, this.#length);
    return { start, end: chunk.end, body: chunk.parts };
  }

  /** After a failure: finds out where the registry is, waits if that may help, or throws. */
  async #recover(error: unknown): Promise<void> {
    if (isTooLarge(error) && this.#chunkSize.shrink(this.#length)) return this.#locate();
    this.#chunkSize.settle();
    if (isGone(error) || (this.#resumed && isRefused(error))) return this.#restart(error);
    if (statusOf(error) === 416) {
      this.#stuck += 1;
      return this.#stuck > MAX_STUCK ? this.#restart(error) : this.#locate();
    }
    await this.#wait(error);
    if (isBroken(error)) this.#noteBreak();
    if (this.#session !== undefined) await this.#locate();
  }

  /** A second break without a byte more: some registries keep nothing of a chunk that did not come whole. */
  #noteBreak(): void {
    if (this.#brokenAt !== undefined && this.#acknowledged <= this.#brokenAt) this.#chunkSize.goCarefully();
    this.#brokenAt = this.#acknowledged;
  }

  /** Goes on where the registry says that it is. */
  async #locate(): Promise<void> {
    if (this.#session === undefined) return;
    try {
      const { session, bytes } = await this.#requests.locate(this.#session);
      this.#session = session;
      this.#acknowledge(Math.min(bytes, this.#expected.size));
    } catch (error) {
      if (statusOf(error) === undefined || isOmlmdError(error, 'unauthorized')) throw error;
      this.#restart(error);
    }
  }

  /**
   * A new session, once a blob (R4). One that an earlier process began does not count, nor one that a broken connection
   * has cost (CNCF distribution loses it so), as long as it can be done more carefully.
   */
  #restart(error: unknown): void {
    const carefully = this.#brokenAt !== undefined && this.#chunkSize.goCarefully();
    if (!this.#resumed && !carefully) {
      if (this.#restarted) throw error;
      this.#restarted = true;
    }
    this.#resumed = false;
    this.#session = undefined;
    this.#acknowledged = 0;
    this.#stuck = 0;
    this.#brokenAt = undefined;
  }

  /** The whole in one streamed PUT, for registries that refuse PATCH (R7). Starts again where a chunked one resumes. */
  async #sendStream(): Promise<void> {
    const { size } = this.#expected;
    await this.#feed.stop();
    // The digest goes before the bytes here, so content of an unknown one has to be read twice.
    const digest = this.#expected.digest ?? (await this.#readDigest());
    for (;;) {
      this.#session = undefined;
      try {
        return await this.#put({ size, chunks: () => this.#stream(0, size) }, digest);
      } catch (error) {
        if (isGone(error) && !this.#restarted) {
          this.#restarted = true;
          continue;
        }
        await this.#wait(error);
        if (await this.#requests.isThere(digest)) return;
      }
    }
  }

  async #isThere(): Promise<boolean> {
    return this.#requests.isThere(await this.#reader.digest());
  }

  async #readDigest(): Promise<Digest> {
    for (let at = 0; at < this.#expected.size; ) at = (await this.#reader.read(at, CHUNK_BYTES)).end;
    return this.#reader.digest();
  }

  /** The bytes from `from` to before `to`, the next of them read while some are sent. */
  async *#stream(from: number, to: number): AsyncGenerator<Uint8Array> {
    const { size } = this.#expected;
    const read = (at: number) => this.#reader.read(at, Math.min(STREAMED_BYTES, to - at));
    for (let at = from, ahead = read(at); at < to; ) {
      const chunk = await ahead;
      at = chunk.end;
      if (at < to) {
        ahead = read(at);
        ahead.catch(() => {}); // told when its turn comes
      }
      // The last bytes of a whole blob only go if the digest is right.
      if (from === 0 && at === size) await this.#reader.digest();
      yield* chunk.parts;
      this.#reader.release(chunk);
      this.#report(at);
    }
  }

  /** Ends the upload. */
  async #put(body: RequestBody, promised?: Digest): Promise<void> {
    const digest = promised ?? (await this.#reader.digest());
    await this.#requests.put(await this.#open(), body, digest);
  }

  async #open(): Promise<UploadSession> {
    this.#session ??= await this.#requests.open();
    return this.#session;
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
