import { dirname } from 'node:path/posix';
import { OmlmdError, quote } from '../errors.ts';
import type { CallOptions, Content } from '../oci/content.ts';
import { type Digest, Digester } from '../oci/digest.ts';
import type { FileContent } from '../oci/file-content.ts';
import type { OnProgress, Progress } from '../oci/progress.ts';
import { openTar, type UnpackBudget } from './archive.ts';
import type { FileToPlace } from './output-folder.ts';
import { readTarIndex } from './tar-index.ts';

/** A tar archive, compressed or not, whose files are to be in the folder in its place. */
export interface ArchiveToPlace extends FileToPlace {
  /**
   * `inside`: its entries carry the title as their first folder, as oras writes a folder. `beside`: they are unpacked
   * where the archive would lie.
   */
  readonly unpack: 'inside' | 'beside';
  /** Digest of the tar archive before it was compressed, where the layer states one. */
  readonly tarDigest?: Digest | undefined;
}

/** An archive that was looked through, with nothing of it placed yet. Paths are relative to the output folder. */
export interface UnpackedArchive {
  readonly archive: ArchiveToPlace;
  /** The file that was downloaded. */
  readonly path: string;
  /** The archive, not compressed: the same file, or another. */
  readonly tar: FileContent;
  /** In the order of their bytes. */
  readonly files: readonly ArchivedFile[];
  readonly folders: readonly string[];
}

/** A file in an archive. */
export interface ArchivedFile {
  /** Where it is to be: foreign text, unchecked. */
  readonly title: string;
  /** A slice of the archive, from `offset` on. */
  readonly content: Content;
  readonly offset: number;
  readonly isExecutable: boolean;
}

/** The title of a folder that oras pushed from within. */
export const HERE = '.';

/** The folder that an archive's files must be in; empty for the output folder. */
export function baseOf({ title, unpack }: Pick<ArchiveToPlace, 'title' | 'unpack'>): string {
  const base = unpack === 'inside' ? title : dirname(title);
  return base === HERE ? '' : base;
}

/** Media type of what is in an archive: nothing is known of it. */
const CONTENT_TYPE = 'application/octet-stream';

export interface UnpackOptions extends CallOptions {
  readonly onProgress?: OnProgress | undefined;
}

/**
 * Opens an archive that was downloaded and verified, and lists what is in it. What a compressed one
 * was inflated to is at `scratch`. An entry outside of the archive's folder is refused, as oras does (S5).
 */
export async function unpackArchive(
  archive: ArchiveToPlace,
  path: string,
  options: UnpackOptions & { readonly budget: UnpackBudget; readonly scratch: string },
): Promise<UnpackedArchive> {
  const { signal, budget, scratch } = options;
  try {
    const tar = await openTar(path, scratch, {
      signal,
      budget,
      digest: archive.tarDigest,
      onBytes: (bytes) => reportArchive(options, archive, 'read', bytes, archive.descriptor.size),
    });
    return { archive, path, tar, ...(await listArchive(archive, tar, budget, { signal })) };
  } catch (error) {
    if (!(error instanceof OmlmdError)) throw error;
    throw new OmlmdError(error.code, `unpack ${quote(archive.title)}: ${error.message}`, { cause: error });
  }
}

async function listArchive(
  archive: ArchiveToPlace,
  tar: Content,
  budget: UnpackBudget,
  options: CallOptions,
): Promise<Pick<UnpackedArchive, 'files' | 'folders'>> {
  const base = baseOf(archive);
  const files: ArchivedFile[] = [];
  const folders = base === '' ? [] : [base];
  for await (const { path, kind, offset, size, isExecutable } of readTarIndex(tar, options)) {
    budget.takeEntry();
    if (kind === 'folder' && path === '') continue; // "./", which some programs put first
    const title = archive.unpack === 'inside' || base === '' ? path : `${base}/${path}`;
    if (base !== '' && title !== base && !title.startsWith(`${base}/`))
      throw new OmlmdError('title-refused', `entry ${quote(path)} is not in its folder ${quote(base)}`);
    if (kind === 'folder') folders.push(title);
    else files.push({ title, content: tar.slice(offset, offset + size), offset, isExecutable });
  }
  return { files, folders };
}

/**
 * The files of an archive with their digests, so that they are compared and placed like any others. One pass through
 * the archive: opening it for each of ten thousand small files takes ten times as long.
 */
export async function hashArchive(
  { archive, tar, files }: UnpackedArchive,
  options: UnpackOptions,
): Promise<readonly FileToPlace[]> {
  const hashed: FileToPlace[] = [];
  let digester = new Digester();
  let at = 0;
  for await (const chunk of tar.stream(options)) {
    const end = at + chunk.byteLength;
    for (let file = files[hashed.length]; file !== undefined; file = files[hashed.length]) {
      const { title, content, offset } = file;
      digester.update(chunk.subarray(Math.max(0, offset - at), Math.max(0, offset + content.size - at)));
      if (offset + content.size > end) break;
      const descriptor = { mediaType: CONTENT_TYPE, digest: digester.digest(), size: content.size };
      hashed.push({ title, descriptor, open: async () => content });
      digester = new Digester();
    }
    at = end;
    reportArchive(options, archive, 'hash', at, tar.size);
  }
  return hashed;
}

/** Progress of an archive as one piece: ten thousand small files are no ten thousand lines. */
export function reportArchive(
  { onProgress }: UnpackOptions,
  { title, descriptor }: ArchiveToPlace,
  kind: Progress['kind'],
  bytes: number,
  total: number,
): void {
  onProgress?.({
    id: descriptor.digest,
    name: title,
    kind,
    bytes,
    total,
    state: bytes >= total ? 'done' : 'active',
  });
}
