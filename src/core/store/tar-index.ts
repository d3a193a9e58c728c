import { OmlmdError, quote } from '../errors.ts';
import { type CallOptions, type Content, readAll } from '../oci/content.ts';
import { MAX_TITLE_BYTES } from '../oci/title.ts';
import { type PaxRecords, parsePaxRecords } from './pax-records.ts';
import {
  isZeroBlock,
  parseTarHeader,
  TAR_BLOCK_BYTES,
  type TarHeader,
  tarError,
  upToNul,
} from './tar-header.ts';

/** A file or folder of a tar archive. */
export interface TarEntry {
  /** As it stands in the archive, without a `./` before and a `/` behind: foreign text, unchecked. Empty for the root. */
  readonly path: string;
  readonly kind: 'file' | 'folder';
  /** Where a file's bytes begin in the archive. */
  readonly offset: number;
  /** Bytes; 0 for a folder. */
  readonly size: number;
  /** Whether its owner may execute it; of all permissions the only one that is kept. */
  readonly isExecutable: boolean;
}

/** Largest extended header or long name, bytes; stops one from filling memory. */
const MAX_RECORD_BYTES = 1024 * 1024;
/** Bytes that are read at a header, so that small files cost no read of their own. */
const WINDOW_BYTES = 16 * 1024;

/** What type flags mean that are not unpacked (S5). */
const REFUSED: Readonly<Record<string, string>> = {
  '1': 'a hard link',
  '2': 'a symbolic link',
  '3': 'a device',
  '4': 'a device',
  '6': 'a named pipe',
  S: 'a sparse file',
};
const OWNER_EXECUTES = 0o100;

/**
 * Lists the files and folders of a tar archive (ustar, pax, GNU) without reading what is in them. Strict where programs
 * differ: anything else than a file or folder, and an archive without its end mark, is refused.
 */
export async function* readTarIndex(content: Content, options?: CallOptions): AsyncGenerator<TarEntry> {
  const window = new Window(content, options);
  let records: PaxRecords = {};
  for (let at = 0; ; ) {
    const block = await window.read(at, TAR_BLOCK_BYTES);
    if (isZeroBlock(block)) return await checkEnd(window, at, records);
    const header = parseTarHeader(block);
    at += TAR_BLOCK_BYTES;
    if (isRecordType(header.type)) {
      if (header.size > MAX_RECORD_BYTES)
        throw tarError(`an extended header of the tar archive is larger than ${MAX_RECORD_BYTES} bytes`);
      records = { ...records, ...recordsOf(header.type, await window.read(at, header.size)) };
      at += paddedSize(header.size);
      continue;
    }
    const entry = entryOf(header, records, at);
    if (at + entry.size > content.size) throw truncated();
    yield entry;
    at += paddedSize(entry.size);
    records = {};
  }
}

/** Parts of an archive, small ones from memory. */
class Window {
  readonly #content: Content;
  readonly #options: CallOptions | undefined;
  #start = 0;
  #bytes: Uint8Array = new Uint8Array();

  constructor(content: Content, options: CallOptions | undefined) {
    this.#content = content;
    this.#options = options;
  }

  get size(): number {
    return this.#content.size;
  }

  async read(at: number, bytes: number): Promise<Uint8Array> {
    if (at + bytes > this.size) throw truncated();
    if (at < this.#start || at + bytes > this.#start + this.#bytes.byteLength) {
      const end = Math.min(this.size, at + Math.max(bytes, WINDOW_BYTES));
      this.#bytes = await readAll(this.#content.slice(at, end), end - at, this.#options);
      this.#start = at;
    }
    return this.#bytes.subarray(at - this.#start, at - this.#start + bytes);
  }
}

function truncated(): OmlmdError {
  return tarError('the tar archive ends before its end mark');
}

/** Programs differ in what they make of more archive after one block of zeros, so it is refused. */
async function checkEnd(window: Window, at: number, records: PaxRecords): Promise<void> {
  const next = at + TAR_BLOCK_BYTES;
  const isEnd = next === window.size || isZeroBlock(await window.read(next, TAR_BLOCK_BYTES));
  if (!isEnd || Object.keys(records).length > 0) throw tarError('the tar archive has a gap');
}

function paddedSize(size: number): number {
  return Math.ceil(size / TAR_BLOCK_BYTES) * TAR_BLOCK_BYTES;
}

/** pax headers, one entry's and all entries'; GNU's long names of a file and of a link. */
function isRecordType(type: string): boolean {
  return type === 'x' || type === 'g' || type === 'L' || type === 'K';
}

function recordsOf(type: string, data: Uint8Array): PaxRecords {
  if (type === 'L') return { path: upToNul(data) };
  if (type === 'K') return {};
  const records = parsePaxRecords(data);
  if (type === 'x') return records;
  // `git archive` writes a comment there. A path for all entries makes no sense, and programs differ in what it does.
  if (Object.keys(records).length > 0)
    throw tarError('a global header of the tar archive changes the entries after it');
  return {};
}

function entryOf(header: TarHeader, records: PaxRecords, offset: number): TarEntry {
  const stored = decodePath(records.path ?? header.name);
  const type = records.isSparse === true ? 'S' : header.type;
  const isFolder = type === '5' || stored.endsWith('/');
  if (!['0', '\0', '7', '5'].includes(type)) {
    const what = REFUSED[type] ?? `of the unknown type ${quote(type)}`;
    throw new OmlmdError(
      'unsupported',
      `entry ${quote(stored)} is ${what}; only files and folders are unpacked`,
    );
  }
  const size = records.size ?? header.size;
  if (isFolder && size > 0) throw tarError(`entry ${quote(stored)} is a folder with content`);
  return {
    path: withoutMarks(stored),
    kind: isFolder ? 'folder' : 'file',
    offset,
    size,
    isExecutable: !isFolder && (header.mode & OWNER_EXECUTES) !== 0,
  };
}

/** By hand: a pattern would walk through a path of slashes again and again. */
function withoutMarks(path: string): string {
  let start = 0;
  while (path.startsWith('./', start)) start += 2;
  let end = path.length;
  while (end > start && path.endsWith('/', end)) end -= 1;
  const rest = path.slice(start, end);
  return rest === '.' ? '' : rest;
}

/** Long paths are refused here already: ten thousand of {@link MAX_RECORD_BYTES} would fill memory before their check. */
function decodePath(bytes: Uint8Array): string {
  const refused = (reason: string, cause?: unknown) =>
    new OmlmdError('title-refused', `entry ${quote(Buffer.from(bytes).toString())}: its path ${reason}`, {
      cause,
    });
  if (bytes.byteLength > MAX_TITLE_BYTES) throw refused(`is longer than ${MAX_TITLE_BYTES} bytes`);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw refused('is not UTF-8', cause);
  }
}
