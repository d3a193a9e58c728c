/**
 * Memory that one upload reads its file into, over and over. Fresh memory for every piece of a large model costs more
 * than reading it: each page is given by the system, and collected later.
 */
export class BlockPool {
  readonly #free: Uint8Array[] = [];
  readonly #own = new WeakSet<ArrayBufferLike>();

  /** At least `bytes` of memory that nobody else uses. */
  readonly take = (bytes: number): Uint8Array => {
    const free = this.#free.pop();
    if (free !== undefined && free.byteLength >= bytes) return free;
    const block = Buffer.allocUnsafeSlow(bytes);
    this.#own.add(block.buffer);
    return block;
  };

  /** Takes back what {@link take} gave, once nobody will look at it again. A part of a block is left to the collector; so is foreign memory. */
  give(parts: readonly Uint8Array[]): void {
    for (const part of parts)
      if (part.byteLength === part.buffer.byteLength && this.#own.has(part.buffer)) this.#free.push(part);
  }
}
