import { describe, expect, it } from 'vitest';
import { bytesContent, type Content } from '../../../../src/core/oci/content.ts';
import { FactsBuilder } from '../../../../src/core/readers/facts.ts';
import { ParseStop } from '../../../../src/core/readers/parse/parse-stop.ts';
import { ZipArchive } from '../../../../src/core/readers/parse/zip-archive.ts';
import { countingContent } from '../fixtures.ts';
import { type Entry, zip, zipEnd, zipParts } from '../zip-bytes.ts';

const A: Entry = { name: 'a.txt', data: 'first' };
const B: Entry = { name: 'b/b.txt', data: 'second '.repeat(50), deflate: true };

async function open(bytes: Uint8Array) {
  const facts = new FactsBuilder();
  const archive = await ZipArchive.open(bytesContent(bytes), facts, {});
  const codes = () => facts.build('zip', 'x').findings.map(({ severity, code }) => `${severity} ${code}`);
  return { archive, facts, codes };
}

/** Opens every member to its end. */
async function unpack(bytes: Uint8Array) {
  const opened = await open(bytes);
  const texts: string[] = [];
  for (const member of opened.archive.members) {
    texts.push(Buffer.from(await opened.archive.bytes(member, 1000)).toString());
  }
  return { ...opened, texts };
}

/** The zip64 records and an end that leaves everything to them. */
function end64(
  directory: Uint8Array,
  count: number,
  directoryAt: number,
  end32 = 0xffffffff,
  statedAt?: number,
): Buffer {
  const record = Buffer.alloc(56);
  record.writeUInt32LE(0x06064b50, 0);
  record.writeBigUInt64LE(44n, 4);
  record.writeBigUInt64LE(BigInt(count), 24);
  record.writeBigUInt64LE(BigInt(count), 32);
  record.writeBigUInt64LE(BigInt(directory.byteLength), 40);
  record.writeBigUInt64LE(BigInt(directoryAt), 48);
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(0x07064b50, 0);
  locator.writeBigUInt64LE(BigInt(statedAt ?? directoryAt + directory.byteLength), 8);
  const end = zipEnd({ count: 0xffff, directory: Buffer.alloc(0) }, end32);
  end.writeUInt32LE(0xffffffff, 12);
  return Buffer.concat([record, locator, end]);
}

function zip64(entries: readonly Entry[], end32?: number): Buffer {
  const { body, directory, count } = zipParts(entries);
  return Buffer.concat([body, directory, end64(directory, count, body.byteLength, end32)]);
}

/** An extra field with 64-bit numbers. */
function numbers64(...values: readonly number[]): Buffer {
  const field = Buffer.alloc(4 + 8 * values.length);
  field.writeUInt16LE(1, 0);
  field.writeUInt16LE(8 * values.length, 2);
  for (const [index, value] of values.entries()) field.writeBigUInt64LE(BigInt(value), 4 + 8 * index);
  return field;
}

/** Zeros, but for these parts; of any size without taking memory. */
function sparseContent(size: number, parts: ReadonlyMap<number, Uint8Array>, from = 0): Content {
  return {
    size,
    slice: (start = 0, end = size) => sparseContent(Math.min(end, size) - start, parts, from + start),
    async *stream() {
      const bytes = Buffer.alloc(size);
      for (const [at, part] of parts) {
        const first = Math.max(at, from);
        const last = Math.min(at + part.byteLength, from + size);
        if (first < last) bytes.set(part.subarray(first - at, last - at), first - from);
      }
      yield bytes;
    },
  };
}

