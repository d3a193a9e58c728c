/** Bytes of a PATCH, and the largest blob that goes in one PUT: the most that GHCR takes (R7). */
export const CHUNK_BYTES = 4 * 1024 * 1024;
/** Smallest chunk that refusals and broken connections lead to. */
export const MIN_CHUNK_BYTES = 1024 * 1024;

/**
 * Largest chunk that a registry may ask for, and that one grows to in a long upload in which nothing went wrong: so much
 * may have to be sent again when a connection breaks.
 */
export const MAX_CHUNK_BYTES = 64 * 1024 * 1024;
/** Part of what the registry has that a chunk may be: what a break costs is little beside what is there. */
const GROWN_SHARE = 8;

/** How much is sent at once: more as it goes well, less after refusals, and where connections do not last. */
export class ChunkSize {
  #bytes = CHUNK_BYTES;
  #apart = false;
  #mayGrow = true;

  /** @param acknowledged bytes that the registry has */
  after(acknowledged: number): number {
    if (!this.#mayGrow) return this.#bytes;
    const share = Math.floor(acknowledged / GROWN_SHARE / CHUNK_BYTES) * CHUNK_BYTES;
    return Math.min(Math.max(this.#bytes, share), MAX_CHUNK_BYTES);
  }

  /** Something went wrong: no more than usual is sent at once from now on. */
  settle(): void {
    this.#mayGrow = false;
  }

  /** Whether each chunk is to have a connection of its own. */
  get apart(): boolean {
    return this.#apart;
  }

  /** Halves, or does without what it has grown to; false at the smallest. */
  shrink(sent = this.#bytes): boolean {
    const hadGrown = this.#mayGrow && sent > this.#bytes;
    this.settle();
    if (hadGrown) return true;
    if (this.#bytes <= MIN_CHUNK_BYTES) return false;
    this.#bytes = Math.max(MIN_CHUNK_BYTES, this.#bytes / 2);
    return true;
  }

  /**
   * For ways that cut every connection after so many bytes: smaller chunks, each on a new connection. False when that
   * is how it was done already.
   */
  goCarefully(): boolean {
    const shrunk = this.shrink();
    const changed = shrunk || !this.#apart;
    this.#apart = true;
    return changed;
  }
}
