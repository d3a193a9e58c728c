import { performance } from 'node:perf_hooks';
import { isOmlmdError } from '../errors.ts';
import type { Piece, StreamOptions } from '../oci/content.ts';

/** Gives the bytes from `from` to before `to`, taken up again where they break off. */
export type ReadRange = (
  from: number,
  to: number,
  options: StreamOptions & { readonly onIgnoredRange?: (() => never) | undefined },
) => AsyncIterable<Uint8Array>;

/** Most connections for one blob. */
const MAX_CONNECTIONS = 8;
/** Smallest rest that is worth a connection of its own, bytes. */
const MIN_REGION_BYTES = 8 * 1024 * 1024;
/** How long a number of connections is watched before more are tried, milliseconds. */
const WATCH_MS = 300;
/** More connections must bring this much, or no more are tried. */
const WORTHWHILE_GAIN = 1.15;
/** Share of the time that this thread may be busy: above it, it is what limits, and more connections only more work. */
const MAX_BUSY = 0.3;
/** Pieces that wait to be taken; the connections wait beyond that, so memory stays flat. */
const MAX_QUEUED = 4;

/** A part of the blob that one connection fetches. */
interface Region {
  at: number;
  end: number;
}

/** Thrown to a connection of ours whose range was ignored; never leaves this file. */
class RangeIgnored extends Error {}

/**
 * Fetches one blob over as many connections as bring more bytes: it begins with one, doubles them while the total rate
 * rises, and stays with one where the registry ignores ranges or refuses more connections. A connection that is done
 * takes over half of the largest rest.
 */
export class ParallelDownload {
  readonly #read: ReadRange;
  readonly #allocate: StreamOptions['allocate'];
  readonly #failed = new AbortController();
  readonly #signal: AbortSignal;
  readonly #regions = new Set<Region>();
  readonly #queue: Piece[] = [];
  #received = 0;
  #running = 0;
  /** Further connections that have not brought a byte yet: too early to judge them. */
  #pending = 0;
  #mayGrow = true;
  #wakeConsumer: (() => void) | undefined;
  #wakeProducers: (() => void)[] = [];

  constructor(read: ReadRange, { signal, allocate }: StreamOptions = {}) {
    this.#read = read;
    this.#allocate = allocate;
    this.#signal = signal ? AbortSignal.any([signal, this.#failed.signal]) : this.#failed.signal;
    this.#signal.addEventListener('abort', () => this.#wake());
  }

  async *pieces(from: number, size: number): AsyncGenerator<Piece> {
    if (from >= size) return;
    this.#start({ at: from, end: size });
    const timer = setInterval(this.#watch(), WATCH_MS);
    try {
      for (;;) {
        const piece = this.#queue.shift();
        if (piece !== undefined) {
          yield piece;
          this.#wakeProducers.splice(0).forEach((wake) => {
            wake();
          });
        } else if (this.#signal.aborted) throw this.#signal.reason;
        else if (this.#running === 0) return;
        else
          await new Promise<void>((resolve) => {
            this.#wakeConsumer = resolve;
            if (this.#signal.aborted) resolve();
          });
      }
    } finally {
      clearInterval(timer);
      this.#failed.abort();
      this.#wakeProducers.splice(0).forEach((wake) => {
        wake();
      });
    }
  }

  /** Looks at the rate now and then, and doubles the connections while that helps. */
  #watch(): () => void {
    let before = { bytes: this.#received, at: performance.now(), rate: 0 };
    let loop = performance.eventLoopUtilization();
    return () => {
      const now = performance.now();
      const busy = performance.eventLoopUtilization(loop).utilization;
      loop = performance.eventLoopUtilization();
      if (this.#pending > 0) {
        before = { ...before, bytes: this.#received, at: now };
        return;
      }
      const rate = ((this.#received - before.bytes) * 1000) / (now - before.at);
      const helped = rate > before.rate * WORTHWHILE_GAIN;
      before = { bytes: this.#received, at: now, rate: Math.max(rate, before.rate) };
      if (!this.#mayGrow || busy > MAX_BUSY || rate === 0) return;
      if (!helped) {
        this.#mayGrow = false;
        return;
      }
      for (let more = Math.min(this.#running, MAX_CONNECTIONS - this.#running); more > 0; more -= 1)
        this.#split();
    };
  }

  /** Gives half of the largest rest to a connection of its own, if it is worth one. */
  #split(): void {
    let largest: Region | undefined;
    for (const region of this.#regions) {
      if (largest === undefined || region.end - region.at > largest.end - largest.at) largest = region;
    }
    if (largest === undefined || largest.end - largest.at < 2 * MIN_REGION_BYTES) return;
    const middle = largest.at + Math.ceil((largest.end - largest.at) / 2);
    const region = { at: middle, end: largest.end };
    // Taken back if the new connection comes to nothing, so that no byte is left out.
    const owner = largest;
    owner.end = middle;
    this.#start(region, () => {
      if (owner.at < owner.end && this.#regions.has(owner) && owner.end === middle) owner.end = region.end;
      else this.#start(region);
    });
  }

  /** @param giveBack for a further connection: what to do with its region if it cannot be had */
  #start(region: Region, giveBack?: () => void): void {
    this.#running += 1;
    this.#regions.add(region);
    this.#fetch(region, giveBack)
      .catch((error: unknown) => this.#failed.abort(error))
      .finally(() => {
        this.#running -= 1;
        this.#wake();
      });
  }

  async #fetch(region: Region, giveBack?: () => void): Promise<void> {
    const start = region.at;
    try {
      await this.#receive(region, giveBack !== undefined);
      this.#regions.delete(region);
      if (this.#mayGrow || this.#regions.size > 0) this.#replace();
    } catch (error) {
      this.#regions.delete(region);
      const refused = error instanceof RangeIgnored || (isOmlmdError(error) && region.at === start);
      if (giveBack === undefined || !refused || this.#signal.aborted) throw error;
      this.#mayGrow = false;
      giveBack();
    }
  }

  async #receive(region: Region, further: boolean): Promise<void> {
    const ignored = (): never => {
      throw new RangeIgnored();
    };
    const options = {
      signal: this.#signal,
      allocate: this.#allocate,
      ...(further ? { onIgnoredRange: ignored } : {}),
    };
    let waiting = further;
    if (waiting) this.#pending += 1;
    try {
      for await (const chunk of this.#read(region.at, region.end, options)) {
        if (waiting) this.#pending -= 1;
        waiting = false;
        const bytes = chunk.subarray(0, Math.max(0, region.end - region.at));
        const position = region.at;
        region.at += bytes.byteLength;
        await this.#put({ position, bytes });
        if (region.at >= region.end) return;
      }
    } finally {
      if (waiting) this.#pending -= 1;
    }
  }

  /** A connection that is done helps the one with the most left. */
  #replace(): void {
    if (this.#regions.size < MAX_CONNECTIONS && this.#regions.size > 0 && this.#received > 0) this.#split();
  }

  async #put(piece: Piece): Promise<void> {
    this.#received += piece.bytes.byteLength;
    this.#queue.push(piece);
    this.#wake();
    while (this.#queue.length > MAX_QUEUED && !this.#signal.aborted) {
      await new Promise<void>((resolve) => this.#wakeProducers.push(resolve));
    }
    this.#signal.throwIfAborted();
  }

  #wake(): void {
    this.#wakeConsumer?.();
    this.#wakeConsumer = undefined;
  }
}
