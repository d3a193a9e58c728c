import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesContent, type Content } from '../../../../src/core/oci/content.ts';
import { ByteCursor } from '../../../../src/core/readers/parse/byte-cursor.ts';
import { RangeSource } from '../../../../src/core/readers/parse/byte-source.ts';
import { requestedContent } from '../../../support/outlined-model.ts';

const MIB = 1024 * 1024;
const bytes = Uint8Array.from({ length: 48 * MIB }, (_, at) => (at * 31 + (at >> 11)) & 0xff);

/** Reads four bytes at each place, as a walk over weights does. */
async function walk(source: RangeSource, places: readonly number[]): Promise<void> {
  const cursor = new ByteCursor(source);
  for (const at of places) {
    await cursor.skip(at - cursor.position);
    await cursor.need(4);
    expect(Buffer.compare(cursor.bytes(4), bytes.subarray(at, at + 4))).toBe(0);
  }
}

/** Places whose distances repeat, each up to `jitter` bytes off. */
function layers(distances: readonly number[], count: number, jitter = 0): number[] {
  let at = 0;
  return Array.from({ length: count }, (_, n) => {
    at += (distances[n % distances.length] ?? 0) + (jitter === 0 ? 0 : (n * 7) % jitter);
    return at;
  });
}

describe('jumps over weights of remote content', () => {
  it('that repeat are a few rounds', async () => {
    const asked = requestedContent(bytesContent(bytes));
    await walk(new RangeSource(asked.content), layers([400_000, 900_000, 150_000], 90, 50));
    expect(asked.counts.rounds).toBeLessThan(30);
    expect(asked.requests.length).toBeLessThan(100);
    expect(asked.counts.most).toBeLessThanOrEqual(6);
  });

  it('that never repeat cost a request each', async () => {
    const asked = requestedContent(bytesContent(bytes));
    const growing = Array.from({ length: 60 }, (_, n) => 200_000 + n * 10_000);
    await walk(new RangeSource(asked.content), layers(growing, 60));
    expect(asked.requests).toHaveLength(60);
  });

  it('give the same bytes, whatever the distances', { timeout: 60_000 }, async () => {
    const distance = fc.oneof(fc.constantFrom(140_000, 300_000, 300_200, 900_000), fc.nat(500_000));
    await fc.assert(
      fc.asyncProperty(fc.array(distance, { maxLength: 50 }), async (distances) => {
        const asked = requestedContent(bytesContent(bytes));
        await walk(new RangeSource(asked.content), layers(distances, distances.length));
        expect(asked.counts.most).toBeLessThanOrEqual(6);
        expect(asked.bytes()).toBeLessThanOrEqual(4 * MIB + distances.length * 6 * 20_000 + 5 * MIB);
      }),
      { numRuns: 40, seed: 6 },
    );
  });

  it('of this machine are not guessed', async () => {
    const asked = requestedContent(bytesContent(bytes));
    const content: Content = { ...asked.content, isRemote: false };
    await walk(new RangeSource(content), layers([500_000], 60));
    expect(asked.requests).toHaveLength(60);
    expect(asked.counts.most).toBe(1);
  });

  it('stop at the bytes that may be read, guesses counted', async () => {
    const asked = requestedContent(bytesContent(bytes));
    const source = new RangeSource(asked.content, { maxBytes: 400_000 });
    await expect(walk(source, layers([500_000], 60))).rejects.toMatchObject({ code: 'too-large-to-show' });
    expect(asked.bytes()).toBeLessThanOrEqual(400_000);
  });

  it('are let go of at the end, and fail unheard', async () => {
    const signals: AbortSignal[] = [];
    const failing = (content: Content): Content => ({
      isRemote: true,
      size: content.size,
      slice: (start = 0, end = content.size) => ({
        ...failing(content.slice(start, end)),
        async *stream(options) {
          if (options?.signal) signals.push(options.signal);
          if (signals.length > 5) throw new Error('the line is cut');
          yield* content.slice(start, end).stream();
        },
      }),
      stream: content.stream,
    });
    const source = new RangeSource(failing(bytesContent(bytes)));
    await walk(source, layers([500_000], 3));
    source.close();
    expect(signals.some(({ aborted }) => aborted)).toBe(true);
    await expect(walk(new RangeSource(failing(bytesContent(bytes))), layers([500_000], 20))).rejects.toThrow(
      'the line is cut',
    );
  });
});
