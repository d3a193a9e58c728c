import { bitsOf } from '../dtypes.ts';
import { MAX_TORCH_WRAPPINGS } from '../limits.ts';
import { newObject, shapeOf } from '../pickle/pickle-calls.ts';
import { arrayOf, isKind, isSequence, type PickleValue, wholeNumber } from '../pickle/pickle-values.ts';
import { storageDtype, torchDtype } from './torch-dtypes.ts';

/** Bytes of weights beside the pickle, by the key they have there. */
export interface TorchStorage {
  readonly key: string;
  readonly dtype: string;
  /** Elements of `dtype`. */
  readonly elements: number;
  /** Undefined where the size of an element is not known. */
  readonly bytes: number | undefined;
}

/** A tensor that a pickle would put together. */
export interface TorchTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Undefined for tensors whose weights are not in a storage. */
  readonly storage: TorchStorage | undefined;
  /** Elements of the storage before its first. */
  readonly offset: number;
}

/** Characters of a type's name that is not known. */
const MAX_TYPE_CHARACTERS = 64;

/** The storage that a persistent id names: `('storage', type, key, device, elements, …)`. */
export function storageOf(value: PickleValue | undefined): TorchStorage | undefined {
  if (!isKind(value, 'persistent') || !isSequence(value.id)) return undefined;
  const [tag, type, key, , count] = value.id.items;
  const elements = wholeNumber(count);
  if (tag !== 'storage' || !isKind(type, 'global') || elements === undefined || elements < 0)
    return undefined;
  const text = typeof key === 'string' ? key : wholeNumber(key)?.toString();
  if (text === undefined) return undefined;
  const dtype = storageDtype(type.name) ?? type.name.replace(/Storage$/, '').slice(0, MAX_TYPE_CHARACTERS);
  const bits = bitsOf(dtype);
  return {
    key: text,
    dtype,
    elements,
    bytes: bits === undefined ? undefined : Math.ceil((elements * bits) / 8),
  };
}

/** The tensor that a call of torch's own would return; undefined for any other value. */
export function tensorOf(value: PickleValue | undefined, depth = 0): TorchTensor | undefined {
  if (!isKind(value, 'object') || !isKind(value.callable, 'global') || depth > MAX_TORCH_WRAPPINGS)
    return undefined;
  const { callable, args } = value;
  if (!/^torch(?:\.|$)/.test(callable.module)) return undefined;
  switch (callable.name) {
    case '_rebuild_tensor':
    case '_rebuild_tensor_v2':
    case '_rebuild_qtensor':
      return stored(args, undefined);
    case '_rebuild_tensor_v3':
      return stored(args, args[6]);
    case '_rebuild_parameter':
    case '_rebuild_parameter_with_state':
    case '_rebuild_device_tensor_from_cpu_tensor':
    case '_rebuild_nested_tensor':
      return tensorOf(args[0], depth + 1);
    case '_rebuild_from_type':
    case '_rebuild_from_type_v2':
      return subclass(args, depth);
    case '_rebuild_sparse_tensor':
    case '_rebuild_sparse_csr_tensor':
      return sparse(args[1], depth);
    case '_rebuild_meta_tensor_no_storage':
      return unstored(args[0], args[1]);
    case '_rebuild_wrapper_subclass':
      return unstored(args[1], args[2]);
    case '_rebuild_device_tensor_from_numpy':
      return fromNumpy(args);
  }
  return undefined;
}

/** Storage, offset, size, stride, … */
function stored(args: readonly PickleValue[], dtype: PickleValue | undefined): TorchTensor | undefined {
  const [first, offset, size] = args;
  const storage = storageOf(first);
  const shape = shapeOf(size);
  if (storage === undefined || shape === undefined) return undefined;
  return { dtype: dtypeOf(dtype) ?? storage.dtype, shape, storage, offset: wholeNumber(offset) ?? 0 };
}

/** A function, a class, the function's arguments, a state. */
function subclass(args: readonly PickleValue[], depth: number): TorchTensor | undefined {
  const [callable] = args;
  const inner = args.find(isSequence);
  if (callable === undefined || inner === undefined) return undefined;
  return tensorOf(newObject(callable, inner.items), depth + 1);
}

/** Indices of one kind or two, values, size: the weights are the values. */
function sparse(data: PickleValue | undefined, depth: number): TorchTensor | undefined {
  const tensors = isSequence(data) ? data.items.slice(0, 4).map((item) => tensorOf(item, depth + 1)) : [];
  return tensors.findLast((tensor) => tensor !== undefined);
}

function unstored(dtype: PickleValue | undefined, size: PickleValue | undefined): TorchTensor | undefined {
  const shape = shapeOf(size);
  const name = dtypeOf(dtype);
  if (shape === undefined || name === undefined) return undefined;
  return { dtype: name, shape, storage: undefined, offset: 0 };
}

function fromNumpy([data, dtype]: readonly PickleValue[]): TorchTensor | undefined {
  const array = arrayOf(data);
  const name = dtypeOf(dtype);
  if (array === undefined || name === undefined) return undefined;
  return { dtype: name, shape: array.shape, storage: undefined, offset: 0 };
}

function dtypeOf(value: PickleValue | undefined): string | undefined {
  if (!isKind(value, 'global') || value.module !== 'torch') return undefined;
  return torchDtype(value.name) ?? value.name.slice(0, MAX_TYPE_CHARACTERS);
}
