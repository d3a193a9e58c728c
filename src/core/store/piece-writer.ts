import type { FileHandle } from 'node:fs/promises';
import type { Piece } from '../oci/content.ts';
import { WrittenRanges } from './written-ranges.ts';

export interface WritePiecesOptions {
  /** What the file has already; what is written is added to it. Default: nothing. */
  readonly written?: WrittenRanges | undefined;
  /** Told after each write how many bytes are there, those from before included. */
  readonly onBytes?: ((done: number) => void) | undefined;
  /** Told after each write how many bytes from the start are there without a gap. */
  readonly onFrontier?: ((bytes: number) => void) | undefined;
  /** Told of pieces that are written: their memory may be used again. */
  readonly onSpent?: ((parts: readonly Uint8Array[]) => void) | undefined;
  /** Waited for after each write, before the next one. */
  readonly onWritten?: (() => Promise<void>) | undefined;
}

/** Bytes that are gathered for one write: a trip to the thread pool for each piece of a socket costs more than the write. */
const WRITE_BYTES = 1024 * 1024;

/** Pieces that follow on each other, gathered for one write. */
interface Run {
  readonly position: number;
  readonly parts: Uint8Array[];
  bytes: number;
}

/** A stream as pieces in order, the first of them at `from`. */
export async function* inOrder(chunks: AsyncIterable<Uint8Array>, from = 0): AsyncGenerator<Piece> {
  let position = from;
  for await (const bytes of chunks) {
    yield { position, bytes };
    position += bytes.byteLength;
  }
}

/**
 * Writes pieces where they belong, in whatever order they come, gathering the next ones while the last are written.
 * When they break off, those that came are written all the same: somebody may go on from there.
 */
export async function writePieces(
  file: FileHandle,
  pieces: AsyncIterable<Piece>,
  options: WritePiecesOptions = {},
): Promise<void> {
  const writer = new PieceWriter(file, options);
  try {
    for await (const piece of pieces) await writer.add(piece);
    await writer.flushAll();
  } catch (error) {
    await writer.flushAll().catch(() => {}); // why the pieces broke off is the news
    throw error;
  } finally {
    await writer.settled();
  }
}

class PieceWriter {
  readonly #file: FileHandle;
  readonly #options: WritePiecesOptions;
  /** By the position that their next piece would have. */
  readonly #runs = new Map<number, Run>();
  readonly #written: WrittenRanges;
  #done: number;
  #writing: Promise<void> = Promise.resolve();

  constructor(file: FileHandle, options: WritePiecesOptions) {
    this.#file = file;
    this.#options = options;
    this.#written = options.written ?? new WrittenRanges();
    this.#done = this.#written.bytes;
  }

  async add({ position, bytes }: Piece): Promise<void> {
    const run = this.#runs.get(position) ?? { position, parts: [], bytes: 0 };
    this.#runs.delete(position);
    run.parts.push(bytes);
    run.bytes += bytes.byteLength;
    if (run.bytes >= WRITE_BYTES) await this.#flush(run);
    else this.#runs.set(position + bytes.byteLength, run);
  }

  async flushAll(): Promise<void> {
    for (const run of this.#runs.values()) await this.#flush(run);
    this.#runs.clear();
    await this.#writing;
  }

  /** Waits for the write that is under way, whatever becomes of it. */
  async settled(): Promise<void> {
    await this.#writing.catch(() => {});
  }

  async #flush(run: Run): Promise<void> {
    await this.#writing;
    this.#writing = this.#write(run);
    this.#writing.catch(() => {}); // it is awaited before the next one starts, and at the end
  }

  async #write({ position, parts, bytes }: Run): Promise<void> {
    const { bytesWritten } = await this.#file.writev(parts, position);
    if (bytesWritten < bytes) await this.#writeRest(position, parts, bytesWritten);
    this.#options.onSpent?.(parts);
    this.#done += bytes;
    this.#written.add(position, position + bytes);
    this.#options.onBytes?.(this.#done);
    this.#options.onFrontier?.(this.#written.frontier);
    await this.#options.onWritten?.();
  }

  /** Only a disk that is nearly full, or a signal, leaves a rest. */
  async #writeRest(position: number, parts: readonly Uint8Array[], written: number): Promise<void> {
    let skip = written;
    let at = position;
    for (const part of parts) {
      let left = part.subarray(Math.min(skip, part.byteLength));
      at += part.byteLength - left.byteLength;
      skip -= part.byteLength - left.byteLength;
      while (left.byteLength > 0) {
        const { bytesWritten } = await this.#file.write(left, 0, left.byteLength, at);
        at += bytesWritten;
        left = left.subarray(bytesWritten);
      }
    }
  }
}
