import { bytesContent, type CallOptions, type Content } from '../../oci/content.ts';
import {
  FIRST_WINDOW_BYTES,
  JUMP_WINDOW_BYTES,
  MAX_BYTES_READ,
  MAX_READ_MS,
  MAX_WINDOW_BYTES,
} from '../limits.ts';
import { ParseStop } from './parse-stop.ts';

/** Where a {@link ByteCursor} takes its bytes from. */
export interface ByteSource {
  /** Bytes in all; undefined where only the end will tell (compressed streams). */
  readonly size: number | undefined;
  /**
   * Bytes from `at` on: at least `atLeast` unless the end comes first, usually more. Throws {@link ParseStop} where a
   * bound is reached. Positions only grow.
   */
  read(at: number, atLeast: number): Promise<Uint8Array>;
}

/** Bounds of a {@link RangeSource}. */
export interface RangeSourceOptions extends CallOptions {
  /** Bytes read in all before the reader must do with what it has; default {@link MAX_BYTES_READ}. */
  readonly maxBytes?: number;
  /** Milliseconds; default {@link MAX_READ_MS}. */
  readonly maxMilliseconds?: number;
}

/**
 * A file or remote layer by ranges. Reads ahead in windows that grow while the reading is sequential and shrink after a
 * jump, so that a header costs few requests and weights cost none.
 */
export class RangeSource implements ByteSource {
  readonly size: number;
  readonly #content: Content;
  readonly #maxBytes: number;
  readonly #clock: TimeLimit;
  #window = FIRST_WINDOW_BYTES;
  #end = 0;
  #bytesRead = 0;

  constructor(content: Content, options: RangeSourceOptions = {}) {
    this.size = content.size;
    this.#content = content;
    this.#maxBytes = options.maxBytes ?? MAX_BYTES_READ;
    this.#clock = new TimeLimit(options);
  }

  /** Bytes that were asked for so far. */
  get bytesRead(): number {
    return this.#bytesRead;
  }

  async read(at: number, atLeast: number): Promise<Uint8Array> {
    if (at >= this.size) return new Uint8Array();
    const end = Math.min(this.size, at + Math.max(atLeast, this.#nextWindow(at)));
    const allowed = Math.min(end - at, this.#maxBytes - this.#bytesRead);
    if (allowed < Math.min(atLeast, this.size - at)) {
      throw new ParseStop('too-large-to-show', `more than ${this.#maxBytes} bytes would have to be read`, at);
    }
    this.#bytesRead += allowed;
    this.#end = at + allowed;
    return await this.#clock.run(at, (signal) => collect(this.#content.slice(at, at + allowed), { signal }));
  }

  #nextWindow(at: number): number {
    // A value that begins in one window and ends in the next is passed over without being read: that is no jump.
    if (at - this.#end >= JUMP_WINDOW_BYTES) this.#window = JUMP_WINDOW_BYTES;
    else if (this.#bytesRead > 0) this.#window = Math.min(this.#window * 4, MAX_WINDOW_BYTES);
    return this.#window;
  }
}

/**
 * The time one file may take. Checked by the clock as well as by a timer: a timer does not fire between reads that never
 * leave the process.
 */
export class TimeLimit {
  readonly #deadline: number;
  readonly #milliseconds: number;
  readonly #caller: AbortSignal | undefined;
  readonly #timeout: AbortSignal;
  readonly #signal: AbortSignal;

  constructor(options: RangeSourceOptions = {}) {
    this.#milliseconds = options.maxMilliseconds ?? MAX_READ_MS;
    this.#deadline = performance.now() + this.#milliseconds;
    this.#caller = options.signal;
    this.#timeout = AbortSignal.timeout(this.#milliseconds);
    this.#signal = this.#caller ? AbortSignal.any([this.#caller, this.#timeout]) : this.#timeout;
  }

  /** Runs one read; the caller's abort stays what it is, the limit becomes a {@link ParseStop}. */
  async run<T>(at: number, read: (signal: AbortSignal) => Promise<T>): Promise<T> {
    this.check(at);
    try {
      return await read(this.#signal);
    } catch (error) {
      this.#caller?.throwIfAborted();
      if (this.#timeout.aborted) throw this.#late(at);
      throw error;
    }
  }

  /** The chunks of `content` under the limit. */
  async *stream(content: Content, at: number): AsyncGenerator<Uint8Array> {
    const chunks = content.stream({ signal: this.#signal })[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await this.run(at, () => chunks.next());
        if (next.done) return;
        yield next.value;
      }
    } finally {
      await chunks.return?.();
    }
  }

  /** Throws when the caller gave up or the time is over. */
  check(at: number): void {
    this.#caller?.throwIfAborted();
    if (performance.now() > this.#deadline) throw this.#late(at);
  }

  #late(at: number): ParseStop {
    return new ParseStop(
      'too-large-to-show',
      `partly read: it took longer than ${this.#milliseconds} ms`,
      at,
    );
  }
}

async function collect(content: Content, options: CallOptions): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content.stream(options)) chunks.push(chunk);
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}

/** The first bytes of `content`, fewer only where it is shorter. */
export async function readHead(
  content: Content,
  bytes: number,
  options: CallOptions = {},
): Promise<Uint8Array> {
  return await collect(content.slice(0, bytes), options);
}

/** `content` with its first bytes already here, so that reading them again asks nobody. */
export function withHead(content: Content, head: Uint8Array): Content {
  return {
    size: content.size,
    slice(start = 0, end = content.size) {
      const first = Math.min(Math.max(start, 0), content.size);
      const last = Math.max(first, Math.min(end, content.size));
      if (last <= head.byteLength) return bytesContent(head.subarray(first, last));
      if (first >= head.byteLength) return content.slice(first, last);
      return withHead(content.slice(first, last), head.subarray(first));
    },
    async *stream(options) {
      if (head.byteLength > 0) yield head;
      if (head.byteLength < content.size) yield* content.slice(head.byteLength).stream(options);
    },
  };
}
