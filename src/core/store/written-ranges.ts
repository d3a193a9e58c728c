/** Bytes from `start` to before `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Which bytes of a file are there. Few ranges: one a connection, and they join when they meet. */
export class WrittenRanges {
  /** In order; no two touch. */
  #ranges: readonly ByteRange[] = [];

  constructor(ranges: readonly ByteRange[] = []) {
    for (const { start, end } of ranges) this.add(start, end);
  }

  get ranges(): readonly ByteRange[] {
    return this.#ranges;
  }

  /** Bytes that are there from the start on, without a gap. */
  get frontier(): number {
    const [first] = this.#ranges;
    return first?.start === 0 ? first.end : 0;
  }

  get bytes(): number {
    return this.#ranges.reduce((sum, { start, end }) => sum + end - start, 0);
  }

  add(start: number, end: number): void {
    if (end <= start) return;
    const before = this.#ranges.filter((range) => range.end < start);
    const after = this.#ranges.filter((range) => range.start > end);
    const met = this.#ranges.slice(before.length, this.#ranges.length - after.length);
    const joined = {
      start: Math.min(start, met[0]?.start ?? start),
      end: Math.max(end, met.at(-1)?.end ?? end),
    };
    this.#ranges = [...before, joined, ...after];
  }

  /** What is missing of `size` bytes, in order. */
  gaps(size: number): readonly ByteRange[] {
    const gaps: ByteRange[] = [];
    let at = 0;
    for (const { start, end } of this.#ranges) {
      if (start > at) gaps.push({ start: at, end: start });
      at = end;
    }
    if (at < size) gaps.push({ start: at, end: size });
    return gaps;
  }
}
