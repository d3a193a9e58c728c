import type { ByteCursor } from '../parse/byte-cursor.ts';
import type { PickleStack } from './pickle-stack.ts';
import type { PickleTrace } from './pickle-trace.ts';
import type { PickleArray, PickleObject } from './pickle-values.ts';

/** What an opcode works on. */
export interface PickleState {
  readonly cursor: ByteCursor;
  readonly stack: PickleStack;
  readonly trace: PickleTrace;
  /** Place of the opcode, for findings. */
  readonly where: string;
  /** Payload bytes that were passed over; they do not count as opcodes. */
  skipped: number;
  /** Byte strings that look like pickles themselves. */
  readonly nested: Uint8Array[];
  /** The array whose bytes follow the opcode that filled its wrapper, in joblib's files; undefined in others. */
  readArray(wrapper: PickleObject): Promise<PickleArray | undefined>;
}

/** One opcode: the protocol that brought it, and what it does. At least 16 bytes are buffered unless the file ends. */
export interface PickleOpcode {
  readonly protocol: number;
  readonly run: (state: PickleState) => Promise<void> | void;
}

export type PickleOpcodes = ReadonlyMap<number, PickleOpcode>;

/** An opcode by its character or number. */
export function opcode(
  code: string | number,
  protocol: number,
  run: PickleOpcode['run'],
): readonly [number, PickleOpcode] {
  return [typeof code === 'string' ? code.charCodeAt(0) : code, { protocol, run }];
}
