import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesContent } from '../../../src/core/oci/content.ts';
import { companionPath } from '../../../src/core/readers/companion-path.ts';
import { isModelFileName, modelExtensions, modelStem } from '../../../src/core/readers/index.ts';
import { ByteCursor } from '../../../src/core/readers/parse/byte-cursor.ts';
import { RangeSource, withHead } from '../../../src/core/readers/parse/byte-source.ts';
import { compressionOf } from '../../../src/core/readers/parse/compression.ts';
import { JsonCursor } from '../../../src/core/readers/parse/json-cursor.ts';
import {
  type ProtobufField,
  readVarint,
  walkMessage,
} from '../../../src/core/readers/parse/protobuf-walker.ts';
import { decodeArray, parseNumpyType } from '../../../src/core/readers/pickle/numpy-values.ts';
import { judgeImport } from '../../../src/core/readers/pickle/pickle-imports.ts';
import { looksLikePickle } from '../../../src/core/readers/pickle/pickle-recognition.ts';
import {
  decodeRawUnicode,
  littleEndianInteger,
  unquotePython,
} from '../../../src/core/readers/pickle/pickle-strings.ts';
import { countingContent } from './fixtures.ts';

function cursorOver(bytes: Uint8Array): ByteCursor {
  return new ByteCursor(new RangeSource(bytesContent(bytes)));
}

describe('ByteCursor over RangeSource', () => {
  const bytes = Uint8Array.from({ length: 300_000 }, (_, index) => index % 251);

  it('reads and skips like a plain buffer does', async () => {
    const steps = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 90_000 })), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(steps, async (moves) => {
        const cursor = cursorOver(bytes);
        let at = 0;
        for (const [isSkip, count] of moves) {
          if (at + count > bytes.byteLength) break;
          if (isSkip) await cursor.skip(count);
          else {
            await cursor.need(count);
            expect(Buffer.compare(cursor.bytes(count), bytes.subarray(at, at + count))).toBe(0);
          }
          at += count;
          expect(cursor.position).toBe(at);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('is truncated where the file ends, without having read a claim that cannot be true', async () => {
    const counted = countingContent(bytesContent(bytes));
    const cursor = new ByteCursor(new RangeSource(counted.content));
    await expect(cursor.need(2 ** 40)).rejects.toMatchObject({ code: 'truncated' });
    await expect(cursor.skip(2 ** 40)).rejects.toMatchObject({ code: 'truncated' });
    expect(counted.bytes()).toBe(0);
  });

  it('reads little where it jumps, and more the longer it goes on', async () => {
    const counted = countingContent(bytesContent(new Uint8Array(8 * 1024 * 1024)));
    const source = new RangeSource(counted.content);
    const cursor = new ByteCursor(source);
    for (let jump = 0; jump < 4; jump += 1) {
      await cursor.need(4);
      await cursor.skip(1024 * 1024);
    }
    expect(source.bytesRead).toBeLessThan(128 * 1024);
    while (await cursor.fill(1)) cursor.bytes(cursor.buffered);
    expect(counted.ranges.length).toBeLessThan(16);
  });

  it('stops at the bytes and at the time it was given', async () => {
    const content = bytesContent(bytes);
    const few = new ByteCursor(new RangeSource(content, { maxBytes: 1000 }));
    await few.need(1000);
    await expect(few.need(1001)).rejects.toMatchObject({ code: 'too-large-to-show' });
    const late = new ByteCursor(new RangeSource(content, { maxMilliseconds: 0 }));
    await expect(late.need(1)).rejects.toMatchObject({ code: 'too-large-to-show' });
  });

  it('does not wait for a source that has stalled', async () => {
    const stalled = {
      size: 10,
      slice: () => stalled,
      stream: (options?: { signal?: AbortSignal | undefined }) => stall(options?.signal),
    };
    const cursor = new ByteCursor(new RangeSource(stalled, { maxMilliseconds: 20 }));
    await expect(cursor.need(1)).rejects.toMatchObject({ code: 'too-large-to-show' });
  });
});

async function* stall(signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  await new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
}

describe('withHead', () => {
  it('is the content, and asks nobody for the bytes it has', async () => {
    const bytes = Uint8Array.from({ length: 100 }, (_, index) => index);
    const places = fc.tuple(fc.nat(100), fc.nat(120), fc.nat(120));
    await fc.assert(
      fc.asyncProperty(places, async ([head, start, end]) => {
        const counted = countingContent(bytesContent(bytes));
        const part = withHead(counted.content, bytes.subarray(0, head)).slice(start, end);
        const chunks: Uint8Array[] = [];
        for await (const chunk of part.stream()) chunks.push(chunk);
        expect([...Buffer.concat(chunks)]).toEqual([...bytes.subarray(start, Math.max(start, end))]);
        expect(counted.bytes()).toBeLessThanOrEqual(Math.max(0, Math.min(end, 100) - Math.max(head, start)));
      }),
    );
  });
});

describe('walkMessage', () => {
  it('gives each field with its end, and passes over what is not taken', async () => {
    const bytes = Buffer.from([
      0x08, 0x96, 0x01, 0x12, 0x03, 1, 2, 3, 0x1d, 1, 2, 3, 4, 0x21, 1, 2, 3, 4, 5, 6, 7, 8,
    ]);
    const fields: ProtobufField[] = [];
    await walkMessage(cursorOver(bytes), bytes.byteLength, (field) => {
      fields.push(field);
    });
    expect(fields).toEqual([
      { number: 1, wire: 'varint', value: 150n, end: 3 },
      { number: 2, wire: 'bytes', value: 0n, end: 8 },
      { number: 3, wire: 'fixed32', value: 0n, end: 13 },
      { number: 4, wire: 'fixed64', value: 0n, end: 22 },
    ]);
  });

  it.each([
    ['a group', [0x0b]],
    ['field number 0', [0x02, 0x00]],
    ['a varint of eleven bytes', [0x08, ...Array(11).fill(0x80)]],
  ])('%s is malformed', async (_what, bytes) => {
    const walked = walkMessage(cursorOver(Uint8Array.from(bytes)), bytes.length, () => {});
    await expect(walked).rejects.toMatchObject({ code: 'malformed' });
  });

  it('a field that is longer than the file is truncated', async () => {
    const walked = walkMessage(cursorOver(Uint8Array.from([0x12, 0x20, 1])), 3, () => {});
    await expect(walked).rejects.toMatchObject({ code: 'truncated' });
  });

  it('reads every 64-bit varint', async () => {
    const values = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    await fc.assert(
      fc.asyncProperty(values, async (value) => {
        const bytes: number[] = [];
        let rest = value;
        for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
        const cursor = cursorOver(Uint8Array.from([...bytes, Number(rest)]));
        await cursor.fill(10);
        expect(readVarint(cursor)).toBe(value);
      }),
    );
  });
});

describe('JsonCursor', () => {
  it('passes over any JSON value exactly', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 8 }), (value) => {
        const cursor = new JsonCursor(`${JSON.stringify(value)} 7`);
        cursor.skip();
        expect(cursor.integer()).toBe(7);
        cursor.end();
      }),
    );
  });

  it.each(['{"a" 1}', '[1,]', '{"a":1', '"\n"', '01', '"\\q"', '[1 2]', 'nul'])(
    '%s is malformed',
    (source) => {
      expect(() => {
        const cursor = new JsonCursor(source);
        cursor.skip();
        cursor.end();
      }).toThrow(/JSON at character/);
    },
  );

  it('does not run out of stack', () => {
    expect(() => new JsonCursor('['.repeat(1_000_000)).skip()).toThrow(/nested deeper/);
    expect(new JsonCursor(`"${'\\n'.repeat(1_000_000)}"`).string()).toHaveLength(1_000_000);
  });
});

