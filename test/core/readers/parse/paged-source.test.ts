import { describe, expect, it } from 'vitest';
import { bytesContent } from '../../../../src/core/oci/content.ts';
import { PAGE_BYTES } from '../../../../src/core/readers/limits.ts';
import { PagedSource } from '../../../../src/core/readers/parse/paged-source.ts';
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
});
