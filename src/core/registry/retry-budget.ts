import { setTimeout as sleepFor } from 'node:timers/promises';
import { escapeControls, OmlmdError } from '../errors.ts';
import type { Log } from '../log.ts';
import { isWorthRetrying } from './network-error.ts';
import { ThrottledError } from './response-error.ts';

/** Tries after the first without a byte that lasts. */
export const DEFAULT_RETRIES = 5;
const FIRST_BACKOFF_MS = 250;
const LONGEST_BACKOFF_MS = 30_000;
/** Waiting in all between two bytes that last; stops a registry from holding a command for ever. */
const WAIT_BUDGET_MS = 5 * 60_000;
/** Longest `Retry-After` that is obeyed; a longer one is an answer, not a pause (R9). */
const MAX_RETRY_AFTER_MS = 300_000;

/** Waits; a seam, so that tests do not. */
export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>;

export const sleep: Sleep = (ms, signal) =>
  sleepFor(ms, undefined, signal === undefined ? {} : { signal }).catch(() => {
    throw signal?.reason;
  });

/** Told before a wait: milliseconds, and what for. */
export type OnWaiting = (ms: number, why: string) => void;

export interface WaitOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onWaiting?: OnWaiting | undefined;
}

/** How often, and how long, one piece of work may still be tried. Progress that lasts starts both counts again. */
export class RetryBudget {
  readonly #retries: number;
  readonly #sleep: Sleep;
  readonly #log: Log;
  readonly #onAsked: (ms: number) => void;
  #failures = 0;
  #waitedMs = 0;

  /** @param onAsked told of a wait that the registry asked for, milliseconds */
  constructor(retries: number, sleeping: Sleep, log: Log, onAsked: (ms: number) => void = () => {}) {
    this.#retries = retries;
    this.#sleep = sleeping;
    this.#log = log;
    this.#onAsked = onAsked;
  }

  /** A byte was received and kept, or acknowledged. */
  progressed(): void {
    this.#failures = 0;
    this.#waitedMs = 0;
  }

  /** Waits until the next try; throws `failure` itself when there is to be none. */
  async wait(failure: unknown, options: WaitOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    if (!isWorthRetrying(failure)) throw failure;
    const asked = failure instanceof ThrottledError ? failure.retryAfterMs : 0;
    if (asked > MAX_RETRY_AFTER_MS) throw tooLong(failure, asked);
    const backoff = Math.random() * Math.min(FIRST_BACKOFF_MS * 2 ** this.#failures, LONGEST_BACKOFF_MS);
    const ms = Math.ceil(Math.max(asked, backoff));
    this.#failures += 1;
    this.#waitedMs += ms;
    if (this.#failures > this.#retries || this.#waitedMs > WAIT_BUDGET_MS) throw failure;
    const why = asked > 0 ? 'the registry asked for it' : escapeControls(failure.message);
    this.#log.info(`waiting ${(ms / 1000).toFixed(1)} s, try ${this.#failures} of ${this.#retries}: ${why}`);
    if (asked > 0) this.#onAsked(ms);
    options.onWaiting?.(ms, why);
    await this.#sleep(ms, options.signal);
  }
}

function tooLong(failure: OmlmdError, askedMs: number): OmlmdError {
  const what = `it asked to wait ${Math.ceil(askedMs / 1000)} s, the limit is ${MAX_RETRY_AFTER_MS / 1000} s`;
  return new OmlmdError(failure.code, `${failure.message}; ${what}`, { cause: failure, retryable: true });
}