describe('names', () => {
  it.each([
    ['llama-2.7b.Q4_K_M.gguf', 'llama-2.7b.Q4_K_M'],
    ['a/b/model.v1.2.onnx', 'model.v1.2'],
    ['C:\\models\\iris.PKL', 'iris'],
    ['iris.joblib.gz', 'iris'],
    ['iris.pkl.xz', 'iris'],
    ['.onnx', '.onnx'],
    ['README.md', 'README.md'],
    ['archive.gz', 'archive.gz'],
  ])('the stem of %s is %s', (path, stem) => expect(modelStem(path)).toBe(stem));

  it('knows models by their ending, in any case', () => {
    expect(modelExtensions).toEqual(
      expect.arrayContaining(['.onnx', '.safetensors', '.gguf', '.pkl', '.joblib']),
    );
    expect(isModelFileName('a/B.ONNX')).toBe(true);
    expect(isModelFileName('x.pkl.gz')).toBe(true);
    expect(isModelFileName('notes.txt')).toBe(false);
  });

  it.each(['', '/a', '..', 'a/../b', 'a\\..\\b', 'C:/a', 'a:b', 'a\u0000', '.', '//host/a'])(
    '%j is no companion',
    (path) => {
      expect(companionPath(path)).toBeUndefined();
    },
  );
  it.each([
    ['a.data', 'a.data'],
    ['./a//b', 'a/b'],
    ['a\\b', 'a/b'],
    ['..a', '..a'],
  ])('%j is the companion %s', (path, normal) => expect(companionPath(path)).toBe(normal));
});

