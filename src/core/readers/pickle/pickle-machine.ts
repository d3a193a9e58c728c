import { bytesContent } from '../../oci/content.ts';
import { MAX_PICKLE_OPCODE_BYTES } from '../limits.ts';
import { ByteCursor } from '../parse/byte-cursor.ts';
import { RangeSource } from '../parse/byte-source.ts';
import { malformed, ParseStop } from '../parse/parse-stop.ts';
import { joblibArray } from './joblib-array.ts';
import type { PickleBudget } from './pickle-budget.ts';
import { CALL_OPCODES } from './pickle-call-opcodes.ts';
import { DATA_OPCODES } from './pickle-data-opcodes.ts';
import { OBJECT_OPCODES } from './pickle-object-opcodes.ts';
import type { PickleOpcode, PickleState } from './pickle-opcode.ts';
import { PickleStack } from './pickle-stack.ts';
import { PickleTrace } from './pickle-trace.ts';
import type { PickleArray, PickleObject, PickleValue } from './pickle-values.ts';

/** STOP, and the longest fixed argument of an opcode in bytes with its opcode, rounded up. */
const STOP = 0x2e;
const PROTO = 0x80;
const LONGEST_FIXED_BYTES = 16;
/** Highest protocol there is (Python 3.8 and later). */
const HIGHEST_PROTOCOL = 5;
/** Opcodes in a row that numbers are not by chance. */
const OPCODES_BY_CHANCE = 64;

/** A pickle that ended in STOP. */
export interface Unpickled {
  readonly value: PickleValue;
  /** Payload bytes that were passed over. */
  readonly skipped: number;
}

/** What runs have come to, for when one is stopped before STOP. */
export interface PickleProgress {
  /** The highest protocol seen. */
  protocol: number;
  /** Byte strings that begin as pickles do. */
  readonly nested: Uint8Array[];
  readonly budget: PickleBudget;
}

/**
 * Runs a pickle's opcodes over inert values, up to STOP: names, classes, arguments and attributes come out as data, and
 * every import and call is put on record before anything else is done with it. With `joblib`, the arrays of joblib are
 * followed by their bytes.
 */
export async function runPickle(
  cursor: ByteCursor,
  trace: PickleTrace,
  progress: PickleProgress,
  joblib = true,
): Promise<Unpickled> {
  const state = new Run(cursor, trace, progress, joblib, new PickleStack(progress.budget));
  await state.run(Number.POSITIVE_INFINITY);
  return { value: state.stack.pop(), skipped: state.skipped };
}

/** One run. */
class Run implements PickleState {
  readonly cursor: ByteCursor;
  readonly trace: PickleTrace;
  readonly stack: PickleStack;
  skipped = 0;
  readonly #progress: PickleProgress;
  readonly #joblib: boolean;
  #opcodeAt = 0;

  constructor(
    cursor: ByteCursor,
    trace: PickleTrace,
    progress: PickleProgress,
    joblib: boolean,
    stack: PickleStack,
  ) {
    this.cursor = cursor;
    this.trace = trace;
    this.stack = stack;
    this.#progress = progress;
    this.#joblib = joblib;
  }

  get where(): string {
    return `offset ${this.#opcodeAt}`;
  }

  get nested(): Uint8Array[] {
    return this.#progress.nested;
  }

  /** Runs up to STOP, or as many opcodes; how many it was. */
  async run(most: number): Promise<number> {
    const { cursor } = this;
    const start = cursor.position;
    for (let count = 0; count < most; count += 1) {
      if (cursor.buffered < LONGEST_FIXED_BYTES) await cursor.fill(LONGEST_FIXED_BYTES);
      this.#opcodeAt = cursor.position;
      if (this.#opcodeAt - start - this.skipped > MAX_PICKLE_OPCODE_BYTES) throw tooMany(this.#opcodeAt);
      const code = cursor.u8();
      if (code === STOP) return count;
      if (code === PROTO) checkProtocol(cursor, this.#progress);
      // Most opcodes have nothing to wait for, and a pickle may have millions.
      const pending = step(code, this, this.#progress, this.#opcodeAt);
      if (pending !== undefined) await pending;
    }
    return most;
  }

  async readArray(wrapper: PickleObject): Promise<PickleArray | undefined> {
    if (!this.#joblib) return undefined;
    const { cursor, trace } = this;
    const before = cursor.position;
    const { array, opcodeBytes } = await joblibArray(wrapper, cursor, {
      // joblib writes and reads these with pickle itself.
      runNested: async () => {
        const inner = { ...this.#progress, protocol: 0 };
        const start = cursor.position;
        const { value, skipped } = await runPickle(cursor, trace, inner, false);
        return { value, opcodeBytes: cursor.position - start - skipped };
      },
      keeps: (bytes) => this.stack.admitBytes(bytes),
      unaligned: (bytes) => this.#runArray(bytes),
    });
    this.skipped += cursor.position - before - opcodeBytes;
    return array;
  }

  /**
   * Where nothing stands between a wrapper and its array, a program that unpickles without joblib would run the array:
   * numbers make no sense as opcodes for long, what somebody wrote there does.
   */
  async #runArray(bytes: Uint8Array): Promise<void> {
    const seen = new PickleTrace();
    const run = new Run(
      new ByteCursor(new RangeSource(bytesContent(bytes))),
      seen,
      { ...this.#progress, protocol: 0 },
      false,
      this.stack.fork(),
    );
    let opcodes = 0;
    try {
      opcodes = await run.run(OPCODES_BY_CHANCE);
    } catch (error) {
      if (!(error instanceof ParseStop)) throw error;
    }
    if (opcodes >= OPCODES_BY_CHANCE || seen.isDangerous)
      this.trace.computed('the bytes of an array are opcodes for a program without joblib', this.where, true);
  }
}

function tooMany(at: number): ParseStop {
  return new ParseStop(
    'too-large-to-show',
    `more than ${MAX_PICKLE_OPCODE_BYTES} bytes of opcodes; the rest was not looked into`,
    at,
  );
}

function checkProtocol(cursor: ByteCursor, progress: PickleProgress): void {
  const stated = cursor.peek();
  if (stated === undefined) return;
  if (stated > HIGHEST_PROTOCOL)
    throw malformed(`the pickle protocol ${stated} does not exist`, cursor.position);
  progress.protocol = Math.max(progress.protocol, stated);
}

function step(code: number, state: PickleState, progress: PickleProgress, at: number): Promise<void> | void {
  const found: PickleOpcode | undefined =
    DATA_OPCODES.get(code) ?? OBJECT_OPCODES.get(code) ?? CALL_OPCODES.get(code);
  if (found === undefined) throw malformed(`0x${code.toString(16).padStart(2, '0')} is no pickle opcode`, at);
  if (code !== PROTO)
    progress.protocol = Math.max(progress.protocol, Math.min(found.protocol, HIGHEST_PROTOCOL));
  return found.run(state);
}
