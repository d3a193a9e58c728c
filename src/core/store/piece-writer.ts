import type { FileHandle } from 'node:fs/promises';
import type { Piece } from '../oci/content.ts';

export interface WritePiecesOptions {
  /** Told after each write how many bytes are done. */
  readonly onBytes?: ((done: number) => void) | undefined;
  /** Told after each write how many bytes from the start are there without a gap. */
  readonly onFrontier?: ((bytes: number) => void) | undefined;
}

/** Bytes that are gathered for one write: a trip to the thread pool for each piece of a socket costs more than the write. */
const WRITE_BYTES = 1024 * 1024;

/** Pieces that follow on each other, gathered for one write. */
interface Run {
  readonly position: number;
  readonly parts: Uint8Array[];
  bytes: number;
}

/** A stream as pieces in order. */
export async function* inOrder(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Piece> {
  let position = 0;
  for await (const bytes of chunks) {
    yield { position, bytes };
    position += bytes.byteLength;
  }
}

/** Writes pieces where they belong, in whatever order they come, gathering the next ones while the last are written. */
export async function writePieces(
  file: FileHandle,
  pieces: AsyncIterable<Piece>,
  options: WritePiecesOptions = {},
): Promise<void> {
  const writer = new PieceWriter(file, options);
  try {
    for await (const piece of pieces) await writer.add(piece);
    await writer.flushAll();
  } finally {
    await writer.settled();
  }
}

class PieceWriter {
  readonly #file: FileHandle;
  readonly #options: WritePiecesOptions;
  /** By the position that their next piece would have. */
  readonly #runs = new Map<number, Run>();
  readonly #written = new WrittenRanges();
  #done = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(file: FileHandle, options: WritePiecesOptions) {
    this.#file = file;
    this.#options = options;
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
    this.#done += bytes;
    this.#written.add(position, position + bytes);
    this.#options.onBytes?.(this.#done);
    this.#options.onFrontier?.(this.#written.frontier);
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

/** Which bytes are there: everything before the frontier, and a few ranges beyond it, one a connection. */
class WrittenRanges {
  frontier = 0;
  readonly #beyond = new Map<number, number>();

  add(start: number, end: number): void {
    this.#beyond.set(start, end);
    for (
      let next = this.#beyond.get(this.frontier);
      next !== undefined;
      next = this.#beyond.get(this.frontier)
    ) {
      this.#beyond.delete(this.frontier);
      this.frontier = next;
    }
  }
}
