import { mkdir, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Digest, isDigest } from '../oci/digest.ts';
import type { FileState } from '../oci/file-content.ts';
import { replaceFile } from './durable-file.ts';
import { withLock } from './lock.ts';

/** Files that are remembered; the oldest go first. A line is some 200 bytes. */
const MAX_ENTRIES = 10_000;
/** Largest cache file that is read, bytes: a foreign one must not fill memory. */
const MAX_CACHE_BYTES = 8 * 1024 * 1024;
/** Clocks of file systems tick at most this slowly, ms: a file that is younger may change again with the same times. */
const SETTLED_MS = 100;

/** Any change of a file's bytes changes the last three, and `ctime` cannot be set back. */
function keyOf({ dev, ino, size, mtimeNs, ctimeNs }: FileState): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(':');
}

/** Whether nothing can have happened to a file between two looks. */
export function isSameFile(a: FileState, b: FileState): boolean {
  return keyOf(a) === keyOf(b);
}

/** Whether any later change of the file will show in its times. */
function isSettled({ mtimeNs, ctimeNs, seenMs }: FileState): boolean {
  const newest = Math.max(Number(mtimeNs / 1_000_000n), Number(ctimeNs / 1_000_000n));
  return seenMs - newest >= SETTLED_MS;
}

/**
 * Digests of files that were hashed before, so that an unchanged model is not read again. Losing the file only costs
 * time; what cannot be read or written is passed over.
 */
export class DigestCache {
  readonly #path: string;
  /** Looked at one by one, when they are asked for: of thousands a push needs a few. */
  #known: Promise<Map<string, unknown>> | undefined;
  readonly #fresh = new Map<string, Digest>();

  /** @param path of the cache's own file */
  constructor(path: string) {
    this.#path = path;
  }

  /** The digest of a file in this state, if it is remembered. */
  async look(state: FileState): Promise<Digest | undefined> {
    const key = keyOf(state);
    this.#known ??= this.#read();
    const digest = this.#fresh.get(key) ?? (await this.#known).get(key);
    return isDigest(digest) ? digest : undefined;
  }

  /** Digests of files of this size that were hashed before, the newest first, at most `most`: a copy has another key. */
  async ofSize(size: number, most: number): Promise<readonly Digest[]> {
    this.#known ??= this.#read();
    const found = [...(await this.#known)].filter(([key]) => key.split(':')[2] === String(size));
    return [...new Set(found.reverse().map(([, digest]) => digest))].filter(isDigest).slice(0, most);
  }

  /** Remembers a digest; the file was in this state before it was read and after it. */
  put(state: FileState, digest: Digest): void {
    if (isSettled(state)) this.#fresh.set(keyOf(state), digest);
  }

  /** Writes what was remembered, beside what other processes have written since. */
  async save(): Promise<void> {
    if (this.#fresh.size === 0) return;
    try {
      await mkdir(dirname(this.#path), { recursive: true });
      await withLock(`${this.#path}.lock`, async () => {
        const entries = await this.#read();
        for (const [key, digest] of this.#fresh) {
          entries.delete(key);
          entries.set(key, digest);
        }
        const kept = [...entries].slice(-MAX_ENTRIES);
        await replaceFile(this.#path, `${JSON.stringify(Object.fromEntries(kept))}\n`);
        this.#known = Promise.resolve(new Map(kept));
      });
      this.#fresh.clear();
    } catch {
      // A cache that cannot be written is no reason to fail what was hashed for it.
    }
  }

  async #read(): Promise<Map<string, unknown>> {
    try {
      if ((await stat(this.#path)).size > MAX_CACHE_BYTES) return new Map();
      const document: unknown = JSON.parse(await readFile(this.#path, 'utf8'));
      return new Map(Object.entries(document ?? {}));
    } catch {
      return new Map();
    }
  }
}
