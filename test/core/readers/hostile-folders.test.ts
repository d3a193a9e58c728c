import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bytesContent, type Content } from '../../../src/core/oci/content.ts';
import { seeded } from '../../support/seeded.ts';
import { folderPath } from './fixtures.ts';
import { readMemoryFolder } from './memory-folder.ts';

const FOLDERS = [
  'llama',
  'quantized',
  'adapter',
  'mlflow-sklearn',
  'mlflow-code',
  'diffusers',
  'shards',
  'splits',
];
/** Damaged copies of each folder. */
const ROUNDS = 40;

function filesOf(name: string): Record<string, Uint8Array> {
  const entries = readdirSync(folderPath(name), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map(({ parentPath, name: file }) => {
      const path = `${parentPath}/${file}`;
      return [path.slice(folderPath(name).length + 1), new Uint8Array(readFileSync(path))];
    }),
  );
}

const contents = (files: Readonly<Record<string, Uint8Array>>): Record<string, Content> =>
  Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, bytesContent(bytes)]));

async function readsInTime(files: Readonly<Record<string, Uint8Array>>): Promise<void> {
  const start = performance.now();
  const facts = await readMemoryFolder(contents(files));
  expect(() => JSON.stringify(facts?.details)).not.toThrow();
  expect(performance.now() - start).toBeLessThan(2000);
}

describe.each(FOLDERS)('%s, damaged', (name) => {
  const files = filesOf(name);
  const names = Object.keys(files);

  it('by single bits, is read to an end', { timeout: 30_000 }, async () => {
    const random = seeded(7);
    for (let round = 0; round < ROUNDS; round += 1) {
      const damaged = Object.fromEntries(Object.entries(files).map(([file, bytes]) => [file, bytes.slice()]));
      for (let flip = 0; flip < 4; flip += 1) {
        const bytes = damaged[names[random(names.length)] ?? ''] ?? new Uint8Array(1);
        const at = random(bytes.length);
        bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
      }
      await readsInTime(damaged);
    }
  });

  it('by cut or missing files, is read to an end', { timeout: 30_000 }, async () => {
    for (const file of names) {
      const { [file]: bytes = new Uint8Array(), ...others } = files;
      await readsInTime(others);
      for (const part of [0, 0.3, 0.7])
        await readsInTime({ ...files, [file]: bytes.slice(0, bytes.length * part) });
    }
  });
});

it('texts of documents that are names of objects stay texts', async () => {
  const files = {
    'config.json': '{"model_type": "x", "__proto__": {"a": 1}, "id2label": {"__proto__": "b"}}',
    'model.safetensors.index.json': '{"weight_map": {"__proto__": "__proto__"}}',
  };
  const bytes = Object.entries(files).map(([name, text]) => [name, new TextEncoder().encode(text)] as const);
  await readsInTime(Object.fromEntries(bytes));
  expect(Object.prototype).not.toHaveProperty('a');
});

it('many parts of many tensors are listed up to a sum', { timeout: 30_000 }, async () => {
  const header = JSON.stringify(
    Object.fromEntries(
      Array.from({ length: 45_000 }, (_, i) => [`t${i}`, { dtype: 'F32', shape: [0], data_offsets: [0, 0] }]),
    ),
  );
  const bytes = new Uint8Array(8 + header.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(new TextEncoder().encode(header), 8);
  const names = Array.from({ length: 5 }, (_, i) => `m-0000${i + 1}-of-00005.safetensors`);
  const facts = await readMemoryFolder(contents(Object.fromEntries(names.map((name) => [name, bytes]))));
  expect(facts?.details.tensors).toHaveLength(100_000);
});
