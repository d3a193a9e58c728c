import { describe, expect, it } from 'vitest';
import { bytesContent } from '../../../../src/core/oci/content.ts';
import { MAX_FLATBUFFER_TABLES } from '../../../../src/core/readers/limits.ts';
import { FlatTable } from '../../../../src/core/readers/parse/flatbuffer.ts';
import { PagedSource } from '../../../../src/core/readers/parse/paged-source.ts';

/** Little-endian numbers: `u16(4)`, `u32(1)`. */
const u16 = (...values: number[]) => Buffer.concat(values.map((v) => Buffer.from([v & 255, v >> 8])));
const u32 = (...values: number[]) =>
  Buffer.concat(
    values.map((v) => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32LE(v >>> 0);
      return bytes;
    }),
  );
const text = (value: string) => Buffer.concat([u32(value.length), Buffer.from(value)]);

/**
 * Root at 20: fields 0 `-5` (i32), 1 text "hello", 2 texts ["world"], 3 left out, 4 floats, 5 the table at 82, whose
 * field 0 is the u8 7.
 */
function buffer(): Buffer {
  return Buffer.concat([
    u32(20),
    u16(16, 24, 4, 8, 12, 0, 16, 20),
    u32(16, -5, 44 - 28, 56 - 32, 64 - 36, 82 - 40),
    text('hello'), // 44 to 53
    Buffer.alloc(3),
    u32(1, 44), // 56: one text, at 60 + 44 = 104
    u32(2), // 64
    Buffer.from(Float32Array.of(1.5, -2).buffer), // 68
    u16(6, 5, 4), // 76: vtable
    u32(6), // 82: table
    Buffer.from([7]),
    Buffer.alloc(17), // 87
    text('world'), // 104
  ]);
}

const root = (bytes: Uint8Array, start?: number, end?: number) =>
  FlatTable.root(new PagedSource(bytesContent(bytes)), start, end);

async function listed<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Everything a reader would ask the sample. */
async function walk(bytes: Uint8Array): Promise<unknown[]> {
  const table = await root(bytes);
  return [
    table.i32(0),
    await table.text(1),
    await listed(table.texts(2, 10)),
    table.has(3),
    table.i32(3, 9),
    await table.numbers(4, 'f32', 10),
    (await table.table(5))?.u8(0),
    table.has(99),
  ];
}

describe('a flatbuffer', () => {
  it('gives its fields, and the fallback for those left out', async () => {
    expect(await walk(buffer())).toEqual([-5, 'hello', ['world'], false, 9, [1.5, -2], 7, false]);
  });

  it('inside a file is read from where it starts, and not past where it ends', async () => {
    const bytes = Buffer.concat([Buffer.from('CBM1'), buffer(), Buffer.alloc(50)]);
    expect(await (await root(bytes, 4, 4 + buffer().length)).text(1)).toBe('hello');
    const cut = await root(bytes, 4, 4 + 50);
    await expect(cut.text(1)).rejects.toMatchObject({ code: 'malformed' });
  });

  it('keeps no more of a text and of a list than it is asked for', async () => {
    const table = await root(buffer());
    expect(await table.text(1, 2)).toBe('he');
    expect(await table.numbers(4, 'f32', 1)).toEqual([1.5]);
    expect(await listed(table.texts(2, 0))).toEqual([]);
  });

  it('that is cut off anywhere stops, and never gives what is not there', async () => {
    for (let length = 0; length < buffer().length; length += 1) {
      await expect(walk(buffer().subarray(0, length)), `${length} bytes`).rejects.toMatchObject({
        code: expect.stringMatching(/^(truncated|malformed)$/),
      });
    }
  });

  it.each([
    ['a root that is itself', 0, u32(0)],
    ['a vtable before the file', 20, u32(2000)],
    ['a vtable of an odd size', 4, u16(15)],
    ['a vtable smaller than its head', 4, u16(2)],
    ['a table smaller than its head', 6, u16(3)],
    ['a field outside its table', 8, u16(22)],
    ['a field over its table’s head', 8, u16(2)],
    ['a reference to itself', 28, u32(0)],
  ])('with %s is malformed', async (_what, at, lie) => {
    const bytes = buffer();
    bytes.set(lie, at);
    await expect(walk(bytes)).rejects.toMatchObject({ code: 'malformed' });
  });

  it.each([
    ['a text longer than the file', 44, u32(0xffff_ffff)],
    ['a list longer than the file', 64, u32(0xffff_fff0)],
    ['a reference past the end', 28, u32(0x7fff_ffff)],
  ])('with %s is truncated', async (_what, at, lie) => {
    const bytes = buffer();
    bytes.set(lie, at);
    await expect(walk(bytes)).rejects.toMatchObject({ code: 'truncated' });
  });

  it('of nothing but references to the same table ends', { timeout: 20_000 }, async () => {
    const references = MAX_FLATBUFFER_TABLES + 10;
    const list = 18;
    const target = list + 4 + references * 4 + 6;
    const bytes = Buffer.alloc(target + 4);
    bytes.set(Buffer.concat([u32(10), u16(6, 8, 4), u32(6), u32(4)]), 0);
    bytes.writeUInt32LE(references, list);
    for (let i = 0; i < references; i += 1) {
      const at = list + 4 + i * 4;
      bytes.writeUInt32LE(target - at, at);
    }
    bytes.set(u16(6, 4, 0), target - 6);
    bytes.writeInt32LE(6, target);
    const table = await root(bytes);
    await expect(listed(table.tables(0, references))).rejects.toMatchObject({ code: 'too-large-to-show' });
  });
});
