import { randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { storageError } from '../store/storage-error.ts';
import { openTemporaryFolder, removeAbandoned } from '../store/temporary-folder.ts';
import { UploadSession } from './upload-session.ts';

/** How long a session waits for its client, milliseconds: a laptop may sleep over night. */
export const SESSION_LIFETIME_MS = 24 * 60 * 60 * 1000;
/** Most sessions at once. Stops a client that only opens them from filling memory and the folder. */
const MAX_SESSIONS = 1000;
/** How often sessions are looked through for those whose time is over, milliseconds. */
const SWEEP_MS = 60 * 1000;

/**
 * The uploads that have begun. Their files are in one folder beside the repositories, which bears the name of this
 * process: when it is killed, the next server knows that nobody will come back for them.
 */
export class UploadSessions {
  readonly #root: string;
  readonly #lifetimeMs: number;
  readonly #sessions = new Map<string, UploadSession>();
  #folder: Promise<string> | undefined;
  #sweeper: NodeJS.Timeout | undefined;

  /** @param root a folder on the file system of the repositories */
  constructor(root: string, lifetimeMs = SESSION_LIFETIME_MS) {
    this.#root = root;
    this.#lifetimeMs = lifetimeMs;
  }

  /** A new session; undefined where there are too many. */
  async open(repository: string): Promise<UploadSession | undefined> {
    await this.#sweep();
    if (this.#sessions.size >= MAX_SESSIONS) return undefined;
    this.#folder ??= this.#makeFolder();
    const id = randomBytes(16).toString('hex');
    const session = await UploadSession.create(id, repository, join(await this.#folder, id));
    this.#sessions.set(id, session);
    return session;
  }

  /** The session of a repository, by the id that its `Location` ends with. */
  find(repository: string, id: string): UploadSession | undefined {
    const session = this.#sessions.get(id);
    return session?.repository === repository ? session : undefined;
  }

  async discard(session: UploadSession): Promise<void> {
    this.#sessions.delete(session.id);
    await session.discard();
  }

  /** How many uploads of a repository have begun and are not over. */
  count(repository: string): number {
    return [...this.#sessions.values()].filter((session) => session.repository === repository).length;
  }

  /** Forgets every session. */
  async drop(): Promise<void> {
    await Promise.all([...this.#sessions.values()].map((session) => this.discard(session)));
  }

  /** Forgets every session and leaves nothing of them on the disk. */
  async close(): Promise<void> {
    clearInterval(this.#sweeper);
    await this.drop();
    const folder = await this.#folder?.catch(() => undefined);
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
    this.#folder = undefined;
  }

  async #makeFolder(): Promise<string> {
    try {
      await mkdir(this.#root, { recursive: true });
      await removeAbandoned(this.#root);
      this.#sweeper = setInterval(() => void this.#sweep(), Math.min(SWEEP_MS, this.#lifetimeMs)).unref();
      return await openTemporaryFolder(this.#root);
    } catch (error) {
      this.#folder = undefined;
      throw storageError(`write ${this.#root}`, error);
    }
  }

  async #sweep(): Promise<void> {
    for (const session of this.#sessions.values())
      if (session.idleMs > this.#lifetimeMs) await this.discard(session);
  }
}