describe('numpy values', () => {
  it.each([
    ['<i8', [1, 0, 0, 0, 0, 0, 0, 0], [1n]],
    ['>i2', [1, 0, 255, 255], [256, -1]],
    ['|b1', [1, 0], [true, false]],
    ['<f4', [0, 0, 128, 63], [1]],
    ['<U2', [97, 0, 0, 0, 0, 0, 0, 0, 98, 0, 0, 0, 99, 0, 0, 0], ['a', 'bc']],
    ['|S3', [97, 98, 0], ['ab']],
    ['<U1', [255, 255, 255, 255], undefined],
    ['|O', [1, 2], undefined],
  ])('%s', (type, bytes, values) => expect(decodeArray(type, Uint8Array.from(bytes), 64)).toEqual(values));

  it('does not believe types that are none', () => {
    for (const type of ['i', 'f8f8', 'U99999999999', 'float64', '', '<'])
      expect(parseNumpyType(type)).toBeUndefined();
  });
});

describe('pickle parts', () => {
  it.each([
    [[], 0n],
    [[255], -1n],
    [[255, 0], 255n],
    [[0, 0, 0, 0, 0, 0, 0, 0, 1], 2n ** 64n],
  ])('%j is %s', (bytes, value) => expect(littleEndianInteger(Uint8Array.from(bytes))).toBe(value));

  it('reads texts of protocol 0 as Python does', () => {
    expect(unquotePython("'o\\x73\\'\\n\\101'")).toBe("os'\nA");
    expect(unquotePython('no quotes')).toBeUndefined();
    expect(decodeRawUnicode('\\u0041\\U0001f600\\n')).toBe('A\u{1f600}\\n');
  });

  it.each([
    'c',
    'Some text.\nAnd more.\n',
    'cat\nfoo\nbar\n',
    '{"a": 1}',
    '',
    '(((',
    '<xml/>',
    'import os\nprint(1)\n',
    'I am\n',
    'set(CMAKE_DL_LIBS "")\n\nif(A)\n',
    'dash (0.5) unstable\n\n  * The\n',
  ])('%j is no pickle', (text) => expect(looksLikePickle(Buffer.from(text))).toBe(false));

  it('tells zlib from the opcodes that look like it', () => {
    expect(compressionOf(Buffer.from("(S'a'\n"))).toBeUndefined();
    expect(compressionOf(Buffer.from([0x78, 0x9c]))).toBe('zlib');
  });

  it.each([
    ['sklearn.svm._classes', 'SVC', 'allowed'],
    ['sklearn.svm._classes', 'SVC.fit', 'unknown'],
    ['sklearn.tree._tree', 'Tree', 'allowed'],
    ['sklearn.ensemble._hist_gradient_boosting.utils', 'os', 'dangerous'],
    ['numpy.core.multiarray', '_reconstruct', 'allowed'],
    ['numpy.f2py.crackfortran', 'myeval', 'dangerous'],
    ['numpy', 'f2py.crackfortran.myeval', 'dangerous'],
    ['torch.serialization', 'os.system', 'dangerous'],
    ['joblib.externals.cloudpickle.cloudpickle', 'subimport', 'dangerous'],
    ['joblib.externals.cloudpickle.cloudpickle', '_make_cell', 'allowed'],
    ['builtins', 'getattr', 'dangerous'],
    ['builtins', 'set', 'allowed'],
    ['builtins', 'object.__subclasses__', 'dangerous'],
    ['anything', 'Class.__init__.__globals__', 'dangerous'],
    ['os.path', 'join', 'dangerous'],
    ['', '', 'unknown'],
    ['__proto__', 'constructor', 'unknown'],
    ['constructor', 'name', 'unknown'],
    ['mypackage.models', 'Net', 'unknown'],
    ['pandas.core.frame', 'DataFrame.query', 'dangerous'],
    ['pandas.core.frame', 'DataFrame.to_pickle', 'dangerous'],
    ['inspect', 'Signature', 'allowed'],
    ['inspect', 'getmodule', 'dangerous'],
    ['builtins', 'str.split', 'allowed'],
    ['builtins', 'str.format', 'unknown'],
    ['joblib.memory', 'Memory', 'dangerous'],
    ['numpy.lib._datasource', 'open', 'dangerous'],
  ])('%s %s is %s', (module, name, verdict) => expect(judgeImport(module, name)).toBe(verdict));
});
