import { quote } from '../../errors.ts';
import { decodeText } from '../parse/byte-cursor.ts';
import {
  arrayFromState,
  callResult,
  getattrResult,
  isJoblibArray,
  joblibArrayFile,
  newObject,
  noteSetattr,
} from './pickle-calls.ts';
import { readLine } from './pickle-data-opcodes.ts';
import { gadgetOf, makesClass } from './pickle-gadgets.ts';
import { isCodeByValue, isPartOfCode } from './pickle-imports.ts';
import { modernName } from './pickle-names.ts';
import { opcode, type PickleOpcodes, type PickleState } from './pickle-opcode.ts';
import { FOREIGN, isGlobal, isKind, isSequence, type PickleValue } from './pickle-values.ts';

/** Pushes a global by its name and puts it on record. */
function pushGlobal({ stack, trace, where }: PickleState, module: string, name: string): void {
  const modern = modernName(module, name);
  trace.imported(modern.module, modern.name, where);
  trace.pushed(modern.module, modern.name);
  stack.pushObject(() => ({ kind: 'global', ...modern }));
}

async function globalLines(state: PickleState): Promise<[module: string, name: string]> {
  const read = async () => decodeText((await readLine(state)) ?? new Uint8Array());
  // Copied out before the next wait: the bytes of a line are a view.
  const module = await read();
  return [module, await read()];
}

function stackGlobal(state: PickleState): void {
  const name = state.stack.pop();
  const module = state.stack.pop();
  if (typeof module === 'string' && typeof name === 'string') {
    state.stack.keep(module);
    state.stack.keep(name);
    pushGlobal(state, module, name);
    return;
  }
  state.trace.computed(
    'loading the file imports something whose name is not in plain sight',
    state.where,
    true,
  );
  state.stack.push(FOREIGN);
}

/** Calling what a call has just returned is how a file runs code of its own; no framework writes that. */
function noteCall({ trace, where }: PickleState, callable: PickleValue): void {
  if (isKind(callable, 'global') || (isKind(callable, 'opaque') && callable.reason === 'limit')) return;
  if (buildsCode(callable)) return;
  const made = makerOf(callable)?.maker;
  const what = made === undefined ? 'a value' : `what ${quote(`${made.module}.${made.name}`)} returned`;
  const certain =
    made !== undefined &&
    (isCodeByValue(made.module, made.name) || made.name === 'getattr' || made.name === 'partial');
  trace.computed(`loading the file calls ${what}`, where, certain);
}

/** Allowed functions that call their first argument. */
const APPLIERS = ['torch._tensor._rebuild_from_type', 'torch._tensor._rebuild_from_type_v2'];

/** REDUCE and its like: a call, as data. */
function call(state: PickleState, callable: PickleValue, args: readonly PickleValue[]): void {
  noteCall(state, callable);
  if (isGlobal(callable, ...APPLIERS)) noteCall(state, args[0] ?? null);
  const { stack, trace, where } = state;
  if (makesClass(callable, args)) trace.computed('loading the file makes a class', where, false);
  noteSetattr(callable, args, trace);
  const known = getattrResult(callable, args, trace, where);
  stack.pushObject(() => known ?? callResult(callable, args));
}

/** Classes that the file brings; making an instance without calling them is how cloudpickle and dill write one. */
const CLASS_MAKERS = new Set(['_make_skeleton_class', '_make_skeleton_enum', '_create_type']);
/** What cloudpickle and dill look up the type of code, function and cell by. */
const TYPE_LOOKUPS = new Set(['_builtin_type', '_load_type']);
const CODE_TYPES = new Set(['CodeType', 'FunctionType', 'CellType']);

/** The global that a value is the result of calling, and what it was called with. */
function makerOf(value: PickleValue) {
  if (!isKind(value, 'object') || !isKind(value.callable, 'global')) return undefined;
  return { maker: value.callable, args: value.args };
}

/** Whether calling this only builds code, which is said of the file already. */
function buildsCode(callable: PickleValue): boolean {
  const { maker, args = [] } = makerOf(callable) ?? {};
  const [type] = args;
  return (
    maker !== undefined &&
    TYPE_LOOKUPS.has(maker.name) &&
    typeof type === 'string' &&
    CODE_TYPES.has(type) &&
    isPartOfCode(maker.module, maker.name)
  );
}

function argumentsOf(value: PickleValue): readonly PickleValue[] {
  return isSequence(value) ? value.items : [value];
}

function create(state: PickleState, withKeywords: boolean): void {
  const { stack } = state;
  const keywords = withKeywords ? stack.pop() : undefined;
  const args = stack.pop();
  const callable = stack.pop();
  const made = makerOf(callable)?.maker;
  const isOwnClass =
    made !== undefined && CLASS_MAKERS.has(made.name) && isPartOfCode(made.module, made.name);
  if (!isKind(callable, 'global') && !isOwnClass) noteCall(state, callable);
  const object = newObject(callable, argumentsOf(args));
  if (isKind(keywords, 'dict')) for (const entry of keywords.entries) object.entries.push(entry);
  stack.pushObject(() => object);
}

/** BUILD: state for `__setstate__` or `__dict__`. Arrays become arrays; joblib's are followed by their bytes. */
function build(state: PickleState): Promise<void> | void {
  const { stack } = state;
  const given = stack.pop();
  const target = stack.top();
  if (isKind(target, 'global')) {
    // What was imported is changed for the whole program: no framework writes that.
    state.trace.computed(
      `loading the file changes ${quote(`${target.module}.${target.name}`)}`,
      state.where,
      true,
    );
    return;
  }
  if (!isKind(target, 'object')) return;
  const gadget = gadgetOf(target, given);
  if (gadget !== undefined) state.trace.computed(gadget, state.where, true);
  target.array = arrayFromState(target, given) ?? target.array;
  if (target.array !== undefined || !stack.admit(1)) return;
  target.states.push(given);
  const file = joblibArrayFile(target);
  if (file !== undefined) state.trace.besideFile(file, state.where);
  if (!isJoblibArray(target)) return;
  return state.readArray(target).then((array) => {
    if (array !== undefined) target.array = array;
  });
}

function extension(state: PickleState, code: number): void {
  state.trace.extension(code, state.where);
  state.stack.push(FOREIGN);
}

/** Opcodes that import and call: the only ones by which loading a pickle runs code. */
export const CALL_OPCODES: PickleOpcodes = new Map([
  opcode('c', 0, async (state) => pushGlobal(state, ...(await globalLines(state)))),
  opcode(0x93, 4, stackGlobal),
  opcode('i', 0, async (state) => {
    const [module, name] = await globalLines(state);
    const args = state.stack.popMark();
    pushGlobal(state, module, name);
    call(state, state.stack.pop(), args);
  }),
  opcode('o', 1, (state) => {
    const [callable = null, ...args] = state.stack.popMark();
    call(state, callable, args);
  }),
  opcode('R', 0, (state) => {
    const args = state.stack.pop();
    call(state, state.stack.pop(), argumentsOf(args));
  }),
  opcode(0x81, 2, (state) => create(state, false)),
  opcode(0x92, 4, (state) => create(state, true)),
  opcode('b', 0, build),
  opcode(0x82, 2, (state) => extension(state, state.cursor.u8())),
  opcode(0x83, 2, (state) => extension(state, state.cursor.u16())),
  opcode(0x84, 2, (state) => extension(state, state.cursor.i32())),
]);
