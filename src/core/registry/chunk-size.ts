/** Bytes of a PATCH, and the largest blob that goes in one PUT: the most that GHCR takes (R7). */
export const CHUNK_BYTES = 4 * 1024 * 1024;
/** Smallest chunk that refusals and broken connections lead to. */
export const MIN_CHUNK_BYTES = 1024 * 1024;

/** How much is sent at once: less after refusals, and where connections do not last. */
export class ChunkSize {
  #bytes = CHUNK_BYTES;
  #apart = false;

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether each chunk is to have a connection of its own. */
  get apart(): boolean {
    return this.#apart;
  }

  /** Halves; false at the smallest. */
  shrink(): boolean {
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
