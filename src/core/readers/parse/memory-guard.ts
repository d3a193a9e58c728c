import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  COLLECT_AFTER_BYTES,
  COLLECT_AGAIN_BYTES,
  COLLECT_AT_LEAST_BYTES,
  MEMORY_LOOK_MS,
} from '../limits.ts';

/** What a {@link MemoryGuard} looks at. */
export interface ProcessMemory {
  /** Milliseconds. */
  now(): number;
  /** Bytes that are resident, garbage included. */
  resident(): number;
  /** Gives garbage back to the system; false where nobody can ask for that. */
  collect(): boolean;
}

/**
 * Keeps what a reading adds to the process near to what it holds. V8 lets garbage grow by hundreds of megabytes while the
 * machine has room for it; a file of millions of small values is nearly all garbage.
 */
export class MemoryGuard {
  readonly #memory: ProcessMemory;
  readonly #start: number;
  #collectAt: number;
  #step = COLLECT_AGAIN_BYTES;
  #lookAt: number;

  constructor(memory: ProcessMemory = processMemory()) {
    this.#memory = memory;
    this.#start = memory.resident();
    this.#collectAt = this.#start + COLLECT_AFTER_BYTES;
    this.#lookAt = memory.now() + MEMORY_LOOK_MS;
  }

  /** Costs nothing most of the time: for loops over thousands of small parts. */
  check(): void {
    const now = this.#memory.now();
    if (now < this.#lookAt) return;
    this.#lookAt = now + MEMORY_LOOK_MS;
    const resident = this.#memory.resident();
    if (resident >= this.#collectAt) this.#collect(now, resident);
  }

  #collect(now: number, before: number): void {
    if (!this.#memory.collect()) {
      this.#lookAt = Number.POSITIVE_INFINITY;
      return;
    }
    const after = this.#memory.resident();
    // What is held, or another's in the same process, is not freed by asking more often.
    this.#step = before - after < this.#step / 2 ? this.#step * 2 : COLLECT_AGAIN_BYTES;
    const last = this.#start + COLLECT_AT_LEAST_BYTES;
    const next = after + this.#step;
    const capped = after > last ? next : Math.min(next, Math.max(last, after + COLLECT_AGAIN_BYTES / 3));
    this.#collectAt = Math.max(this.#start + COLLECT_AFTER_BYTES, capped);
    // A large heap of others takes long: what is read must get on too.
    const end = this.#memory.now();
    this.#lookAt = end + Math.max(MEMORY_LOOK_MS, (end - now) / 4);
  }
}

/** Of this process. */
function processMemory(): ProcessMemory {
  let collector: Collector | undefined;
  return {
    now: () => performance.now(),
    resident: () => process.memoryUsage.rss(),
    collect() {
      collector ??= findCollector();
      collector();
      return collector !== noCollector;
    },
  };
}

type Collector = (options?: Readonly<Record<string, string>>) => void;

function noCollector(): void {}

/** V8's own function, which contexts have that are made while its flag is set; nothing depends on it. */
function findCollector(): Collector {
  try {
    setFlagsFromString('--expose-gc');
    const found: unknown = runInNewContext('globalThis.gc');
    setFlagsFromString('--no-expose-gc');
    if (typeof found !== 'function') return noCollector;
    // A usual collection keeps the pages that it empties.
    return () => found({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  } catch {
    return noCollector;
  }
}
