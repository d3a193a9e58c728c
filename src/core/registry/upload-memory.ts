import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import type { Log } from '../log.ts';
import type { Content } from '../oci/content.ts';
import { isFileContent } from '../oci/file-content.ts';
import type { UploadSession } from './upload-session.ts';

/** An upload that a later process may go on with (R2). */
export interface UnfinishedUpload {
  /** Where it goes on. May hold the registry's state, never a login. */
  readonly url: string;
  /** Bytes; as in {@link UploadSession}. */
  readonly minimumChunk: number;
  /** Bytes that the registry had when this was written; it is asked again. */
  readonly acknowledged: number;
}

/** Keeps unfinished uploads beyond this process. A key stands for a file in a state, and a repository. */
export interface UploadMemory {
  /** The upload that nobody works on any more; it is taken out, so that only one goes on with it. */
  takeUpload(key: string): Promise<UnfinishedUpload | undefined>;
  /** @param isLeft whether anybody may take it now, or only when this process is gone */
  keepUpload(key: string, upload: UnfinishedUpload, isLeft: boolean): Promise<void>;
  dropUpload(key: string): Promise<void>;
}

/** Milliseconds between two notes: on a fast way each chunk would be one, and resuming there saves less. */
const NOTE_MS = 200;

/**
 * One upload's place in the memory. What cannot be kept or read is passed over: then the file is sent from its start.
 */
export class RememberedUpload {
  readonly #memory: UploadMemory;
  readonly #key: string;
  readonly #log: Log;
  #notedAt = Number.NEGATIVE_INFINITY;
  #noting: Promise<void> | undefined;

  constructor(memory: UploadMemory, key: string, log: Log) {
    this.#memory = memory;
    this.#key = key;
    this.#log = log;
  }

  /** The session that an earlier process has left. */
  async recall(): Promise<{ readonly session: UploadSession; readonly acknowledged: number } | undefined> {
    const found = await this.#try(() => this.#memory.takeUpload(this.#key));
    const url = found === undefined ? null : URL.parse(found.url);
    if (found === undefined || url === null || !isSessionUrl(url)) return undefined;
    return { session: { url, minimumChunk: found.minimumChunk }, acknowledged: found.acknowledged };
  }

  /** Notes how far the upload is, now and then; nobody waits for it. */
  note(session: UploadSession, acknowledged: number): void {
    if (this.#noting !== undefined || performance.now() - this.#notedAt < NOTE_MS) return;
    this.#noting = this.#keep(session, acknowledged, false).finally(() => {
      this.#noting = undefined;
      this.#notedAt = performance.now();
    });
  }

  /** Leaves the upload to whoever pushes the file next. */
  async leave(session: UploadSession | undefined, acknowledged: number): Promise<void> {
    await this.#noting;
    if (session === undefined || acknowledged === 0) await this.forget();
    else await this.#keep(session, acknowledged, true);
  }

  async forget(): Promise<void> {
    await this.#noting;
    await this.#try(() => this.#memory.dropUpload(this.#key));
  }

  async #keep(session: UploadSession, acknowledged: number, isLeft: boolean): Promise<void> {
    const { url, minimumChunk } = session;
    if (!isSessionUrl(url)) return;
    const upload = { url: url.href, minimumChunk, acknowledged };
    await this.#try(() => this.#memory.keepUpload(this.#key, upload, isLeft));
  }

  async #try<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      this.#log.debug(`an unfinished upload could not be kept or read: ${String(error)}`);
      return undefined;
    }
  }
}

/** A URL with a login in it is not written to a file (S19). */
function isSessionUrl({ protocol, username, password }: URL): boolean {
  return /^https?:$/.test(protocol) && username === '' && password === '';
}

/** The key of a file, as it is now, on its way to a repository; undefined for what is no file. */
export async function uploadKey(repository: string, content: Content): Promise<string | undefined> {
  if (!isFileContent(content)) return undefined;
  const found = await stat(content.path, { bigint: true }).catch(() => undefined);
  if (found === undefined || Number(found.size) !== content.size) return undefined;
  const { dev, ino, size, mtimeNs, ctimeNs } = found;
  const text = [repository, dev, ino, size, mtimeNs, ctimeNs].join('\n');
  return createHash('sha256').update(text).digest('hex');
}
