import { Worker } from 'node:worker_threads';
import { OmlmdError } from '../errors.ts';
import type { Digest, DigestAlgorithm } from './digest.ts';

/** Content above this size is worth a thread of its own, bytes: starting one costs about as much as hashing this. */
export const BACKGROUND_BYTES = 64 * 1024 * 1024;

/** Bytes that the thread reads at once. */
const BLOCK_BYTES = 1024 * 1024;

/** Slots of the shared state: bytes that may be read, and the size of the whole (-1 unknown, -2 give up). */
const AVAILABLE = 0;
const SIZE = 1;

/**
 * The thread. It reads the file back from the page cache behind whoever writes or sends it, so that no byte passes
 * between threads, and hashing (0.75 s a GiB) costs the transfer nothing where there is a second core. Plain
 * JavaScript in a string: the command line is one file, so there is no other file to start a thread from.
 */
const SOURCE = `
const { workerData, parentPort } = require('node:worker_threads');
const { createHash } = require('node:crypto');
const { readSync } = require('node:fs');
const { fd, algorithm, shared, block } = workerData;
const state = new BigInt64Array(shared, 0, 2);
const signal = new Int32Array(shared, 16, 1);
const hash = createHash(algorithm);
const buffer = Buffer.allocUnsafeSlow(block);
let at = 0;
for (;;) {
  const seen = Atomics.load(signal, 0);
  const size = Number(Atomics.load(state, 1));
  if (size === -2) break;
  if (at === size) { parentPort.postMessage(hash.digest('hex')); break; }
  const end = Number(Atomics.load(state, 0));
  if (at === end) { Atomics.wait(signal, 0, seen); continue; }
  const count = readSync(fd, buffer, 0, Math.min(block, end - at), at);
  if (count === 0) { parentPort.postMessage(null); break; }
  hash.update(buffer.subarray(0, count));
  at += count;
}
`;

/** Hashes a file in another thread while it grows, or while it is read for something else. */
export class BackgroundHash {
  readonly #algorithm: DigestAlgorithm;
  readonly #worker: Worker;
  readonly #state: BigInt64Array;
  readonly #signal: Int32Array;
  readonly #result: Promise<string | null>;

  /** @param fd an open descriptor of the file; it must stay open until {@link digest} or {@link stop} has resolved */
  constructor(fd: number, algorithm: DigestAlgorithm) {
    const shared = new SharedArrayBuffer(24);
    this.#algorithm = algorithm;
    this.#state = new BigInt64Array(shared, 0, 2);
    this.#signal = new Int32Array(shared, 16, 1);
    Atomics.store(this.#state, SIZE, -1n);
    const workerData = { fd, algorithm, shared, block: BLOCK_BYTES };
    this.#worker = new Worker(SOURCE, { eval: true, workerData, stdin: false });
    this.#result = new Promise((resolve, reject) => {
      this.#worker.once('message', resolve);
      this.#worker.once('error', reject);
      this.#worker.once('exit', () => resolve(null));
    });
    this.#result.catch(() => {}); // told by digest()
  }

  /** The first `bytes` of the file are there to be hashed. */
  advance(bytes: number): void {
    this.#set(AVAILABLE, bytes);
  }

  /** The digest of the first `size` bytes; waits for the thread to come so far. */
  async digest(size: number): Promise<Digest> {
    this.#set(AVAILABLE, size);
    this.#set(SIZE, size);
    const hex = await this.#result;
    if (hex === null) throw new OmlmdError('file-changed', `hash a file of ${size} bytes: it is shorter`);
    return `${this.#algorithm}:${hex}`;
  }

  /** Ends the thread, whatever it was doing. */
  async stop(): Promise<void> {
    this.#set(SIZE, -2);
    await this.#worker.terminate();
  }

  #set(slot: number, value: number): void {
    Atomics.store(this.#state, slot, BigInt(value));
    Atomics.add(this.#signal, 0, 1);
    Atomics.notify(this.#signal, 0);
  }
}
