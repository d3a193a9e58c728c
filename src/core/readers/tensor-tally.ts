import type { FactsBuilder } from './facts.ts';
import { MAX_RANK, MAX_TENSORS_LISTED } from './limits.ts';
import { malformed } from './parse/parse-stop.ts';

/** One tensor as reports show it. */
export interface TensorInfo {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes?: number;
}

/** Counts weights while a header is read: exact parameter count, dominant precision, and the list up to a bound. */
export class TensorTally {
  readonly listed: TensorInfo[] = [];
  readonly #bytesByDtype = new Map<string, bigint>();
  readonly #countByDtype = new Map<string, number>();
  #parameters = 0n;
  #count = 0;

  /** `bytes` is what the weights take, by the dtype if the file does not say. */
  add(tensor: TensorInfo, elements: bigint, bytes: bigint): void {
    this.#count += 1;
    this.#parameters += elements;
    this.#bytesByDtype.set(tensor.dtype, (this.#bytesByDtype.get(tensor.dtype) ?? 0n) + bytes);
    this.#countByDtype.set(tensor.dtype, (this.#countByDtype.get(tensor.dtype) ?? 0) + 1);
    if (this.listed.length < MAX_TENSORS_LISTED) this.listed.push(tensor);
  }

  get count(): number {
    return this.#count;
  }

  get parameters(): bigint {
    return this.#parameters;
  }

  /** The dtype that takes the most bytes; undefined where there are no weights. */
  get precision(): string | undefined {
    let best: string | undefined;
    let most = 0n;
    for (const [dtype, bytes] of this.#bytesByDtype) if (bytes > most) [best, most] = [dtype, bytes];
    return best;
  }

  /** Tensors by dtype. */
  get dtypes(): Record<string, number> {
    return Object.fromEntries(this.#countByDtype);
  }
}

/** How many parameters there are, and which type most of their bytes have. */
export function reportParameters(tally: TensorTally, facts: FactsBuilder): void {
  facts.property('parameter_count', tally.parameters);
  facts.property('precision', tally.precision);
}

/** The tensors, as far as they are listed. */
export function reportTensors(tally: TensorTally, facts: FactsBuilder): void {
  facts.details.tensor_count = tally.count;
  facts.details.dtypes = tally.dtypes;
  facts.details.tensors = tally.listed;
  if (tally.count > MAX_TENSORS_LISTED) {
    const message = `only ${MAX_TENSORS_LISTED} of ${tally.count} tensors are listed`;
    facts.finding('info', 'too-large-to-show', message);
  }
}

/** The number of elements of a shape, exact; a hostile shape is `malformed`. */
export function elementsOf(shape: readonly number[], offset?: number): bigint {
  if (shape.length > MAX_RANK) throw malformed(`a shape has more than ${MAX_RANK} dimensions`, offset);
  let elements = 1n;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0)
      throw malformed('a dimension is negative or too large', offset);
    elements *= BigInt(size);
  }
  return elements;
}
