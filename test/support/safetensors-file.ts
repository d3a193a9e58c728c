import { writeFile } from 'node:fs/promises';

/** Writes a small, valid safetensors file: one F32 tensor of the values, and `__metadata__`. */
export async function writeSafetensors(
  path: string,
  values: readonly number[],
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const size = values.length * 4;
  const header = JSON.stringify({
    __metadata__: metadata,
    weight: { dtype: 'F32', shape: [values.length], data_offsets: [0, size] },
  });
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(header)));
  const data = Buffer.from(Float32Array.from(values).buffer);
  await writeFile(path, Buffer.concat([length, Buffer.from(header), data]));
}
