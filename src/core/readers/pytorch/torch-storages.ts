import { MAX_PICKLE_OBJECTS } from '../limits.ts';
import { isKind, type PickleValue } from '../pickle/pickle-values.ts';
import { storageOf, type TorchStorage } from './torch-tensor.ts';

/** Every storage that a value names anywhere, also where it is no weight of the model: gradients, the optimizer's. */
export function everyStorage(root: PickleValue): Map<string, TorchStorage> {
  const storages = new Map<string, TorchStorage>();
  const seen = new Set<PickleValue>([root]);
  // A set is walked in the order in which it grows.
  for (const value of seen) {
    const storage = storageOf(value);
    if (storage !== undefined) storages.set(storage.key, storage);
    for (const part of partsOf(value)) {
      if (seen.size >= 2 * MAX_PICKLE_OBJECTS) return storages;
      if (typeof part === 'object' && part !== null && 'kind' in part) seen.add(part);
    }
  }
  return storages;
}

function partsOf(value: PickleValue): Iterable<PickleValue> {
  if (isKind(value, 'dict')) return value.entries.flat();
  if (isKind(value, 'list') || isKind(value, 'tuple') || isKind(value, 'set')) return value.items;
  if (!isKind(value, 'object')) return [];
  return [value.callable, ...value.args, ...value.states, ...value.items, ...value.entries.flat()];
}
