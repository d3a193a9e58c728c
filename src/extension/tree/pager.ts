/** Items of a long list, taken page by page; asking for more goes on where the last page ended. */
export class Pager<T> {
  readonly #source: AsyncIterator<T>;
  readonly #items: T[] = [];
  #done = false;

  constructor(source: AsyncIterable<T>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  get items(): readonly T[] {
    return this.#items;
  }

  /** Whether the list has ended. */
  get done(): boolean {
    return this.#done;
  }

  /** Reads up to `count` more items. What was read before an error stays. */
  async more(count: number): Promise<void> {
    for (let left = count; left > 0 && !this.#done; left -= 1) {
      const next = await this.#source.next();
      if (next.done) this.#done = true;
      else this.#items.push(next.value);
    }
  }
}
