import { JsonNumber } from '../../oci/json.ts';
import { bitsOf } from '../dtypes.ts';
import type { FactsBuilder } from '../facts.ts';
import type { ModelFacts } from '../reader.ts';
import { elementsOf, reportTensors, type TensorInfo, TensorTally } from '../tensor-tally.ts';

/** Files that hold the weights of one model, or of one component of it. */
export interface Weights {
  /** Stands before the names of its tensors. */
  readonly prefix: string;
  readonly files: readonly ModelFacts[];
}

/** Reports the weights of several files as those of one model. */
export function reportWeights(groups: readonly Weights[], facts: FactsBuilder): void {
  const tally = new TensorTally();
  let parameters = 0n;
  let isCounted = false;
  for (const { prefix, files } of groups) {
    const earlier = new Set<string>();
    for (const file of files) {
      const count = file.metadata.customProperties.get('parameter_count');
      if (count instanceof JsonNumber && count.isInteger) {
        parameters += BigInt(count.text);
        isCounted = true;
      }
      const tensors = tensorsOf(file);
      for (const tensor of tensors) {
        const elements = elementsOf(tensor.shape);
        // What a file shares within itself its reader counts right; what it repeats of another is taken off here.
        if (earlier.has(tensor.name)) parameters -= elements;
        const named = prefix === '' ? tensor : { ...tensor, name: prefix + tensor.name };
        tally.add(named, elements, bytesOf(tensor, elements));
      }
      if (files.length > 1) for (const { name } of tensors) earlier.add(name);
    }
  }
  if (!isCounted) return;
  facts.property('parameter_count', parameters);
  facts.property('precision', tally.precision ?? precisionOf(groups));
  if (tally.count > 0) reportTensors(tally, facts);
}

/** The tensors that a reader listed, where it lists them as tensors. */
function tensorsOf({ details }: ModelFacts): readonly TensorInfo[] {
  return Array.isArray(details.tensors) ? details.tensors.filter(isTensor) : [];
}

function isTensor(value: unknown): value is TensorInfo {
  if (typeof value !== 'object' || value === null) return false;
  const { name, dtype, shape }: Record<string, unknown> = { ...value };
  const isShape = Array.isArray(shape) && shape.every((size) => Number.isSafeInteger(size) && size >= 0);
  return typeof name === 'string' && typeof dtype === 'string' && isShape;
}

function bytesOf({ bytes, dtype }: TensorInfo, elements: bigint): bigint {
  return bytes === undefined ? (elements * BigInt(bitsOf(dtype) ?? 8)) / 8n : BigInt(bytes);
}

function precisionOf(groups: readonly Weights[]): unknown {
  const files = groups.flatMap((group) => group.files);
  return files.map(({ metadata }) => metadata.customProperties.get('precision')).find((p) => p !== undefined);
}
