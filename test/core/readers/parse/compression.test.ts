import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesContent } from '../../../../src/core/oci/content.ts';
import {
  compressionOf,
  InflatedSource,
  inflateHead,
} from '../../../../src/core/readers/parse/compression.ts';
import { ParseStop } from '../../../../src/core/readers/parse/parse-stop.ts';

interface Sample {
  readonly name: string;
  readonly kind: string;
  readonly length: number;
  readonly sha256: string;
  readonly base64: string;
}

/** Written by Python's own modules: test/fixtures/make/make_compressed.py. */
const SAMPLES: readonly Sample[] = JSON.parse(
  readFileSync(new URL('../../../fixtures/compressed.json', import.meta.url), 'utf8'),
);
const OWN = ['bz2', 'xz', 'lzma', 'lz4'] as const;

function sampleBytes({ base64 }: Sample): Uint8Array {
  return new Uint8Array(Buffer.from(base64, 'base64'));
}

interface Inflated {
  readonly bytes: Buffer;
  readonly stop: unknown;
}

async function inflate(bytes: Uint8Array, kind = compressionOf(bytes), limit = 2 ** 26): Promise<Inflated> {
  if (kind === undefined) throw new Error('not compressed');
  const source = new InflatedSource(bytesContent(bytes), kind);
  const parts: Uint8Array[] = [];
  let at = 0;
  try {
    while (at < limit) {
      const part = await source.read(at);
      if (part.byteLength === 0) break;
      parts.push(new Uint8Array(part));
      at += part.byteLength;
    }
    return { bytes: Buffer.concat(parts), stop: source.stop };
  } catch (stop) {
    return { bytes: Buffer.concat(parts), stop };
  } finally {
    await source.close();
  }
}

function sampleOf(kind: string, ending: string): Uint8Array {
  const found = SAMPLES.find((sample) => sample.kind === kind && sample.name.endsWith(ending));
  if (found === undefined) throw new Error(`no sample of ${kind}`);
  return sampleBytes(found);
}

describe('what Python compressed', () => {
  it('is there in every compression', () => expect(new Set(SAMPLES.map(({ kind }) => kind)).size).toBe(4));

  it.each(SAMPLES.map((sample) => [sample.name, sample] as const))('%s', async (_name, sample) => {
    const bytes = sampleBytes(sample);
    expect(compressionOf(bytes)).toBe(sample.kind);
    const { bytes: inflated, stop } = await inflate(bytes);
    expect(stop).toBeUndefined();
    expect(inflated.byteLength).toBe(sample.length);
    expect(createHash('sha256').update(inflated).digest('hex')).toBe(sample.sha256);
  });

  it('of zstd, more than one frame', async () => {
    const frames = Buffer.concat([zstdCompressSync('one '), zstdCompressSync('two')]);
    expect((await inflate(frames)).bytes.toString()).toBe('one two');
    expect(Buffer.from(inflateHead(zstdCompressSync('x'.repeat(100_000)))).toString()).toMatch(/^x+$/);
  });

  it.each(['xz', 'lzma', 'lz4'])('of %s is known from a beginning of it', async (kind) => {
    const whole = await inflate(sampleOf(kind, 'numbers'));
    const head = inflateHead(sampleOf(kind, 'numbers').subarray(0, 600));
    expect(head.byteLength).toBeGreaterThan(100);
    expect(whole.bytes.subarray(0, head.byteLength).equals(head)).toBe(true);
  });
});

describe('damage', () => {
  it.each(OWN)(
    'every beginning of %s gives the beginning of the data, and says that it ends',
    async (kind) => {
      const bytes = sampleOf(kind, 'runs');
      const whole = await inflate(bytes);
      for (let length = 14; length < bytes.byteLength - 12; length += 3) {
        const cut = await inflate(bytes.subarray(0, length), kind);
        expect(cut.stop).toMatchObject({ code: 'truncated' });
        expect(whole.bytes.subarray(0, cut.bytes.byteLength).equals(cut.bytes)).toBe(true);
      }
    },
  );

  it.each(OWN)('flipped bits of %s end in data or in a stop', { timeout: 60_000 }, async (kind) => {
    const bytes = sampleOf(kind, 'numbers');
    const place = fc.tuple(fc.nat(bytes.byteLength - 1), fc.integer({ min: 1, max: 255 }));
    await fc.assert(
      fc.asyncProperty(fc.array(place, { minLength: 1, maxLength: 3 }), async (places) => {
        const damaged = new Uint8Array(bytes);
        for (const [at, mask] of places) damaged[at] = (damaged[at] ?? 0) ^ mask;
        const { stop } = await inflate(damaged, kind, 2 ** 24);
        if (stop !== undefined) expect(stop).toBeInstanceOf(ParseStop);
      }),
      { numRuns: 200, seed: 7 },
    );
  });
});

describe('lies', () => {
  const numbers = (kind: string) => new Uint8Array(sampleOf(kind, 'numbers'));

  it.each(['xz', 'lzma'])('a dictionary of 4 GiB in %s is not allocated', async (kind) => {
    const bytes = numbers(kind);
    if (kind === 'lzma') bytes.set([0xff, 0xff, 0xff, 0xff], 1);
    // Block header behind the stream header: size, flags, filter 0x21, one byte of properties.
    else bytes[12 + 4] = 40;
    const before = process.memoryUsage().rss;
    expect((await inflate(bytes, kind === 'xz' ? 'xz' : 'lzma')).bytes.byteLength).toBeGreaterThan(1000);
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024);
  });

  it('an LZ4 block that is larger than its frame allows', async () => {
    const bytes = numbers('lz4');
    new DataView(bytes.buffer).setUint32(15, 0x7f000000, true);
    expect((await inflate(bytes)).stop).toMatchObject({ code: 'malformed' });
  });

  it('a filter of xz that is not known is said to be', async () => {
    const bytes = numbers('xz');
    bytes[12 + 2] = 0x04;
    const { stop } = await inflate(bytes);
    expect(stop).toMatchObject({ code: 'malformed', message: expect.stringContaining('not looked into') });
  });

  it('an index of 2^60 entries ends with the file', async () => {
    const bytes = Buffer.concat([
      Buffer.from('fd377a585a00000122dead', 'hex').subarray(0, 12),
      Buffer.from([0, 0, 0, ...Array(8).fill(0xff), 0x0f]),
    ]);
    expect((await inflate(bytes, 'xz')).stop).toBeInstanceOf(ParseStop);
  });

  it.each(OWN)('a hundred streams of %s in a row are one file, thousands are not', async (kind) => {
    const one = sampleOf(kind, 'one byte');
    const many = (count: number) => Buffer.concat(Array.from({ length: count }, () => one));
    expect((await inflate(many(100))).bytes.toString()).toBe('x'.repeat(100));
    expect((await inflate(many(2000))).stop).toMatchObject({ code: 'malformed' });
  });
});

describe('bombs', () => {
  it.each(['bz2', 'xz', 'lzma'] as const)('%s: megabytes out of a kilobyte come in parts', async (kind) => {
    const source = new InflatedSource(bytesContent(sampleOf(kind, '3.2 MB')), kind);
    const first = await source.read(0);
    expect(first.byteLength).toBeLessThanOrEqual(64 * 1024);
    await source.close();
  });
});
