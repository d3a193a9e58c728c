import { describe, expect, it } from 'vitest';
import { bytesContent } from '../../../src/core/oci/content.ts';
import { ModelParts } from '../../../src/core/operations/model-parts.ts';
import { MAX_FOLDER_BYTES_KEPT, MAX_FOLDER_DETAILS_KEPT } from '../../../src/core/readers/limits.ts';

/** A safetensors file of nothing but a header. */
function safetensors(header: unknown): Uint8Array {
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.byteLength));
  return Buffer.concat([length, text]);
}

function tensors(count: number): Record<string, unknown> {
  const tensor = { dtype: 'U8', shape: [0], data_offsets: [0, 0] };
  return Object.fromEntries(Array.from({ length: count }, (_, at) => [`layer.${at}.weight`, tensor]));
}

function parts(count: number, bytes: Uint8Array) {
  return Array.from({ length: count }, (_, at) => ({
    title: `model-${String(at + 1).padStart(5, '0')}-of-${String(count).padStart(5, '0')}.safetensors`,
    size: bytes.byteLength,
    open: async () => bytesContent(bytes),
  }));
}

const UNREAD = { severity: 'medium', code: 'too-large-to-show' };

describe('the files of one folder together', () => {
  it('are read while there is time: of the rest it is said that they were not', async () => {
    const set = new ModelParts(parts(3, safetensors(tensors(2))), { concurrency: 1, maxMilliseconds: -1 });
    const readings = await set.readAll();
    expect(readings.map(({ facts }) => facts.format.name)).toEqual(['unknown', 'unknown', 'unknown']);
    for (const { facts } of readings) expect(facts.findings).toMatchObject([UNREAD]);
  });

  it('are all shown that were not read, whatever their names', async () => {
    const named = ['a', 'b.txt'].map((title) => ({
      title,
      size: 1,
      open: () => Promise.reject(new Error()),
    }));
    const readings = await new ModelParts(named, { concurrency: 1, maxMilliseconds: -1 }).readAll();
    expect(readings.map(({ title }) => title)).toEqual(['a', 'b.txt']);
  });

  it('stop the reader of the whole where its time is over', async () => {
    const config = Buffer.from('{"model_type": "llama"}');
    const part = { title: 'config.json', size: config.byteLength, open: async () => bytesContent(config) };
    const whole = (maxMilliseconds: number) =>
      new ModelParts([part], { concurrency: 1, maxMilliseconds }).readWhole('folder');
    expect((await whole(10_000))?.metadata.customProperties.get('architecture')).toBe('llama');
    const late = await whole(-1);
    expect(late?.findings ?? []).toContainEqual(expect.objectContaining({ code: 'too-large-to-show' }));
  });

  it('list their details up to a sum, and are counted beyond it', { timeout: 30_000 }, async () => {
    const bytes = safetensors(tensors(10_000));
    const set = new ModelParts(parts(20, bytes), { concurrency: 1 });
    const readings = await set.readAll();
    const lists = readings.map(({ facts }) => facts.details.tensors);
    const listed = lists.reduce<number>((sum, list) => sum + (Array.isArray(list) ? list.length : 0), 0);
    expect(listed).toBeGreaterThan(100_000);
    expect(listed).toBeLessThan(200_000);
    expect((listed * bytes.byteLength) / 10_000).toBeLessThan(MAX_FOLDER_DETAILS_KEPT);
    expect(lists.at(-1)).toEqual([]);
    for (const { facts } of readings) expect(facts.details.tensor_count).toBe(10_000);
    expect(readings.at(-1)?.facts.findings).toMatchObject([{ severity: 'info', code: 'too-large-to-show' }]);
  });

  it('are not read on where what they say of themselves is too much', async () => {
    const bytes = safetensors({
      __metadata__: { description: 'x'.repeat(60_000), author: 'y'.repeat(60_000) },
    });
    const set = new ModelParts(parts(300, bytes), { concurrency: 1 });
    const readings = await set.readAll();
    const kept = readings.filter(({ facts }) => facts.format.name === 'safetensors');
    expect(kept.length).toBeGreaterThan(50);
    expect(kept.length * 120_000).toBeLessThan(2 * MAX_FOLDER_BYTES_KEPT);
    expect(readings.at(-1)?.facts.findings).toMatchObject([UNREAD]);
  });

  it('keep nothing of a text but what they say', async () => {
    const bytes = safetensors({ ...tensors(3), ['long name '.repeat(20)]: tensors(1)['layer.0.weight'] });
    const padded = Buffer.concat([bytes, Buffer.alloc(4 * 1024 * 1024, ' ')]);
    padded.writeBigUInt64LE(BigInt(padded.byteLength - 8));
    const set = new ModelParts(parts(40, padded), { concurrency: 1 });
    const before = process.memoryUsage().rss;
    expect((await set.readAll()).flatMap(({ facts }) => facts.findings)).toEqual([]);
    expect(process.memoryUsage().rss - before).toBeLessThan(140 * 1024 * 1024);
  });
});
