import { cellText, recordsOf, shapeText } from './detail-values.ts';

/** A tensor as the viewer shows it. */
export interface TensorRow {
  /** Escaped. */
  readonly name: string;
  readonly dtype: string;
  readonly shape: string;
  /** Undefined where a dimension has no number. */
  readonly elements: number | undefined;
  /** Undefined where the reader does not say. */
  readonly bytes: number | undefined;
}

/** A part of the weights: what it is, how much it takes, of how many tensors. */
export interface Share {
  readonly label: string;
  readonly bytes: number;
  readonly tensors: number;
}

/** The tensors of a model's details; what is not one is passed over. */
export function tensorRows(tensors: unknown, scalar: string): readonly TensorRow[] {
  return recordsOf(tensors).map(({ name, dtype, shape, bytes }) => ({
    name: cellText(String(name ?? '')),
    dtype: cellText(String(dtype ?? '')),
    shape: shapeText(shape, scalar),
    elements: elementsOf(shape),
    bytes: typeof bytes === 'number' && bytes >= 0 ? bytes : undefined,
  }));
}

function elementsOf(shape: unknown): number | undefined {
  if (!Array.isArray(shape)) return undefined;
  let elements = 1;
  for (const size of shape) {
    if (typeof size !== 'number') return undefined;
    elements *= size;
  }
  return elements;
}

/** Weights by dtype, the largest first. */
export function sharesByType(tensors: readonly TensorRow[]): readonly Share[] {
  return shares(tensors, ({ dtype }) => dtype);
}

/**
 * Weights by the part of the model that they belong to: names without their numbers, so that the layers of a stack are
 * one part (`model.layers.7.mlp.up_proj.weight` → `model.layers.*.mlp.up_proj`).
 */
export function sharesByPart(tensors: readonly TensorRow[]): readonly Share[] {
  return shares(tensors, ({ name }) => partOf(name));
}

export function partOf(name: string): string {
  const pieces = name.split(/[./]/);
  if (pieces.length > 1 && /^(?:weight|bias|kernel|gamma|beta)$/.test(pieces.at(-1) ?? '')) pieces.pop();
  return pieces.map((piece) => (/^\d+$/.test(piece) ? '*' : piece)).join('.');
}

/** The tensors that take the most bytes. */
export function largestTensors(tensors: readonly TensorRow[], count: number): readonly Share[] {
  return largest(
    tensors.map(({ name, bytes = 0 }) => ({ label: name, bytes, tensors: 1 })),
    count,
  );
}

/** The largest parts; the others together as one, called `rest`. */
export function largestWithRest(all: readonly Share[], count: number, rest: string): readonly Share[] {
  if (all.length <= count) return all;
  const others = all.slice(count - 1);
  const sum = (of: (share: Share) => number) => others.reduce((total, share) => total + of(share), 0);
  const together = { label: rest, bytes: sum(({ bytes }) => bytes), tensors: sum(({ tensors }) => tensors) };
  return [...all.slice(0, count - 1), together];
}

function shares(tensors: readonly TensorRow[], labelOf: (tensor: TensorRow) => string): readonly Share[] {
  const sums = new Map<string, Share>();
  for (const tensor of tensors) {
    const label = labelOf(tensor);
    const before = sums.get(label) ?? { label, bytes: 0, tensors: 0 };
    sums.set(label, {
      label,
      bytes: before.bytes + (tensor.bytes ?? 0),
      tensors: before.tensors + 1,
    });
  }
  return largest([...sums.values()], sums.size);
}

function largest(all: readonly Share[], count: number): readonly Share[] {
  return all
    .filter(({ bytes }) => bytes > 0)
    .sort((a, b) => b.bytes - a.bytes)
    .slice(0, count);
}
