import { describe, expect, it } from 'vitest';
import { bytesContent } from '../../../../src/core/oci/content.ts';
import { MAX_PAGES_KEPT, PAGE_BYTES } from '../../../../src/core/readers/limits.ts';
import { PagedSource } from '../../../../src/core/readers/parse/paged-source.ts';
import { requestedContent } from '../../../support/outlined-model.ts';
import { countingContent } from '../fixtures.ts';

const bytes = Uint8Array.from({ length: 5 * PAGE_BYTES + 100 }, (_, i) => (i * 31 + (i >> 8)) & 0xff);

describe('a file read here and there', () => {
  it.each([
    [0, 1],
    [PAGE_BYTES - 1, 2],
    [10, 3 * PAGE_BYTES],
    [5 * PAGE_BYTES, 100],
    [bytes.length, 0],
  ])('gives the bytes from %i, %i long', async (at, length) => {
    const source = new PagedSource(bytesContent(bytes));
    expect(Buffer.compare(await source.read(at, length), bytes.subarray(at, at + length))).toBe(0);
  });

  it('asks once for what lies beside each other, and for pages that are missing in one request', async () => {
    const counted = countingContent(bytesContent(bytes));
    const source = new PagedSource(counted.content);
    await source.read(5 * PAGE_BYTES + 90, 10);
    await source.read(5 * PAGE_BYTES, 10);
    await source.read(10, 3 * PAGE_BYTES);
    await source.read(PAGE_BYTES, 20);
    expect(counted.ranges).toEqual([
      { start: 5 * PAGE_BYTES, end: bytes.length },
      { start: 0, end: 4 * PAGE_BYTES },
    ]);
  });

  it('stops at the end, at its bound and for its caller', async () => {
    const source = new PagedSource(bytesContent(bytes), { maxBytes: PAGE_BYTES });
    await expect(source.read(bytes.length - 1, 2)).rejects.toMatchObject({ code: 'truncated' });
    await source.read(0, 1);
    await expect(source.read(PAGE_BYTES, 1)).rejects.toMatchObject({ code: 'too-large-to-show' });
    const gone = new PagedSource(bytesContent(bytes), { signal: AbortSignal.abort(new Error('enough')) });
    await expect(gone.read(0, 1)).rejects.toThrow('enough');
  });

  it('reads what is wanted next at once where each would be a request, and little between for nothing', async () => {
    const large = bytesContent(new Uint8Array(400 * PAGE_BYTES));
    const asked = requestedContent(large);
    const source = new PagedSource(asked.content);
    const pages = [0, 2, 20, 40, 60, 80, 100, 120, 140];
    await source.prefetch(pages.map((page) => ({ at: page * PAGE_BYTES, length: 10 })));
    for (const page of pages) await source.read(page * PAGE_BYTES, 10);
    expect(asked.requests.slice(0, 2)).toEqual([
      { start: 0, end: 3 * PAGE_BYTES },
      { start: 20 * PAGE_BYTES, end: 21 * PAGE_BYTES },
    ]);
    expect(asked.requests).toHaveLength(8);
    expect(asked.counts).toEqual({ rounds: 2, most: 6 });
  });

  it('asks ahead for nothing that is on this machine, not in the file, too much or over its bound', async () => {
    const local = countingContent(bytesContent(bytes));
    await new PagedSource(local.content).prefetch([{ at: 0, length: 1 }]);
    expect(local.ranges).toEqual([]);
    const asked = requestedContent(bytesContent(bytes));
    const outside = [-1, bytes.length, 2 ** 53, Number.NaN].map((at) => ({ at, length: 1 }));
    await new PagedSource(asked.content).prefetch(outside);
    const all = [{ at: 0, length: bytes.length }];
    await new PagedSource(asked.content, { maxBytes: 2 * PAGE_BYTES }).prefetch(all);
    expect(asked.requests).toEqual([]);
    const large = requestedContent(bytesContent(new Uint8Array(400 * PAGE_BYTES)));
    await new PagedSource(large.content).prefetch([{ at: 0, length: Number.MAX_SAFE_INTEGER }]);
    expect(large.bytes()).toBe((MAX_PAGES_KEPT / 2) * PAGE_BYTES);
  });
});
