import type { Digest } from '../oci/digest.ts';

/** Between two signs that somebody wants the blobs, milliseconds: several in the time after which they are collected. */
const BEAT_MS = 10 * 60 * 1000;
/** How long blobs are kept when nothing more is done, milliseconds: they may be hashed for as long before the next. */
const IDLE_MS = 60 * 60 * 1000;

/**
 * The blobs that a push found or wrote, and that no manifest lists yet. They are touched again and again while the push
 * goes on, so that none of them becomes old enough to be collected, however long the others take (R27). Of a process
 * that is killed nothing is left but their times, which pass.
 */
export class KeptBlobs {
  readonly #touch: (digest: Digest) => Promise<void>;
  readonly #idleMs: number;
  readonly #digests = new Set<Digest>();
  #running = 0;
  #usedAt = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param idleMs how long they are kept after the last call */
  constructor(touch: (digest: Digest) => Promise<void>, idleMs = IDLE_MS) {
    this.#touch = touch;
    this.#idleMs = idleMs;
  }

  async add(digest: Digest): Promise<void> {
    this.#use();
    this.#digests.add(digest);
    this.#timer ??= setInterval(() => this.#beat(), BEAT_MS).unref();
    await this.#touch(digest);
  }

  /** What a manifest lists is kept by that. */
  release(digests: Iterable<Digest>): void {
    for (const digest of digests) this.#digests.delete(digest);
    if (this.#digests.size === 0) this.#stop();
  }

  /** Does work that may take long, and keeps what there is until then. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#running += 1;
    try {
      return await work();
    } finally {
      this.#running -= 1;
      this.#use();
    }
  }

  #use(): void {
    this.#usedAt = performance.now();
  }

  #beat(): void {
    const idleMs = this.#running > 0 ? 0 : performance.now() - this.#usedAt;
    if (idleMs > this.#idleMs) this.#stop();
    for (const digest of this.#digests) void this.#touch(digest);
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#digests.clear();
  }
}
