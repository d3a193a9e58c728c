import { mkdir, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as z from 'zod';
import { type Digest, isDigest } from '../oci/digest.ts';
import { replaceFile } from './durable-file.ts';
import { withLock } from './lock.ts';

/** Files that are remembered; the oldest go first. A line is some 200 bytes. */
const MAX_ENTRIES = 10_000;
/** Largest cache file that is read, bytes: a foreign one must not fill memory. */
const MAX_CACHE_BYTES = 8 * 1024 * 1024;
/** Clocks of file systems tick at most this slowly, ms: a file that is younger may change again with the same times. */
const SETTLED_MS = 100;

const CacheSchema = z.record(z.string(), z.custom<Digest>(isDigest));

/** A file's identity and state: any change of its bytes changes the last three, and `ctime` cannot be set back. */
async function keyOf(path: string): Promise<{ readonly key: string; readonly changedMs: number }> {
  const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
  const newest = Math.max(Number(mtimeNs / 1_000_000n), Number(ctimeNs / 1_000_000n));
  return { key: [dev, ino, size, mtimeNs, ctimeNs].join(':'), changedMs: newest };
}

/** What the cache knows of a file. */
export interface FileMark {
  readonly key: string;
  /** Undefined for a file that is new or has changed. */
  readonly digest: Digest | undefined;
}

/**
 * Digests of files that were hashed before, so that an unchanged model is not read again. Losing the file only costs
 * time; what cannot be read or written is passed over.
 */
export class DigestCache {
  readonly #path: string;
  #known: Promise<Map<string, Digest>> | undefined;
  readonly #fresh = new Map<string, Digest>();

  /** @param path of the cache's own file */
  constructor(path: string) {
    this.#path = path;
  }

  /** A file's digest, if it has not changed since that was remembered, and its state before it is read. */
  async look(path: string): Promise<FileMark> {
    const { key } = await keyOf(path);
    this.#known ??= this.#read();
    return { key, digest: this.#fresh.get(key) ?? (await this.#known).get(key) };
  }

  /** Digests of files of this size that were hashed before, the newest first, at most `most`: a copy has another key. */
  async ofSize(size: number, most: number): Promise<readonly Digest[]> {
    this.#known ??= this.#read();
    const found = [...(await this.#known)].filter(([key]) => key.split(':')[2] === String(size));
    return [...new Set(found.reverse().map(([, digest]) => digest))].slice(0, most);
  }

  /** Remembers a digest that was just computed; `before` is {@link look}'s answer from before the file was read. */
  async put(path: string, before: FileMark, digest: Digest): Promise<void> {
    const { key, changedMs } = await keyOf(path);
    if (key === before.key && Date.now() - changedMs >= SETTLED_MS) this.#fresh.set(key, digest);
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

  async #read(): Promise<Map<string, Digest>> {
    try {
      if ((await stat(this.#path)).size > MAX_CACHE_BYTES) return new Map();
      const document: unknown = JSON.parse(await readFile(this.#path, 'utf8'));
      return new Map(Object.entries(CacheSchema.parse(document)));
    } catch {
      return new Map();
    }
  }
}