describe('a zip file', () => {
  it('gives stored and deflated members, without findings', async () => {
    const { texts, codes, archive } = await unpack(zip(A, B));
    expect(texts).toEqual(['first', 'second '.repeat(50)]);
    expect(codes()).toEqual([]);
    expect(archive.named('a.txt')).toHaveLength(1);
  });

  it('with zip64 records is read as well', async () => {
    const { texts, codes } = await unpack(zip64([A, B]));
    expect(texts).toHaveLength(2);
    expect(codes()).toEqual([]);
  });

  it('gives a stored member as content of its own', async () => {
    const { archive } = await open(zip(B, A));
    const [b, a] = archive.members;
    if (a === undefined || b === undefined) throw new Error('two members');
    expect(await archive.content(b)).toBeUndefined();
    const content = await archive.content(a);
    expect(content?.size).toBe(5);
  });

  it('of more than 4 GiB is read by its ends, with its places from the zip64 fields', async () => {
    const weights = 5 * 2 ** 30;
    const first = zipParts([{ name: 'weights', flags: 8, extra: numbers64(weights, weights) }]);
    first.directory.writeUInt32LE(0xffffffff, 20);
    first.directory.writeUInt32LE(0xffffffff, 24);
    const lastAt = first.body.byteLength + weights;
    const last = zipParts([{ ...A, headerAt: 0xffffffff, extra: numbers64(lastAt) }]);
    const directory = Buffer.concat([first.directory, last.directory]);
    const directoryAt = lastAt + last.body.byteLength;
    const end = Buffer.concat([last.body, directory, end64(directory, 2, directoryAt)]);
    const parts = new Map<number, Uint8Array>([
      [0, first.body],
      [lastAt, end],
    ]);
    const counted = countingContent(sparseContent(lastAt + end.byteLength, parts));
    const facts = new FactsBuilder();
    const archive = await ZipArchive.open(counted.content, facts, {});
    const [large, small] = archive.members;
    if (large === undefined || small === undefined) throw new Error('two members');
    expect((await archive.content(large))?.size).toBe(weights);
    expect(Buffer.from(await archive.bytes(small, 10)).toString()).toBe('first');
    expect(facts.build('zip', 'x').findings).toEqual([]);
    expect(counted.bytes()).toBeLessThan(400_000);
  });

  it('may name its members with colons and dots', async () => {
    const names = ['dense/kernel:0.npy', 'a:0', '.data/x', 'a..b/c', './a'];
    expect((await unpack(zip(...names.map((name) => ({ name, data: 'x' }))))).codes()).toEqual([]);
  });

  it('may be empty, and may have a comment', async () => {
    expect((await open(zipEnd(zipParts([]), 0))).archive.members).toEqual([]);
    const parts = zipParts([A]);
    const end = zipEnd(parts, parts.body.byteLength, 5);
    const { texts, codes } = await unpack(
      Buffer.concat([parts.body, parts.directory, end, Buffer.from('hello')]),
    );
    expect(texts).toEqual(['first']);
    expect(codes()).toEqual([]);
  });

  it('costs one request at its end, whatever lies before', async () => {
    const big = zip({ name: 'weights', data: Buffer.alloc(3_000_000) }, A);
    const counted = countingContent(bytesContent(big));
    const archive = await ZipArchive.open(counted.content, new FactsBuilder(), {});
    const [, last] = archive.members;
    if (last !== undefined) await archive.bytes(last, 100);
    expect(counted.ranges).toHaveLength(1);
    expect(counted.bytes()).toBeLessThan(200_000);
  });
});

describe('tricks in a zip file', () => {
  const nested = zip({ name: 'inner', data: 'x' });
  const two = () => {
    // Python counts back from the end and sees `good`; whoever goes to the stated place sees `evil`.
    const evil = zipParts([{ name: 'evil', data: 'no' }]);
    const shift = evil.body.byteLength + evil.directory.byteLength;
    const good = zipParts([{ name: 'good', data: 'yes' }]);
    const at = evil.body.byteLength;
    const pad = Buffer.alloc(Math.max(0, at - good.body.byteLength));
    const end = zipEnd({ count: 1, directory: good.directory }, at);
    return { bytes: Buffer.concat([evil.body, evil.directory, good.body, pad, good.directory, end]), shift };
  };
  it.each<[string, Uint8Array, string]>([
    ['a member twice', zip(A, A), 'high hidden-data'],
    ['a name through ..', zip({ name: '../a', data: 'x' }), 'critical external-path'],
    ['an absolute name', zip({ name: '/etc/a', data: 'x' }), 'critical external-path'],
    ['a name through \\..', zip({ name: 'a\\..\\..\\b', data: 'x' }), 'critical external-path'],
    ['a name of Windows', zip({ name: 'C:\\a', data: 'x' }), 'critical external-path'],
    ['a name with a zero', zip({ name: 'a\u0000.txt', data: 'x' }), 'high hidden-data'],
    ['a member without a name', zip({ name: '', data: 'x' }), 'high hidden-data'],
    ['an encrypted member', zip({ ...A, flags: 1 }), 'high encrypted'],
    ['another name in the local header', zip({ ...A, local: { name: 'b.txt' } }), 'high hidden-data'],
    ['encryption in the local header only', zip({ ...A, local: { flags: 1 } }), 'high hidden-data'],
    ['another method in the local header', zip({ ...A, local: { method: 8 } }), 'high hidden-data'],
    ['another size in the local header', zip({ ...A, local: { packed: 3 } }), 'high hidden-data'],
    ['a wrong checksum', zip({ ...A, crc: 1 }), 'medium malformed'],
    ['overlapping members', zip(A, { ...B, headerAt: 3 }), 'high malformed'],
    ['bytes behind the end', Buffer.concat([zip(A), Buffer.alloc(10)]), 'medium hidden-data'],
    ['bytes before the start', Buffer.concat([Buffer.alloc(10), zip(A)]), 'medium hidden-data'],
    ['bytes between members', gap(20_000), 'medium hidden-data'],
    ['two ends', Buffer.concat([zip(A), zipEnd(zipParts([]), 0)]), 'high hidden-data'],
    ['two directories', two().bytes, 'high hidden-data'],
    ['fewer members than stated', fewer(), 'high hidden-data'],
    ['a name in the extra field', zip({ ...A, extra: unicodeName('evil') }), 'high hidden-data'],
    ['a bomb by its stated size', zip({ ...B, size: 2 ** 31 }), 'high malformed'],
    ['two zip64 ends', twoEnds64(), 'high hidden-data'],
    ['ends that do not agree', zip64([A], 7), 'high hidden-data'],
  ])('%s is a finding', async (_what, bytes, code) => {
    const { archive, codes } = await open(bytes);
    for (const member of archive.members) await archive.bytes(member, 1000).catch(() => undefined);
    expect(codes()).toContain(code);
  });

  it('an archive inside a member is none of that', async () => {
    const { codes } = await unpack(zip({ name: 'inner.zip', data: nested }, A));
    expect(codes()).toEqual([]);
  });

  it('both of two directories are looked into', async () => {
    const { archive } = await open(two().bytes);
    expect(archive.members.map(({ name }) => name).sort()).toEqual(['evil', 'good']);
  });

  it('a member that unpacks to more than it states stops there', async () => {
    const { archive } = await open(
      zip({ name: 'bomb', data: Buffer.alloc(5_000_000), deflate: true, size: 100 }),
    );
    const [bomb] = archive.members;
    if (bomb === undefined) throw new Error('a member');
    await expect(archive.bytes(bomb, 1000)).rejects.toMatchObject({ code: 'malformed' });
  });

  it('a member larger than the limit is not read', async () => {
    const { archive } = await open(zip({ name: 'large', data: Buffer.alloc(5000) }));
    const [large] = archive.members;
    if (large === undefined) throw new Error('a member');
    await expect(archive.bytes(large, 1000)).rejects.toMatchObject({ code: 'too-large-to-show' });
  });

  it('a directory of 120,000 members is read up to its limit, in time', { timeout: 20_000 }, async () => {
    const many = zipParts(Array.from({ length: 120_000 }, (_, i) => ({ name: `m${i}` })));
    const end = zipEnd({ count: 0xffff, directory: many.directory }, many.body.byteLength);
    const start = performance.now();
    const { archive, codes } = await open(Buffer.concat([many.body, many.directory, end]));
    expect(performance.now() - start).toBeLessThan(3000);
    expect(archive.members).toHaveLength(100_000);
    expect(codes()).toContain('medium too-large-to-show');
  });
});

