import { MAX_KEPT_ARRAY_BYTES, MAX_STRING_BYTES } from '../limits.ts';
import { decodeText } from '../parse/byte-cursor.ts';
import { malformed } from '../parse/parse-stop.ts';
import { opcode, type PickleOpcodes, type PickleState } from './pickle-opcode.ts';
import { decodeRawUnicode, littleEndianInteger, unquotePython } from './pickle-strings.ts';
import { BEYOND_LIMIT, FOREIGN, float, integer, isKind, type PickleValue } from './pickle-values.ts';

/** Bytes of an integer that is kept exactly; RSA keys fit, a megabyte of digits does not. */
const MAX_INTEGER_BYTES = 1024;
/** Bytes or digits of an integer that is no longer than other objects. */
const ORDINARY_INTEGER_BYTES = 20;
const NEWLINE = 0x0a;

/** A line without its end; undefined where it was longer than {@link MAX_STRING_BYTES} and passed over. */
export async function readLine(state: PickleState): Promise<Uint8Array | undefined> {
  const { cursor } = state;
  for (let wanted = 256; ; wanted = cursor.buffered + 1) {
    const index = cursor.indexOf(NEWLINE);
    if (index >= 0) {
      const line = cursor.bytes(index);
      cursor.u8();
      return index <= MAX_STRING_BYTES ? line : undefined;
    }
    if (cursor.buffered > MAX_STRING_BYTES) return await passLine(state);
    if (!(await cursor.fill(Math.max(wanted, cursor.buffered + 1)))) {
      if (cursor.indexOf(NEWLINE) < 0) await cursor.need(cursor.buffered + 1);
    }
  }
}

async function passLine({ cursor }: PickleState): Promise<undefined> {
  for (;;) {
    const index = cursor.indexOf(NEWLINE);
    if (cursor.skipBuffered(index < 0 ? cursor.buffered : index + 1) && index >= 0) return undefined;
    await cursor.need(1);
  }
}

async function textLine(state: PickleState, decode: (line: string) => string | undefined): Promise<void> {
  const line = await readLine(state);
  if (line === undefined) state.stack.push(BEYOND_LIMIT);
  else {
    const text = decode(Buffer.from(line).toString('latin1'));
    if (text === undefined) throw malformed('a text is not quoted', state.cursor.position);
    state.stack.pushText(text);
  }
}

/** INT: decimal, or the booleans of protocol 0. LONG may end in `L`. */
async function integerLine(state: PickleState): Promise<void> {
  const line = await readLine(state);
  const text = line === undefined ? '' : decodeText(line).trim().replace(/L$/, '').replaceAll('_', '');
  if (text === '00' || text === '01') state.stack.push(text === '01');
  // Python reads more spellings than it writes (hexadecimal, for one): what follows would still be run.
  else if (!isKept(state, text.length) || !/^[+-]?[0-9]+$/.test(text)) state.stack.push(BEYOND_LIMIT);
  else state.stack.pushObject(() => integer(BigInt(text.replace('+', ''))));
}

async function floatLine(state: PickleState): Promise<void> {
  const line = await readLine(state);
  const text = line === undefined ? '' : decodeText(line).trim();
  if (/^[+-]?(?:inf|nan)$/i.test(text)) state.stack.push(text);
  else state.stack.pushObject(() => float(Number(text)));
}

/** Numbers of ordinary size cost what any object does; those that are longer are bytes that are kept. */
function isKept(state: PickleState, length: number): boolean {
  return length <= ORDINARY_INTEGER_BYTES || (length <= MAX_INTEGER_BYTES && state.stack.admitBytes(length));
}

async function longBytes(state: PickleState, length: number): Promise<void> {
  if (length < 0) throw malformed('an integer has a negative length', state.cursor.position);
  if (!isKept(state, length)) {
    await skipPayload(state, length);
    state.stack.push(BEYOND_LIMIT);
    return;
  }
  await state.cursor.need(length);
  const bytes = state.cursor.bytes(length);
  state.stack.pushObject(() => integer(littleEndianInteger(bytes)));
}

async function skipPayload(state: PickleState, length: number): Promise<void> {
  state.skipped += length;
  await state.cursor.skip(length);
}

/** Text of a stated length; long ones are passed over. Sync where it is here already, which is nearly always. */
function text(state: PickleState, length: number, take: (length: number) => string): Promise<void> | void {
  if (length > MAX_STRING_BYTES) return longText(state, length);
  if (state.cursor.buffered < length)
    return state.cursor.need(length).then(() => state.stack.pushText(take(length)));
  state.stack.pushText(take(length));
}

async function longText(state: PickleState, length: number): Promise<void> {
  const at = state.cursor.position;
  await skipPayload(state, length);
  state.stack.pushObject(() => ({ ...BEYOND_LIMIT, at, length }));
}

