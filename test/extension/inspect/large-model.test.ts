import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFileContent } from '../../../src/core/oci/file-content.ts';
import { readModelFile } from '../../../src/core/readers/index.ts';
import { tensorRows } from '../../../src/extension/inspect/tensor-shares.ts';
import { GridOrder } from '../../../src/webview/inspect/grid-order.ts';
import { countingContent } from '../../core/readers/fixtures.ts';
import { madeLlama } from '../../support/made-llama.ts';
import { writeSparseSafetensors } from '../../support/safetensors-file.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'omlmd-large-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('a model of 16 GB', () => {
  it('is shown from less than 100 KB of it', async () => {
    const path = join(folder, 'llama.safetensors');
    const size = await writeSparseSafetensors(path, madeLlama(32));
    expect(size).toBeGreaterThan(10e9);
    const counted = countingContent(await openFileContent(path));
    const facts = await readModelFile({ path, content: counted.content });
    expect(tensorRows(facts.details.tensors, '')).toHaveLength(291);
    expect(counted.bytes()).toBeLessThan(100_000);
  });
});

describe('100,000 tensors', () => {
  it('are all listed, and filtered and sorted in one go', async () => {
    const path = join(folder, 'many.safetensors');
    const tensors = Array.from({ length: 100_000 }, (_, at) => ({
      name: `t.${at}`,
      dtype: 'F32',
      shape: [1],
    }));
    await writeSparseSafetensors(path, tensors);
    const facts = await readModelFile({ path, content: await openFileContent(path) });
    const rows = tensorRows(facts.details.tensors, '');
    expect(rows).toHaveLength(100_000);
    const order = new GridOrder({ columns: [{ title: '', cells: rows.map(({ name }) => name) }] });
    const sorted = order.rowsOf('99', { column: 0, direction: 'descending' });
    expect(rows[sorted[0] ?? 0]?.name).toBe('t.99999');
  });
});
