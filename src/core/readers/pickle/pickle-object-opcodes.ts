import { decodeText } from '../parse/byte-cursor.ts';
import { malformed } from '../parse/parse-stop.ts';
import { readLine } from './pickle-data-opcodes.ts';
import { opcode, type PickleOpcodes, type PickleState } from './pickle-opcode.ts';
import { BEYOND_LIMIT, isKind, type PickleValue } from './pickle-values.ts';

/** LIST, TUPLE, DICT and FROZENSET: what stands above the mark. */
function collect(state: PickleState, make: (items: PickleValue[]) => PickleValue): void {
  if (state.stack.isFull) {
    state.stack.dropMark();
    state.stack.push(BEYOND_LIMIT);
    return;
  }
  const items = state.stack.popMark();
  state.stack.pushObject(() => make(items));
}

function tuple(state: PickleState, count: number): void {
  const items: PickleValue[] = [];
  for (let index = 0; index < count; index += 1) items.unshift(state.stack.pop());
  state.stack.pushObject(() => ({ kind: 'tuple', items }));
}

function pairs(items: readonly PickleValue[], at: number): [PickleValue, PickleValue][] {
  if (items.length % 2 !== 0) throw malformed('a key has no value', at);
  const entries: [PickleValue, PickleValue][] = [];
  for (let index = 0; index + 1 < items.length; index += 2)
    entries.push([items[index] ?? null, items[index + 1] ?? null]);
  return entries;
}

function append({ stack }: PickleState, items: readonly PickleValue[]): void {
  const target = stack.top();
  if (!stack.admit(items.length)) return;
  if (isKind(target, 'list') || isKind(target, 'set') || isKind(target, 'object')) {
    for (const item of items) target.items.push(item);
  }
}

/** APPENDS and ADDITEMS. */
function appendMarked(state: PickleState): void {
  if (state.stack.isFull) state.stack.dropMark();
  else append(state, state.stack.popMark());
}

/** SETITEMS. */
function setMarked(state: PickleState): void {
  if (!state.stack.isFull) setItems(state, pairs(state.stack.popMark(), state.cursor.position));
  else if (state.stack.dropMark() % 2 !== 0) throw malformed('a key has no value', state.cursor.position);
}

function setItems({ stack }: PickleState, entries: readonly [PickleValue, PickleValue][]): void {
  const target = stack.top();
  if (!stack.admit(entries.length)) return;
  if (isKind(target, 'dict') || isKind(target, 'object')) {
    for (const entry of entries) target.entries.push(entry);
  }
}

async function memoLine(state: PickleState): Promise<number> {
  const line = await readLine(state);
  const text = line === undefined ? '' : decodeText(line).trim().replaceAll('_', '').replace(/^\+/, '');
  if (!/^[0-9]{1,15}$/.test(text)) throw malformed('a memo number is not one', state.cursor.position);
  return Number(text);
}

/** GET: a memoised value comes back; that it may be `getattr` is counted like its first push. */
function recall({ stack, trace }: PickleState, index: number): void {
  const value = stack.recall(index);
  stack.push(value);
  if (isKind(value, 'global')) trace.pushed(value.module, value.name);
}

/** Opcodes of containers, of the stack itself and of the memo. */
export const OBJECT_OPCODES: PickleOpcodes = new Map([
  opcode('(', 0, ({ stack }) => stack.mark()),
  opcode('0', 0, ({ stack }) => stack.discard()),
  opcode('1', 1, ({ stack }) => {
    stack.popMark();
  }),
  opcode('2', 0, ({ stack, trace }) => {
    const value = stack.top();
    stack.push(value);
    if (isKind(value, 'global')) trace.pushed(value.module, value.name);
  }),
  opcode(']', 1, ({ stack }) => stack.pushObject(() => ({ kind: 'list', items: [] }))),
  opcode('}', 1, ({ stack }) => stack.pushObject(() => ({ kind: 'dict', entries: [] }))),
  opcode(')', 1, ({ stack }) => stack.pushObject(() => ({ kind: 'tuple', items: [] }))),
  opcode(0x8f, 4, ({ stack }) => stack.pushObject(() => ({ kind: 'set', items: [] }))),
  opcode('l', 0, (state) => collect(state, (items) => ({ kind: 'list', items }))),
  opcode('t', 0, (state) => collect(state, (items) => ({ kind: 'tuple', items }))),
  opcode(0x91, 4, (state) => collect(state, (items) => ({ kind: 'set', items }))),
  opcode('d', 0, (state) => {
    const entries = pairs(state.stack.popMark(), state.cursor.position);
    state.stack.pushObject(() => ({ kind: 'dict', entries }));
  }),
  opcode(0x85, 2, (state) => tuple(state, 1)),
  opcode(0x86, 2, (state) => tuple(state, 2)),
  opcode(0x87, 2, (state) => tuple(state, 3)),
  opcode('a', 0, (state) => append(state, [state.stack.pop()])),
  opcode('e', 1, appendMarked),
  opcode(0x90, 4, appendMarked),
  opcode('s', 0, (state) => {
    const value = state.stack.pop();
    setItems(state, [[state.stack.pop(), value]]);
  }),
  opcode('u', 1, setMarked),
  opcode('p', 0, async (state) => state.stack.remember(await memoLine(state))),
  opcode('q', 1, ({ stack, cursor }) => stack.remember(cursor.u8())),
  opcode('r', 1, ({ stack, cursor }) => stack.remember(cursor.u32())),
  opcode(0x94, 4, ({ stack }) => stack.memoize()),
  opcode('g', 0, async (state) => recall(state, await memoLine(state))),
  opcode('h', 1, (state) => recall(state, state.cursor.u8())),
  opcode('j', 1, (state) => recall(state, state.cursor.u32())),
]);
