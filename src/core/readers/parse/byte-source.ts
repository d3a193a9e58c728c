import { bytesContent, type CallOptions, type Content } from '../../oci/content.ts';
import {
  FIRST_WINDOW_BYTES,
  JUMP_WINDOW_BYTES,
  MAX_BYTES_READ,
  MAX_READ_MS,
  MAX_READ_THROUGH_BYTES,
  MAX_WINDOW_BYTES,
  NEAR_BYTES,
} from '../limits.ts';
import type { ReadOptions } from '../reader.ts';
import { JumpForesight } from './jump-foresight.ts';
import type { MemoryGuard } from './memory-guard.ts';
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
export interface RangeSourceOptions extends ReadOptions {
  /** Bytes read in all before the reader must do with what it has; default {@link MAX_BYTES_READ}. */
  readonly maxBytes?: number;
  /** Milliseconds; default {@link MAX_READ_MS}. */
  readonly maxMilliseconds?: number;
}

/**
 * A file or remote layer by ranges. Reads ahead in windows that grow while the reading is sequential and shrink after a
 * jump, so that a header costs few requests and weights cost none. Of remote content near jumps are read through, and
 * far ones guessed ahead.
 */
export class RangeSource implements ByteSource {
  readonly size: number;
  readonly #content: Content;
  readonly #maxBytes: number;
  readonly #clock: TimeLimit;
  readonly #foresight: JumpForesight | undefined;
  #window = FIRST_WINDOW_BYTES;
  #end = 0;
  #bytesRead = 0;
  /** Bytes that may still be read on after near jumps. */
  #readThrough: number;

  constructor(content: Content, options: RangeSourceOptions = {}) {
    this.size = content.size;
    this.#content = content;
    this.#maxBytes = options.maxBytes ?? MAX_BYTES_READ;
    this.#clock = new TimeLimit(options);
    this.#readThrough = content.isRemote ? MAX_READ_THROUGH_BYTES : 0;
    if (content.isRemote) this.#foresight = new JumpForesight(this.size, (from, to) => this.#ahead(from, to));
  }

  /** Bytes that were asked for so far. */
  get bytesRead(): number {
    return this.#bytesRead;
  }

  async read(at: number, atLeast: number): Promise<Uint8Array> {
    if (at >= this.size) return new Uint8Array();
    const isJump = this.#moveTo(at);
    const guessed = isJump ? this.#foresight?.landed(at, Math.min(atLeast, this.size - at)) : undefined;
    if (guessed !== undefined) {
      const bytes = await guessed;
      this.#end = at + bytes.byteLength;
      return bytes;
    }
    const end = Math.min(this.size, at + Math.max(atLeast, this.#window));
    const allowed = Math.min(end - at, this.#maxBytes - this.#bytesRead);
    if (allowed < Math.min(atLeast, this.size - at)) {
      throw new ParseStop('too-large-to-show', `more than ${this.#maxBytes} bytes would have to be read`, at);
    }
    this.#end = at + allowed;
    const bytes = this.#fetch(at, at + allowed);
    if (isJump) this.#foresight?.lookAhead(this.#end);
    return await bytes;
  }

  /** Lets go of what was asked for ahead. */
  close(): void {
    this.#foresight?.close();
  }

  /** Sets the window for a read; true for a jump so far that what lies between is not read. */
  #moveTo(at: number): boolean {
    const gap = at - this.#end;
    // A value that begins in one window and ends in the next is passed over without being read: that is no jump.
    const isNear = gap < JUMP_WINDOW_BYTES || (gap < NEAR_BYTES && this.#readThrough > 0);
    if (!isNear) this.#window = JUMP_WINDOW_BYTES;
    else if (this.#bytesRead > 0) {
      const most = gap < JUMP_WINDOW_BYTES ? MAX_WINDOW_BYTES : Math.max(this.#window, NEAR_BYTES);
      this.#window = Math.min(this.#window * 4, most);
    }
    if (isNear && gap >= JUMP_WINDOW_BYTES) this.#readThrough -= this.#window;
    return !isNear;
  }

  async #fetch(from: number, to: number): Promise<Uint8Array> {
    this.#bytesRead += to - from;
    return await this.#clock.run(from, (signal) => collect(this.#content.slice(from, to), { signal }));
  }

  /** Bytes that are only guessed to be needed: none where the bounds are near. */
  #ahead(from: number, to: number): ((signal: AbortSignal) => Promise<Uint8Array>) | undefined {
    if (this.#bytesRead + to - from > this.#maxBytes) return undefined;
    this.#bytesRead += to - from;
    return (dropped) =>
      this.#clock.run(from, (signal) =>
        collect(this.#content.slice(from, to), { signal: AbortSignal.any([signal, dropped]) }),
      );
  }
}

/**
 * The time one file may take; memory is looked at with it. Checked by the clock as well as by a timer: a timer does not
 * fire between reads that never leave the process.
 */
export class TimeLimit {
  readonly #deadline: number;
  readonly #milliseconds: number;
  readonly #memory: MemoryGuard | undefined;
  readonly #caller: AbortSignal | undefined;
  readonly #timeout: AbortSignal;
  readonly #signal: AbortSignal;

  constructor(options: RangeSourceOptions = {}) {
    this.#milliseconds = options.maxMilliseconds ?? MAX_READ_MS;
    this.#deadline = performance.now() + this.#milliseconds;
    this.#memory = options.memory;
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
    this.#memory?.check();
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
  return withPart(content, 0, head);
}

/** `content` of which the bytes from `at` on are already here. */
export function withPart(content: Content, at: number, part: Uint8Array): Content {
  const end = at + part.byteLength;
  return {
    isRemote: content.isRemote,
    size: content.size,
    slice(start = 0, to = content.size) {
      const first = Math.min(Math.max(start, 0), content.size);
      const last = Math.max(first, Math.min(to, content.size));
      if (first >= at && last <= end) return bytesContent(part.subarray(first - at, last - at));
      if (first >= end || last <= at) return content.slice(first, last);
      const kept = part.subarray(Math.max(0, first - at), last - at);
      return withPart(content.slice(first, last), Math.max(0, at - first), kept);
    },
    async *stream(options) {
      if (at > 0) yield* content.slice(0, at).stream(options);
      if (part.byteLength > 0) yield part;
      if (end < content.size) yield* content.slice(end).stream(options);
    },
  };
}
