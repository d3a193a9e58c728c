import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, isDigest } from '../oci/digest.ts';

const ALGORITHMS = ['sha256', 'sha512'] as const;

/** A regular file of a layout. */
export interface StoredFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** The same for all names of one file. */
  readonly identity: string;
  /** Names that the file has, here and in other repositories of the store. */
  readonly links: number;
  readonly modifiedMs: number;
  /** Milliseconds since 1970 of the last sign that somebody wants the file. */
  readonly touchedMs: number;
}

/** A file among the blobs of a layout. */
export interface StoredBlob extends StoredFile {
  readonly digest: Digest;
}

/** What is at a path; undefined where there is no regular file. */
export async function storedFile(path: string): Promise<StoredFile | undefined> {
  const stat = await lstat(path).catch(() => undefined);
  if (!stat?.isFile()) return undefined;
  const { size, nlink: links, dev, ino, mtimeMs, ctimeMs } = stat;
  return {
    path,
    size,
    identity: `${dev}:${ino}`,
    links,
    modifiedMs: mtimeMs,
    // A new name leaves the file's own time as it is, so a file with several names may have got one just now.
    touchedMs: links > 1 ? Math.max(mtimeMs, ctimeMs) : mtimeMs,
  };
}

/** The blobs of a layout. What is no regular file with a digest for a name is passed over. */
export async function* listBlobs(layout: string): AsyncGenerator<StoredBlob> {
  for (const algorithm of ALGORITHMS) {
    const folder = join(layout, 'blobs', algorithm);
    for (const name of await readdir(folder).catch(() => [])) {
      const digest = `${algorithm}:${name}`;
      if (!isDigest(digest)) continue;
      const file = await storedFile(join(folder, name));
      if (file !== undefined) yield { ...file, digest };
    }
  }
}
