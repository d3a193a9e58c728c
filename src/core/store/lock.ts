import { randomBytes } from 'node:crypto';
import { link, open, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { OmlmdError } from '../errors.ts';
import type { CallOptions } from '../oci/content.ts';
import { temporaryName } from './durable-file.ts';
import { lookUp, ownIdentity, ProcessIdentitySchema } from './process-identity.ts';
import { storageError, systemCode } from './storage-error.ts';

/** Between two signs of life of a holder, milliseconds. */
const HEARTBEAT_MS = 5_000;
/** Without a sign of life for so long, the lock of a holder that cannot be looked up is taken over (R26). */
const STALE_MS = 30_000;
/** Longest wait for a lock, milliseconds: a holder keeps it for the time of a few small writes. */
const WAIT_MS = 90_000;
/** Between two tries, milliseconds: from, and at most. */
const POLL_MS = { first: 2, most: 50 };

const LockSchema = ProcessIdentitySchema.extend({ token: z.string().max(64) });

/** A lock that is held. */
export interface HeldLock {
  /** Throws `store-busy` when another process took the lock over: called last before the write it protects. */
  assertHeld(): Promise<void>;
}

/**
 * Does work while no other process holds the lock file at `path`. The lock of a process of this host that is gone is
 * taken over at once; where the holder cannot be looked up, after 30 s without a sign of life.
 */
export async function withLock<T>(
  path: string,
  work: (lock: HeldLock) => Promise<T>,
  options?: CallOptions,
): Promise<T> {
  const token = randomBytes(16).toString('hex');
  await acquire(path, token, options?.signal);
  const heartbeat = setInterval(() => void beat(path), HEARTBEAT_MS).unref();
  const isOurs = async () => (await readLock(path))?.token === token;
  try {
    return await work({
      async assertHeld() {
        if (!(await isOurs()))
          throw busy(path, 'another process took the lock over while this one was stopped');
      },
    });
  } finally {
    clearInterval(heartbeat);
    if (await isOurs()) await rm(path, { force: true });
  }
}

function busy(path: string, what: string): OmlmdError {
  return new OmlmdError('store-busy', `lock ${path}: ${what}`, { retryable: true });
}

/** A sign of life. One that fails is made up for by the next. */
async function beat(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now).catch(() => {});
}

async function acquire(path: string, token: string, signal: AbortSignal | undefined): Promise<void> {
  // The host's name is for people who wonder about the file.
  const text = JSON.stringify({ ...(await ownIdentity()), hostname: hostname(), token });
  const ready = await prepare(path, text);
  try {
    await waitFor(path, () => create(path, text, ready), signal);
  } finally {
    await rm(ready, { force: true });
  }
}

/** Tries until it is ours. */
async function waitFor(
  path: string,
  create: () => Promise<boolean>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const started = performance.now();
  const watch = new Watch(path);
  for (let pause = POLL_MS.first; ; pause = Math.min(pause * 1.5, POLL_MS.most)) {
    signal?.throwIfAborted();
    if (await create()) return;
    if (await watch.isStale()) {
      await takeAway(path, watch.token);
      continue;
    }
    if (performance.now() - started > WAIT_MS)
      throw busy(path, `another process has held it for ${WAIT_MS / 1000} s`);
    await sleep(pause * (0.5 + Math.random()));
  }
}

/** The lock file under a name of its own. */
async function prepare(path: string, text: string): Promise<string> {
  const ready = temporaryName(dirname(path));
  try {
    await writeFile(ready, text, { flag: 'wx' });
    return ready;
  } catch (error) {
    await rm(ready, { force: true });
    throw storageError(`lock ${path}`, error);
  }
}

/** Makes the lock file with all that is in it: nobody could tell whose an empty one is, and all would wait for it. */
async function create(path: string, text: string, ready: string): Promise<boolean> {
  try {
    await link(ready, path);
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    // A file system without hard links.
    return await createAnew(path, text);
  }
}

async function createAnew(path: string, text: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx');
    try {
      await file.writeFile(text);
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    // EPERM: Windows, while the lock is being removed.
    if (systemCode(error) === 'EEXIST' || (process.platform === 'win32' && systemCode(error) === 'EPERM'))
      return false;
    throw storageError(`lock ${path}`, error);
  }
}

/** A lock file's content; null when it has none that makes sense (a holder died while writing it), undefined when it is not there. */
async function readLock(path: string): Promise<z.infer<typeof LockSchema> | null | undefined> {
  try {
    return LockSchema.safeParse(JSON.parse(await readFile(path, 'utf8'))).data ?? null;
  } catch (error) {
    return systemCode(error) === 'ENOENT' ? undefined : null;
  }
}

/** Another's lock, watched for signs of life by our own clock: the clocks of two hosts differ. */
class Watch {
  readonly #path: string;
  #seen = '';
  #since = performance.now();
  /** Of the lock last seen; undefined when it was not readable. */
  token: string | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  async isStale(): Promise<boolean> {
    const lock = await readLock(this.#path);
    const time = await stat(this.#path, { bigint: true }).then(
      (s) => s.mtimeNs,
      () => undefined,
    );
    if (lock === undefined || time === undefined) return false;
    this.token = lock?.token;
    const sign = `${lock?.token} ${time}`;
    if (sign !== this.#seen) {
      this.#seen = sign;
      this.#since = performance.now();
    }
    const holder = lock === null ? 'unknown' : await lookUp(lock);
    return holder === 'gone' || (holder === 'unknown' && performance.now() - this.#since > STALE_MS);
  }
}

/**
 * Removes a stale lock. Two that wait may both find it stale, and the slower one must not remove what the faster one
 * made in the meantime: so removing is itself behind a lock file, and looks again.
 */
async function takeAway(path: string, token: string | undefined): Promise<void> {
  const guard = `${path}.takeover`;
  if (!(await createAnew(guard, ''))) {
    await removeOldGuard(guard);
    return;
  }
  try {
    const lock = await readLock(path);
    if (lock !== undefined && lock?.token === token) await rm(path, { force: true });
  } finally {
    await rm(guard, { force: true });
  }
}

/** A process that died within the few system calls of {@link takeAway} leaves its guard. */
async function removeOldGuard(guard: string): Promise<void> {
  const age = await stat(guard).then(
    (s) => Date.now() - s.mtimeMs,
    () => 0,
  );
  if (age > STALE_MS) await rm(guard, { force: true });
  else await sleep(POLL_MS.most);
}
