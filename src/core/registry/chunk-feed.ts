import { type Chunk, type ChunkReader, cutChunk } from './chunk-reader.ts';

/** The chunk on its way, and the one that is read and hashed meanwhile. */
export class ChunkFeed {
  readonly #reader: ChunkReader;
  readonly #size: number;
  #current: Chunk | undefined;
  #ahead: Promise<Chunk> | undefined;

  /** @param size of the content, bytes */
  constructor(reader: ChunkReader, size: number) {
    this.#reader = reader;
    this.#size = size;
  }

  /** The chunk from `from` on; while it is sent, the next one is read. */
  async take(from: number, length: number): Promise<Chunk> {
    const chunk = await this.#chunkAt(from, length);
    this.#readAhead(chunk.end, length);
    return chunk;
  }

  /** Lets go of what was read; the reader may be used for something else then. */
  async stop(): Promise<void> {
    await this.#ahead?.catch(() => {});
    this.#ahead = undefined;
    this.#current = undefined;
  }

  async #chunkAt(from: number, length: number): Promise<Chunk> {
    const kept = cutChunk(this.#current, from, length);
    if (kept !== undefined) return kept;
    if (this.#current !== undefined && from >= this.#current.end) this.#reader.release(this.#current);
    const ahead = this.#ahead;
    this.#ahead = undefined;
    this.#current = cutChunk(await ahead, from, length) ?? (await this.#reader.read(from, length));
    return this.#current;
  }

  #readAhead(from: number, length: number): void {
    if (this.#ahead !== undefined || from >= this.#size) return;
    this.#ahead = this.#reader.read(from, length);
    this.#ahead.catch(() => {}); // it is awaited, and its failure told, when its turn comes
  }
}