function utf8(state: PickleState, length: number): Promise<void> | void {
  return text(state, length, (count) => state.cursor.text(count));
}

/** BINSTRING of Python 2: bytes that were its text. */
function latin1(state: PickleState, length: number): Promise<void> | void {
  return text(state, length, (count) => Buffer.from(state.cursor.bytes(count)).toString('latin1'));
}

/** Bytes of a stated length. Kept when short: labels and numbers are in them, or another pickle. */
async function bytes(state: PickleState, length: number): Promise<void> {
  if (length > MAX_KEPT_ARRAY_BYTES || state.stack.isFull || !state.stack.admitBytes(length)) {
    const at = state.cursor.position;
    await skipPayload(state, length);
    state.stack.pushObject(() => ({ kind: 'bytes', length, bytes: undefined, at }));
    return;
  }
  await state.cursor.need(length);
  // A copy: a view would keep the whole window that it was read in.
  const kept = new Uint8Array(state.cursor.bytes(length));
  if (kept[0] === 0x80 && kept.byteLength > 2) state.nested.push(kept);
  state.stack.pushObject(() => ({ kind: 'bytes', length, bytes: kept }));
}

function signedLength(state: PickleState): number {
  const length = state.cursor.i32();
  if (length < 0) throw malformed('a text has a negative length', state.cursor.position);
  return length;
}

/** torch's first layout names classes of modules like this: `('module', class, file, source)`. */
function namedClass(id: PickleValue): PickleValue | undefined {
  if (!isKind(id, 'tuple') || id.items[0] !== 'module') return undefined;
  return isKind(id.items[1], 'global') ? id.items[1] : undefined;
}

/** Opcodes that push numbers, texts and bytes, and those that only frame. */
export const DATA_OPCODES: PickleOpcodes = new Map([
  opcode('N', 0, ({ stack }) => stack.push(null)),
  opcode(0x88, 2, ({ stack }) => stack.push(true)),
  opcode(0x89, 2, ({ stack }) => stack.push(false)),
  opcode('I', 0, integerLine),
  opcode('L', 0, integerLine),
  opcode('F', 0, floatLine),
  opcode('K', 1, ({ stack, cursor }) => {
    const value = cursor.u8();
    stack.pushObject(() => integer(value));
  }),
  opcode('M', 1, ({ stack, cursor }) => {
    const value = cursor.u16();
    stack.pushObject(() => integer(value));
  }),
  opcode('J', 1, ({ stack, cursor }) => {
    const value = cursor.i32();
    stack.pushObject(() => integer(value));
  }),
  opcode('G', 1, ({ stack, cursor }) => {
    const value = cursor.f64(false);
    stack.pushObject(() => float(value));
  }),
  opcode(0x8a, 2, (state) => longBytes(state, state.cursor.u8())),
  opcode(0x8b, 2, (state) => longBytes(state, state.cursor.i32())),
  opcode('S', 0, (state) => textLine(state, unquotePython)),
  opcode('V', 0, (state) => textLine(state, decodeRawUnicode)),
  opcode('T', 1, (state) => latin1(state, signedLength(state))),
  opcode('U', 1, (state) => latin1(state, state.cursor.u8())),
  opcode('X', 1, (state) => utf8(state, state.cursor.u32())),
  opcode(0x8c, 4, (state) => utf8(state, state.cursor.u8())),
  opcode(0x8d, 4, (state) => utf8(state, state.cursor.count())),
  opcode('C', 3, (state) => bytes(state, state.cursor.u8())),
  opcode('B', 3, (state) => bytes(state, state.cursor.u32())),
  opcode(0x8e, 4, (state) => bytes(state, state.cursor.count())),
  opcode(0x96, 5, (state) => bytes(state, state.cursor.count())),
  opcode(0x97, 5, ({ stack }) => stack.push(FOREIGN)),
  opcode(0x98, 5, () => {}),
  // FRAME: a hint of how much to read at once; the opcodes inside are the same.
  opcode(0x95, 4, ({ cursor }) => {
    cursor.u64();
  }),
  opcode(0x80, 2, ({ cursor }) => {
    cursor.u8();
  }),
  opcode('P', 0, async (state) => {
    const line = await readLine(state);
    const id = line === undefined ? BEYOND_LIMIT : decodeText(line);
    state.trace.persistentId();
    state.stack.pushObject(() => ({ kind: 'persistent', id }));
  }),
  opcode('Q', 1, ({ stack, trace }) => {
    const id = stack.pop();
    trace.persistentId();
    const known = namedClass(id);
    stack.pushObject(() => known ?? { kind: 'persistent', id });
  }),
]);
