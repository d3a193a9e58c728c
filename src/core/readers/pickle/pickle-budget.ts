import { MAX_PICKLE_BYTES_KEPT, MAX_PICKLE_OBJECTS, MAX_PICKLE_TEXT } from '../limits.ts';

/** What all pickles of one file may keep in memory together; beyond it values are only remembered to have been. */
export class PickleBudget {
  #objects = 0;
  #characters = 0;
  #bytes = 0;

  /** Whether no more objects fit. */
  get isFull(): boolean {
    return this.#objects > MAX_PICKLE_OBJECTS;
  }

  /** Takes objects, or places in containers; false where they do not fit. */
  objects(count: number): boolean {
    this.#objects += count;
    return !this.isFull;
  }

  text(characters: number): boolean {
    this.#characters += characters;
    return this.#characters <= MAX_PICKLE_TEXT;
  }

  bytes(count: number): boolean {
    if (this.#bytes + count > MAX_PICKLE_BYTES_KEPT) return false;
    this.#bytes += count;
    return true;
  }
}
