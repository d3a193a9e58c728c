import type http from 'node:http';
import type net from 'node:net';
import type { StreamOptions } from '../oci/content.ts';

/** Bytes of a chunk. What a socket gives is gathered: every chunk costs a turn of all that is behind it. */
const BLOCK_BYTES = 1024 * 1024;
/** Full chunks that may wait for their reader before the socket waits, too. */
const MAX_READY = 2;
/** Milliseconds after which a chunk is handed on that is not full: what a slow way brings is to be seen. */
const FLUSH_MS = 50;

/** How long a byte is waited for, milliseconds, and what is done then. */
interface Wait {
  readonly stallMs: number;
  readonly onStall: () => void;
}

/**
 * The body of an answer, copied out of the socket's memory as it comes. The copying must be done at once: the next read
 * of a plain socket goes into the same memory (`Agents`). That is also why not the body but its socket is paused: what
 * a paused body is given waits in it by reference.
 */
export class BodyReader {
  readonly #incoming: http.IncomingMessage;
  /** Serves another request once this answer has ended. */
  readonly #socket: net.Socket;
  readonly #ready: Uint8Array[] = [];
  /** What is being filled, and how far. */
  #block: Uint8Array = new Uint8Array();
  #filled = 0;
  /** Bytes that are still to come, where the answer says. */
  #left: number;
  #allocate = (bytes: number): Uint8Array => Buffer.allocUnsafeSlow(bytes);
  #state: 'open' | 'dropped' | 'ended' | 'failed' = 'open';
  #failure: unknown;
  #onChange: () => void = () => {};

  /** To be made while the answer is announced, before the first bytes of its body. */
  constructor(incoming: http.IncomingMessage) {
    this.#incoming = incoming;
    this.#socket = incoming.socket;
    const length = Number(incoming.headers['content-length'] ?? BLOCK_BYTES);
    this.#left = Number.isSafeInteger(length) && length >= 0 ? length : BLOCK_BYTES;
    // It would let its socket go on as soon as it has handed its bytes on.
    incoming._read = () => {};
    incoming.on('data', (bytes: Uint8Array) => this.#add(bytes));
    incoming.once('end', () => this.#end('ended'));
    incoming.on('error', (error) => this.#end('failed', error));
    incoming.once('close', () => this.#end('failed'));
  }

  /**
   * The bytes, once. Leaving the loop early closes the connection (S11).
   * @param stalled gives the error of a body of which no byte came for `stallMs` while it was waited for
   */
  async *stream(
    { allocate }: StreamOptions,
    stallMs: number,
    stalled: () => Error,
  ): AsyncGenerator<Uint8Array> {
    if (allocate !== undefined) this.#allocate = allocate;
    const wait = { stallMs, onStall: () => this.#incoming.destroy(stalled()) };
    try {
      for (;;) {
        const chunk = this.#take();
        if (chunk !== undefined) {
          yield chunk;
          continue;
        }
        if (this.#state !== 'open') break;
        await this.#change(wait);
      }
      if (this.#state === 'failed') throw this.#failure;
    } finally {
      if (this.#state === 'open') this.#incoming.destroy();
    }
  }

  /** Lets the rest come and go, so that the connection can be used again. */
  drop(): void {
    if (this.#state === 'open') this.#state = 'dropped';
    this.#ready.length = 0;
    this.#regulate();
  }

  #take(): Uint8Array | undefined {
    const chunk = this.#ready.shift();
    if (chunk !== undefined) {
      this.#regulate();
      return chunk;
    }
    return this.#state === 'open' ? undefined : this.#cut();
  }

  /** What there is of the chunk that is being filled. */
  #cut(): Uint8Array | undefined {
    if (this.#filled === 0) return undefined;
    const chunk = this.#block.subarray(0, this.#filled);
    this.#block = new Uint8Array();
    this.#filled = 0;
    return chunk;
  }

  /** Resolves when there is a chunk or the end; some time after bytes came, the chunk need not be full. */
  async #change({ stallMs, onStall }: Wait): Promise<void> {
    const stall = setTimeout(onStall, stallMs);
    let flush: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#onChange = () => {
        stall.refresh();
        if (this.#ready.length > 0 || this.#state !== 'open') return resolve();
        flush ??= setTimeout(() => {
          this.#hand(this.#cut());
          resolve();
        }, FLUSH_MS);
      };
      if (this.#filled > 0) this.#onChange();
    });
    clearTimeout(stall);
    clearTimeout(flush);
    this.#onChange = () => {};
  }

  #add(bytes: Uint8Array): void {
    if (this.#state === 'open') this.#copy(bytes);
    this.#regulate();
    this.#onChange();
  }

  #copy(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.byteLength; ) {
      if (this.#filled === this.#block.byteLength) this.#renew(bytes.byteLength - at);
      const part = bytes.subarray(at, at + this.#block.byteLength - this.#filled);
      this.#block.set(part, this.#filled);
      this.#filled += part.byteLength;
      at += part.byteLength;
      if (this.#filled === BLOCK_BYTES) this.#hand(this.#cut());
    }
    this.#left = Math.max(0, this.#left - bytes.byteLength);
  }

  /** A new block for what comes next: no larger than the rest of the body, if that is known. */
  #renew(atLeast: number): void {
    this.#hand(this.#cut());
    const size = Math.min(BLOCK_BYTES, Math.max(this.#left, atLeast));
    this.#block = this.#allocate(size).subarray(0, size);
  }

  #hand(chunk: Uint8Array | undefined): void {
    if (chunk !== undefined) this.#ready.push(chunk);
  }

  /** Lets the socket go on or wait; one that has brought much at once before it was read from waits by itself. */
  #regulate(): void {
    if (this.#state !== 'open' && this.#state !== 'dropped') return;
    if (this.#ready.length >= MAX_READY) this.#socket.pause();
    else if (this.#socket.isPaused()) this.#socket.resume();
  }

  #end(state: 'ended' | 'failed', error?: unknown): void {
    if (this.#state === 'ended' || this.#state === 'failed') return;
    if (this.#socket.isPaused()) this.#socket.resume(); // before it is handed to the next request
    this.#state = state;
    if (state === 'failed') this.#failure = error ?? broken();
    this.#onChange();
  }
}

function broken(): Error {
  return Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' });
}
