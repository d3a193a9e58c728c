import type { Content } from '../../oci/content.ts';
import {
  MAX_BYTES_READ,
  MAX_PAGES_KEPT,
  MAX_REQUESTS_AT_ONCE,
  MAX_WINDOW_BYTES,
  MERGED_GAP_PAGES,
  PAGE_BYTES,
} from '../limits.ts';
import { type RangeSourceOptions, readHead, TimeLimit } from './byte-source.ts';
import { ParseStop } from './parse-stop.ts';

/** Bytes of a file that will be wanted. */
export interface Place {
  readonly at: number;
  readonly length: number;
}

/** Pages from `first` to before `end`. */
interface PageRun {
  readonly first: number;
  readonly end: number;
}

/**
 * A file or remote layer read at any place, in any order, for formats that point back and forth (zip, HDF5,
 * flatbuffers). Read in pages that are kept, so that small records beside each other cost one request.
 */
export class PagedSource {
  readonly size: number;
  readonly #content: Content;
  readonly #maxBytes: number;
  readonly #clock: TimeLimit;
  /** By page number, the least recently used first. */
  readonly #pages = new Map<number, Uint8Array>();
  #bytesRead = 0;

  constructor(content: Content, options: RangeSourceOptions = {}) {
    this.size = content.size;
    this.#content = content;
    this.#maxBytes = options.maxBytes ?? MAX_BYTES_READ;
    this.#clock = new TimeLimit(options);
  }

  /** Whether not even a page may be read any more. */
  get isSpent(): boolean {
    return this.#bytesRead + PAGE_BYTES > this.#maxBytes;
  }

  /** Exactly `length` bytes from `at`; the caller has bounded `length`. Throws {@link ParseStop} past the end or a bound. */
  async read(at: number, length: number): Promise<Uint8Array> {
    if (!Number.isSafeInteger(at) || at < 0 || length < 0 || at + length > this.size) {
      throw new ParseStop('truncated', `${length} bytes are stated where the file has ended`, at);
    }
    this.#clock.check(at);
    const first = Math.floor(at / PAGE_BYTES);
    const last = Math.floor(Math.max(at, at + length - 1) / PAGE_BYTES);
    if (last - first >= MAX_PAGES_KEPT / 2) return await this.#fetch(at, at + length);
    const pages: Uint8Array[] = [];
    for (let page = first; page <= last; page += 1) pages.push(await this.#page(page, last));
    const joined = pages.length === 1 && pages[0] !== undefined ? pages[0] : Buffer.concat(pages);
    return joined.subarray(at - first * PAGE_BYTES, at - first * PAGE_BYTES + length);
  }

  /** Whether to tell in advance what will be read saves time. */
  get isRemote(): boolean {
    return this.#content.isRemote === true;
  }

  /**
   * Reads the pages of some places at once, where each by itself would be a request to wait for. Places that are not in
   * the file, or too many, are left to {@link read}.
   */
  async prefetch(places: readonly Place[]): Promise<void> {
    if (!this.isRemote) return;
    const runs = this.#missing(places);
    const bytes = runs.reduce((sum, { first, end }) => sum + (end - first) * PAGE_BYTES, 0);
    if (this.#bytesRead + bytes > this.#maxBytes) return;
    for (let at = 0; at < runs.length; at += MAX_REQUESTS_AT_ONCE) {
      const now = runs.slice(at, at + MAX_REQUESTS_AT_ONCE);
      const read = await Promise.all(now.map((run) => this.#fetchRun(run)));
      for (const [index, run] of now.entries()) this.#keepRun(run, read[index] ?? new Uint8Array());
    }
  }

  /** The pages of `places` that are not here, those that are close together as one run. */
  #missing(places: readonly Place[]): PageRun[] {
    const wanted = new Set<number>();
    for (const { at, length } of places) {
      if (!Number.isSafeInteger(at) || at < 0 || at >= this.size) continue;
      const last = Math.floor((Math.min(at + length, this.size) - 1) / PAGE_BYTES);
      for (
        let page = Math.floor(at / PAGE_BYTES);
        page <= last && wanted.size < MAX_PAGES_KEPT / 2;
        page += 1
      ) {
        if (!this.#pages.has(page)) wanted.add(page);
      }
    }
    const runs: PageRun[] = [];
    for (const page of [...wanted].sort((a, b) => a - b)) {
      const run = runs.at(-1);
      const isClose = run !== undefined && page - run.end <= MERGED_GAP_PAGES;
      if (isClose && page - run.first < MAX_WINDOW_BYTES / PAGE_BYTES)
        runs[runs.length - 1] = { first: run.first, end: page + 1 };
      else runs.push({ first: page, end: page + 1 });
    }
    return runs;
  }

  async #fetchRun({ first, end }: PageRun): Promise<Uint8Array> {
    return await this.#fetch(first * PAGE_BYTES, Math.min(this.size, end * PAGE_BYTES));
  }

  #keepRun({ first, end }: PageRun, bytes: Uint8Array): void {
    for (let n = first; n < end; n += 1)
      this.#keep(n, bytes.slice((n - first) * PAGE_BYTES, (n - first + 1) * PAGE_BYTES));
  }

  /** One page; those up to `last` that are missing after it come in the same request. */
  async #page(page: number, last: number): Promise<Uint8Array> {
    const kept = this.#pages.get(page);
    if (kept !== undefined) {
      this.#pages.delete(page);
      this.#pages.set(page, kept);
      return kept;
    }
    let end = page + 1;
    while (end <= last && !this.#pages.has(end)) end += 1;
    const bytes = await this.#fetchRun({ first: page, end });
    this.#keepRun({ first: page, end }, bytes);
    return bytes.subarray(0, PAGE_BYTES);
  }

  #keep(page: number, bytes: Uint8Array): void {
    this.#pages.set(page, bytes);
    const [oldest] = this.#pages.keys();
    if (this.#pages.size > MAX_PAGES_KEPT && oldest !== undefined) this.#pages.delete(oldest);
  }

  async #fetch(from: number, to: number): Promise<Uint8Array> {
    if (this.#bytesRead + to - from > this.#maxBytes) {
      throw new ParseStop(
        'too-large-to-show',
        `more than ${this.#maxBytes} bytes would have to be read`,
        from,
      );
    }
    this.#bytesRead += to - from;
    const part = this.#content.slice(from, to);
    return await this.#clock.run(from, (signal) => readHead(part, to - from, { signal }));
  }
}
