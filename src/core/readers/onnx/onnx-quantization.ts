import type { TensorInfo } from '../tensor-tally.ts';

/** What a `DequantizeLinear` turns back, and the zero point that it takes from it; empty where it names none. */
export interface Dequantized {
  readonly values: string;
  readonly zeroPoint: string;
}

/**
 * What a model is quantized to: the type of most of the weights that are turned back, else of the zero points of what
 * runs between operators. Biases of 32 bits are no quantization: they are sums.
 */
export function quantizationOf(
  nodes: readonly Dequantized[],
  tensors: readonly TensorInfo[],
): string | undefined {
  const wanted = new Set(nodes.flatMap(({ values, zeroPoint }) => [values, zeroPoint]));
  const known = new Map(
    tensors.filter(({ name }) => wanted.has(name)).map((tensor) => [tensor.name, tensor]),
  );
  const weights = new Map<string, number>();
  const others = new Map<string, number>();
  for (const { values, zeroPoint } of nodes) {
    const weight = known.get(values);
    const kind = kindOf((weight ?? known.get(zeroPoint))?.dtype);
    if (kind === undefined) continue;
    const counts = weight === undefined ? others : weights;
    counts.set(kind, (counts.get(kind) ?? 0) + (weight?.bytes ?? 1));
  }
  return largest(weights) ?? largest(others);
}

function kindOf(dtype: string | undefined): string | undefined {
  const [, integer, bits] = /^([IU])(2|4|8|16)$/.exec(dtype ?? '') ?? [];
  if (bits !== undefined) return `${integer === 'U' ? 'uint' : 'int'}${bits}`;
  const [, float] = /^F([468])_/.exec(dtype ?? '') ?? [];
  return float === undefined ? undefined : `fp${float}`;
}

function largest(counts: ReadonlyMap<string, number>): string | undefined {
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
}
