import { decodeScalar } from './numpy-values.ts';
import { judgeImport } from './pickle-imports.ts';
import type { PickleTrace } from './pickle-trace.ts';
import {
  attributesOf,
  classOf,
  float,
  integer,
  isGlobal,
  isKind,
  isSequence,
  type PickleArray,
  type PickleObject,
  type PickleValue,
  wholeNumber,
} from './pickle-values.ts';

/** Calls that only build a value of Python's or numpy's own are done here, as data; any other stays a call. */
export function callResult(callable: PickleValue, args: readonly PickleValue[]): PickleValue {
  return constant(callable, args) ?? newObject(callable, args);
}

export function newObject(callable: PickleValue, args: readonly PickleValue[]): PickleObject {
  return { kind: 'object', callable, args, states: [], items: [], entries: [], array: undefined };
}

function constant(callable: PickleValue, args: readonly PickleValue[]): PickleValue | undefined {
  const [first, second] = args;
  if (isGlobal(callable, '_codecs.encode')) return encoded(first, second);
  if (isGlobal(callable, 'builtins.bytes', 'builtins.bytearray')) return bytesOf(args);
  if (isGlobal(callable, 'builtins.set', 'builtins.frozenset')) {
    return isSequence(first) ? { kind: 'set', items: [...first.items] } : undefined;
  }
  if (isGlobal(callable, 'numpy.core.multiarray.scalar', 'numpy._core.multiarray.scalar'))
    return scalarOf(first, second);
  if (isGlobal(callable, 'numpy.core.numeric._frombuffer', 'numpy._core.numeric._frombuffer'))
    return fromBuffer(args);
  if (isGlobal(callable, 'dill._dill._load_type')) return builtinType(first);
  return undefined;
}

/** dill looks types up by their names; what are types of Python's own is known without it. */
function builtinType(name: PickleValue | undefined): PickleValue | undefined {
  if (typeof name !== 'string' || judgeImport('builtins', name) !== 'allowed') return undefined;
  return { kind: 'global', module: 'builtins', name };
}

/** How protocols 0 to 2 write bytes: as text, to be encoded when loaded. */
function encoded(text: PickleValue | undefined, encoding: PickleValue | undefined): PickleValue | undefined {
  if (typeof text !== 'string' || typeof encoding !== 'string') return undefined;
  if (!/^latin[-_]?1$/i.test(encoding)) return undefined;
  return { kind: 'bytes', length: text.length, bytes: Uint8Array.from(text, (c) => c.charCodeAt(0)) };
}

function bytesOf(args: readonly PickleValue[]): PickleValue | undefined {
  const [first, second] = args;
  if (first === undefined) return { kind: 'bytes', length: 0, bytes: new Uint8Array() };
  if (isKind(first, 'bytes')) return first;
  return encoded(first, second);
}

/** A numpy number: dtype and bytes. */
function scalarOf(dtype: PickleValue | undefined, bytes: PickleValue | undefined): PickleValue | undefined {
  const type = dtypeText(dtype);
  if (type === undefined || !isKind(bytes, 'bytes') || bytes.bytes === undefined) return undefined;
  const value = decodeScalar(type, bytes.bytes);
  if (typeof value === 'number') return type.includes('f') ? float(value) : integer(value);
  return typeof value === 'bigint' ? integer(value) : value;
}

/** Protocol 5: buffer, dtype, shape, order. */
function fromBuffer(args: readonly PickleValue[]): PickleValue | undefined {
  const [buffer, dtype, shape] = args;
  const type = dtypeText(dtype);
  const sizes = shapeOf(shape);
  if (type === undefined || sizes === undefined) return undefined;
  const bytes = isKind(buffer, 'bytes') ? buffer.bytes : undefined;
  return { kind: 'array', shape: sizes, dtype: type, bytes, objects: undefined };
}

/** The state given to an array made by `_reconstruct`: version, shape, dtype, Fortran order, bytes or a list. */
export function arrayFromState(object: PickleValue, state: PickleValue): PickleArray | undefined {
  if (!isKind(object, 'object') || !isKind(state, 'tuple')) return undefined;
  if (
    !isGlobal(object.callable, 'numpy.core.multiarray._reconstruct', 'numpy._core.multiarray._reconstruct')
  ) {
    return undefined;
  }
  const [, shape, dtype, , data] = state.items;
  const sizes = shapeOf(shape);
  const type = dtypeText(dtype);
  if (sizes === undefined || type === undefined) return undefined;
  return {
    kind: 'array',
    shape: sizes,
    dtype: type,
    bytes: isKind(data, 'bytes') ? data.bytes : undefined,
    objects: isKind(data, 'list') ? data.items : undefined,
  };
}

