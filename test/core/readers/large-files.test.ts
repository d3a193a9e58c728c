import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFileContent } from '../../../src/core/oci/file-content.ts';
import { readModelFile } from '../../../src/core/readers/index.ts';
import { writeSparseGguf, writeSparseOnnx } from '../../support/large-models.ts';
import { writeSparseSafetensors } from '../../support/safetensors-file.ts';
import { countingContent, propertiesOf } from './fixtures.ts';

const MIB = 1024 * 1024;
/** Bytes that are read of the largest files. */
const MOST_BYTES = 16 * MIB;
/** Tensors of a large language model. */
const TENSORS = 320;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'omlmd-large-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('of the largest files little is read', () => {
  it.each([
    {
      name: 'ten.safetensors',
      gibibytes: 10,
      requests: 3,
      write: (path: string, bytes: number) => {
        const weights = Array.from({ length: TENSORS }, (_, at) => ({
          name: `model.layers.${at}.mlp.up_proj.weight`,
          dtype: 'BF16',
          shape: [bytes / TENSORS / 2],
        }));
        return writeSparseSafetensors(path, weights);
      },
    },
    {
      name: 'ten.gguf',
      gibibytes: 10,
      requests: 8,
      write: (path: string, bytes: number) => writeSparseGguf(path, TENSORS, bytes / TENSORS / 2),
    },
    {
      name: 'two.onnx',
      gibibytes: 1.9,
      requests: TENSORS + 3,
      write: async (path: string, bytes: number) =>
        writeSparseOnnx(path, TENSORS, Math.floor(bytes / TENSORS / 4)),
    },
  ])('$gibibytes GiB: $name', async ({ name, gibibytes, requests, write }) => {
    const path = join(folder, name);
    await write(path, gibibytes * 1024 * MIB);
    const content = await openFileContent(path);
    expect(content.size).toBeGreaterThan(gibibytes * 1023 * MIB);
    const counted = countingContent(content);
    const facts = await readModelFile({ path, content: counted.content });
    expect(facts.findings).toEqual([]);
    expect(facts.details.tensor_count).toBe(TENSORS);
    expect(propertiesOf(facts).parameter_count).toBeGreaterThan(gibibytes * 200 * MIB);
    expect(counted.bytes()).toBeLessThanOrEqual(MOST_BYTES);
    expect(counted.ranges.length).toBeLessThanOrEqual(requests);
  });
});