describe('damaged zip files', () => {
  it('a file that is cut off gives what stands in front, and says so', async () => {
    const whole = zip(A, B, A);
    const { texts, codes } = await unpack(whole.subarray(0, whole.byteLength - 150));
    expect(texts.slice(0, 2)).toEqual(['first', 'second '.repeat(50)]);
    expect(codes()).toContain('high truncated');
  });

  it('every prefix stops or gives members', async () => {
    const whole = zip64([A, B]);
    for (let length = 0; length < whole.byteLength; length += 1) {
      const cut = whole.subarray(0, length);
      await unpack(cut).catch((error: unknown) => expect(error).toBeInstanceOf(ParseStop));
    }
  });

  it('flipped bytes stop or give members', async () => {
    const whole = zip(A, B);
    for (let at = 0; at < whole.byteLength; at += 1) {
      for (const mask of [1, 0x80, 0xff]) {
        const bytes = Buffer.from(whole);
        bytes[at] = (bytes[at] ?? 0) ^ mask;
        await unpack(bytes).catch((error: unknown) => expect(error).toBeInstanceOf(ParseStop));
      }
    }
  });
});

function gap(bytes: number): Buffer {
  const first = zipParts([A]);
  const second = zipParts([B], first.body.byteLength + bytes);
  const directory = Buffer.concat([first.directory, second.directory]);
  const body = Buffer.concat([first.body, Buffer.alloc(bytes), second.body]);
  return Buffer.concat([body, directory, zipEnd({ count: 2, directory }, body.byteLength)]);
}

function fewer(): Buffer {
  const parts = zipParts([A]);
  return Buffer.concat([parts.body, parts.directory, zipEnd({ ...parts, count: 3 }, parts.body.byteLength)]);
}

function unicodeName(name: string): Buffer {
  const field = Buffer.alloc(9);
  field.writeUInt16LE(0x7075, 0);
  field.writeUInt16LE(5 + name.length, 2);
  field[4] = 1;
  return Buffer.concat([field, Buffer.from(name)]);
}

/** Whoever counts back takes the second record, whoever goes to the stated place the first. */
function twoEnds64(): Buffer {
  const { body, directory } = zipParts([A]);
  const at = body.byteLength + directory.byteLength;
  const first = end64(directory, 1, body.byteLength).subarray(0, 56);
  return Buffer.concat([body, directory, first, end64(directory, 1, body.byteLength + 56, 0xffffffff, at)]);
}
