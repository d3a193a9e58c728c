import { MAX_PICKLE_NESTING, MAX_PICKLE_OPCODE_BYTES } from '../limits.ts';
import type { ByteCursor } from '../parse/byte-cursor.ts';
import { malformed, ParseStop } from '../parse/parse-stop.ts';
import { joblibArray } from './joblib-array.ts';
import { CALL_OPCODES } from './pickle-call-opcodes.ts';
import { DATA_OPCODES } from './pickle-data-opcodes.ts';
import { OBJECT_OPCODES } from './pickle-object-opcodes.ts';
import type { PickleOpcode, PickleState } from './pickle-opcode.ts';
import { PickleStack } from './pickle-stack.ts';
import type { PickleTrace } from './pickle-trace.ts';
import type { PickleValue } from './pickle-values.ts';

/** STOP, and the longest fixed argument of an opcode in bytes with its opcode, rounded up. */
const STOP = 0x2e;
const PROTO = 0x80;
const LONGEST_FIXED_BYTES = 16;
/** Highest protocol there is (Python 3.8 and later). */
const HIGHEST_PROTOCOL = 5;

/** A pickle that ended in STOP. */
export interface Unpickled {
  readonly value: PickleValue;
  readonly protocol: number;
  /** Byte strings in it that begin as pickles do. */
  readonly nested: readonly Uint8Array[];
}

/** What a run has come to, for when it is stopped before STOP. */
export interface PickleProgress {
  protocol: number;
  readonly nested: Uint8Array[];
}

/**
 * Runs a pickle's opcodes over inert values, up to STOP: names, classes, arguments and attributes come out as data, and
 * every import and call is put on record before anything else is done with it. `depth` counts pickles inside pickles.
 */
export async function runPickle(
  cursor: ByteCursor,
  trace: PickleTrace,
  progress: PickleProgress,
  depth = 0,
): Promise<Unpickled> {
  if (depth > MAX_PICKLE_NESTING)
    throw malformed(`more than ${MAX_PICKLE_NESTING} pickles in each other`, cursor.position);
  const start = cursor.position;
  let opcodeAt = start;
  const state: PickleState = {
    cursor,
    stack: new PickleStack(),
    trace,
    get where() {
      return `offset ${opcodeAt}`;
    },
    skipped: 0,
    nested: progress.nested,
    readArray: async (wrapper) => {
      const inner: PickleProgress = { protocol: 0, nested: progress.nested };
      const before = cursor.position;
      const array = await joblibArray(
        wrapper,
        cursor,
        async () => (await runPickle(cursor, trace, inner, depth + 1)).value,
      );
      state.skipped += cursor.position - before;
      return array;
    },
  };
  for (;;) {
    if (cursor.buffered < LONGEST_FIXED_BYTES) await cursor.fill(LONGEST_FIXED_BYTES);
    opcodeAt = cursor.position;
    if (opcodeAt - start - state.skipped > MAX_PICKLE_OPCODE_BYTES) {
      throw new ParseStop(
        'too-large-to-show',
        `more than ${MAX_PICKLE_OPCODE_BYTES} bytes of opcodes; the rest was not looked into`,
        opcodeAt,
      );
    }
    const code = cursor.u8();
    if (code === STOP)
      return { value: state.stack.pop(), protocol: progress.protocol, nested: progress.nested };
    if (code === PROTO) checkProtocol(cursor, progress);
    // Most opcodes have nothing to wait for, and a pickle may have millions.
    const pending = step(code, state, progress, opcodeAt);
    if (pending !== undefined) await pending;
  }
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