export function shapeOf(value: PickleValue | undefined): number[] | undefined {
  if (!isSequence(value)) return undefined;
  const sizes: number[] = [];
  for (const item of value.items) {
    const size = wholeNumber(item);
    if (size === undefined || size < 0) return undefined;
    sizes.push(size);
  }
  return sizes;
}

/** A dtype as numpy writes it, byte order first; undefined where it is not a plain one. */
export function dtypeText(value: PickleValue | undefined): string | undefined {
  if (!isKind(value, 'object') || !isGlobal(value.callable, 'numpy.dtype')) return undefined;
  const [type] = value.args;
  if (typeof type !== 'string') return undefined;
  const state = value.states.at(-1);
  const order = isKind(state, 'tuple') ? state.items[1] : undefined;
  return `${typeof order === 'string' && /^[<>=|]$/.test(order) ? order : '|'}${type}`;
}

/**
 * `getattr(Class, 'name')` with both known is the global it comes to. It is listed as an import of its own; whether
 * `getattr` itself is harmless is only known when all its uses are.
 */
export function getattrResult(
  callable: PickleValue,
  args: readonly PickleValue[],
  trace: PickleTrace,
  where: string,
): PickleValue | undefined {
  const [target, name] = args;
  if (!isGlobal(callable, 'builtins.getattr') || typeof name !== 'string') return undefined;
  if (!isKind(target, 'global')) {
    // A method bound to an object of the file, which a pickle can have called without a call of its own in sight:
    // as `append` or `__setstate__` of another object.
    if (isKind(target, 'object') && isPlainAttribute(target, name)) trace.plainUse('getattr');
    return undefined;
  }
  const dotted = `${target.name}.${name}`;
  trace.imported(target.module, dotted, where);
  const verdict = judgeImport(target.module, dotted);
  const harmless = judgeImport(target.module, target.name) === 'allowed' && !name.startsWith('_');
  if (verdict === 'allowed' || (harmless && verdict !== 'dangerous')) trace.plainUse('getattr');
  return { kind: 'global', module: target.module, name: dotted };
}

/**
 * `setattr` as dill writes it behind a class that the file brings: its qualified name, a text. What that class is was
 * said of the file already.
 */
export function noteSetattr(callable: PickleValue, args: readonly PickleValue[], trace: PickleTrace): void {
  if (!isGlobal(callable, 'builtins.setattr') || args.length !== 3) return;
  const [target, name, value] = args;
  const isOwnClass = isKind(target, 'object') && isGlobal(target.callable, 'dill._dill._create_type');
  if (isOwnClass && name === '__qualname__' && typeof value === 'string') trace.plainUse('setattr');
}

/** Packages whose public methods compute, and neither read, write nor run what they are given. */
const COMPUTING_PACKAGES = new Set(['sklearn', 'imblearn']);

/**
 * Tables, arrays and boosters also have methods that write files and run texts: of these only private ones of a known
 * class. The model's own classes are reported as such.
 */
function isPlainAttribute(target: PickleObject, name: string): boolean {
  if (name.startsWith('__')) return false;
  const named = classOf(target);
  if (named === undefined) return isKind(target.callable, 'object') && !name.startsWith('_');
  const verdict = judgeImport(named.module, named.name);
  if (name.startsWith('_')) return verdict === 'allowed';
  return verdict === 'unknown' || COMPUTING_PACKAGES.has(named.module.split('.')[0] ?? '');
}

/** The wrapper that joblib leaves in the pickle for an array whose bytes follow it. */
export function isJoblibArray(value: PickleValue): value is PickleObject {
  return joblibClass(value) === 'NumpyArrayWrapper';
}

/** joblib before 0.10 wrote each array to a file of its own; this is that file's name. */
export function joblibArrayFile(value: PickleValue): string | undefined {
  if (!/^Z?NDArrayWrapper$/.test(joblibClass(value) ?? '')) return undefined;
  const name = attributesOf(value).get('filename');
  return typeof name === 'string' ? name : undefined;
}

function joblibClass(value: PickleValue): string | undefined {
  const named = classOf(value);
  return named !== undefined && /(?:^|\.)joblib\.numpy_pickle(?:_compat)?$/.test(named.module)
    ? named.name
    : undefined;
}
