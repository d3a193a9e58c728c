import { truncate, writeFile } from 'node:fs/promises';

/** A tensor of a made-up model. */
export interface MadeTensor {
  readonly name: string;
  /** `F32`, `F16`, `BF16`. */
  readonly dtype: string;
  readonly shape: readonly number[];
}

/** Writes a small, valid safetensors file: one F32 tensor of the values, and `__metadata__`. */
export async function writeSafetensors(
  path: string,
  values: readonly number[],
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const weight = { name: 'weight', dtype: 'F32', shape: [values.length] };
  const { bytes } = headerOf([weight], metadata);
  await writeFile(path, Buffer.concat([bytes, Buffer.from(Float32Array.from(values).buffer)]));
}

/** Writes a valid safetensors file of any size whose weights are a hole: no disk is used for them. Gives its size. */
export async function writeSparseSafetensors(
  path: string,
  tensors: readonly MadeTensor[],
  metadata: Readonly<Record<string, string>> = {},
): Promise<number> {
  const { bytes, weights } = headerOf(tensors, metadata);
  await writeFile(path, bytes);
  await truncate(path, bytes.byteLength + weights);
  return bytes.byteLength + weights;
}

function headerOf(tensors: readonly MadeTensor[], metadata: Readonly<Record<string, string>>) {
  let weights = 0;
  const header: Record<string, unknown> = { __metadata__: metadata };
  for (const { name, dtype, shape } of tensors) {
    const begin = weights;
    weights += shape.reduce((elements, size) => elements * size, dtype === 'F32' ? 4 : 2);
    header[name] = { dtype, shape, data_offsets: [begin, weights] };
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.byteLength));
  return { bytes: Buffer.concat([length, text]), weights };
}
