import {
  GUESS_SLACK_BYTES,
  JUMP_WINDOW_BYTES,
  MAX_JUMPS_REMEMBERED,
  MAX_REQUESTS_AT_ONCE,
} from '../limits.ts';

/** Jumps of the past that are compared with the last ones. */
const MAX_ALIKE = 16;

/** Bytes that were asked for because a jump may land in them. */
interface Guess {
  readonly from: number;
  readonly to: number;
  readonly bytes: Promise<Uint8Array>;
}

/** Starts reading bytes; undefined where the bounds of the reading do not allow it. */
type Ahead = (from: number, to: number) => ((signal: AbortSignal) => Promise<Uint8Array>) | undefined;

/**
 * Guesses where the next jumps over weights land from how far the last ones went: the layers of a model repeat. Each
 * jump says where the next one begins, so on remote content a hundred weights would be a hundred waits, one after the
 * other; guesses are asked for at once. A wrong one costs its bytes and nothing else.
 */
export class JumpForesight {
  readonly #size: number;
  readonly #ahead: Ahead;
  readonly #closed = new AbortController();
  readonly #distances: number[] = [];
  #last = 0;
  #guesses: Guess[] = [];
  /** Guesses that are made at once: twice as many after each that was right. */
  #trust = 1;

  constructor(size: number, ahead: Ahead) {
    this.#size = size;
    this.#ahead = ahead;
  }

  /** Told of each jump; the bytes from there on where they are on their way. */
  landed(at: number, atLeast: number): Promise<Uint8Array> | undefined {
    this.#distances.push(at - this.#last);
    if (this.#distances.length > MAX_JUMPS_REMEMBERED) this.#distances.shift();
    this.#last = at;
    const index = this.#guesses.findIndex(({ from, to }) => from <= at && at + atLeast <= to);
    const guess = this.#guesses[index];
    if (guess === undefined) {
      if (this.#guesses.length > 0) this.#trust = 1;
      this.#guesses = [];
      return undefined;
    }
    this.#trust = Math.min(this.#trust * 2, MAX_REQUESTS_AT_ONCE - 1);
    this.#guesses = this.#guesses.slice(index + 1);
    this.lookAhead(guess.to);
    return guess.bytes.then((bytes) => bytes.subarray(at - guess.from));
  }

  /** Asks for what comes next, where the jumps so far tell. @param end of what was read */
  lookAhead(end: number): void {
    let landing = this.#last;
    for (const [ahead, distance] of this.#expected().entries()) {
      landing += distance;
      const from = Math.max(end, landing - GUESS_SLACK_BYTES);
      const to = Math.min(this.#size, landing + JUMP_WINDOW_BYTES);
      if (from >= to) return;
      if (ahead < this.#guesses.length) continue;
      const start = this.#ahead(from, to);
      if (start === undefined) return;
      const bytes = start(this.#closed.signal);
      // A guess that nobody takes may fail unheard.
      bytes.catch(() => undefined);
      this.#guesses.push({ from, to, bytes });
    }
  }

  /** The next distances, as they followed when the last ones were most like now: a copy that may run into itself. */
  #expected(): number[] {
    const known = [...this.#distances];
    const last = known.length - 1;
    let best = { alike: 0, at: -1 };
    for (let at = last - 1; at >= 0; at -= 1) {
      const alike = this.#alike(at, last);
      if (alike > best.alike) best = { alike, at };
    }
    if (best.alike === 0) return [];
    for (let next = 1; next <= this.#trust; next += 1) known.push(known[best.at + next] ?? 0);
    return known.slice(last + 1);
  }

  /** How many distances up to `at` are like those up to `last`. */
  #alike(at: number, last: number): number {
    let count = 0;
    while (count < MAX_ALIKE && count <= at) {
      const [a = 0, b = 0] = [this.#distances[at - count], this.#distances[last - count]];
      if (Math.abs(a - b) > GUESS_SLACK_BYTES) break;
      count += 1;
    }
    return count;
  }

  close(): void {
    this.#closed.abort();
    this.#guesses = [];
  }
}
