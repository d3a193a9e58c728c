import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OmlmdError } from '../../../src/core/errors.ts';
import { bytesContent, type Content } from '../../../src/core/oci/content.ts';
import { openFileContent } from '../../../src/core/oci/file-content.ts';
import { MODEL_READERS, readModelFile } from '../../../src/core/readers/index.ts';
import { collectFacts } from '../../../src/core/readers/read-file.ts';
import type { ModelReader } from '../../../src/core/readers/reader.ts';
import { codesOf, countingContent, fixtureBytes, fixtureNames, folderPath, readBytes } from './fixtures.ts';

const READ = fixtureNames('.onnx', '.safetensors', '.gguf', '.pkl', '.joblib').filter(
  (name) => name !== 'iris.onnx',
);

function safetensors(header: unknown, data = 0, length?: number): Uint8Array {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(length ?? text.byteLength));
  return Buffer.concat([prefix, text, Buffer.alloc(data)]);
}

function gguf(...parts: readonly (number | bigint | string)[]): Uint8Array {
  const chunks = parts.map((part) => {
    if (typeof part === 'string') return Buffer.from(part);
    const bytes = Buffer.alloc(typeof part === 'bigint' ? 8 : 4);
    if (typeof part === 'bigint') bytes.writeBigUInt64LE(part);
    else bytes.writeUInt32LE(part);
    return bytes;
  });
  return Buffer.concat([Buffer.from('GGUF'), ...chunks]);
}

/** A protobuf field of bytes. */
function field(number: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const body = Buffer.concat(parts);
  return Buffer.concat([varint(number * 8 + 2), varint(body.byteLength), body]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return Buffer.from([...bytes, rest]);
}

function number(field: number, value: number): Uint8Array {
  return Buffer.concat([varint(field * 8), varint(value)]);
}

const text = (value: string) => Buffer.from(value);

describe('damaged files', () => {
  it.each(READ)('every prefix of %s gives facts', { timeout: 60_000 }, async (name) => {
    const whole = fixtureBytes(name);
    const step = whole.byteLength > 3000 ? 7 : 1;
    for (let length = 0; length < whole.byteLength; length += step) {
      const facts = await readBytes(name, whole.subarray(0, length));
      expect(Object.keys(facts.metadata)).toHaveLength(7);
    }
  });

  it.each(READ)('flipped bits in %s give facts', { timeout: 60_000 }, async (name) => {
    const whole = fixtureBytes(name);
    const place = fc.tuple(fc.nat(whole.byteLength - 1), fc.integer({ min: 1, max: 255 }));
    await fc.assert(
      fc.asyncProperty(fc.array(place, { minLength: 1, maxLength: 4 }), async (places) => {
        const bytes = new Uint8Array(whole);
        for (const [at, mask] of places) bytes[at] = (bytes[at] ?? 0) ^ mask;
        const facts = await readBytes(name, bytes);
        expect(() => JSON.stringify(facts.details)).not.toThrow();
      }),
      { numRuns: 300 },
    );
  });

  it.each(['', '.onnx', '.safetensors', '.gguf', '.pkl', '.joblib', '.npy', '.npz', '.skops', '.pt', '.pt2'])(
    'noise named %s gives facts',
    async (ending) => {
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (bytes) => {
          await readBytes(`noise${ending}`, bytes);
        }),
        { numRuns: 300 },
      );
    },
  );

  it.each([
    'tiny.safetensors',
    'tiny-llama.Q4_K_M.gguf',
    'mlp.onnx',
    'svc-protocol4.pkl',
    'svc-plain.joblib',
    'svc-zlib.joblib',
  ])('says that %s is cut off, and keeps the format', async (name) => {
    const whole = fixtureBytes(name);
    const facts = await readBytes(name, whole.subarray(0, whole.byteLength - 40));
    expect(codesOf(facts)).toContain('high truncated');
    expect(facts.format.name).not.toBe('unknown');
  });
});

describe('safetensors that lie', () => {
  const tensor = (begin: number, end: number, shape = [end - begin]) => ({
    dtype: 'U8',
    shape,
    data_offsets: [begin, end],
  });
  it.each([
    ['a header longer than the file', safetensors('{}', 0, 5000), 'high truncated'],
    ['overlapping tensors', safetensors({ a: tensor(0, 8), b: tensor(4, 12) }, 12), 'high malformed'],
    ['weights beyond the end', safetensors({ a: tensor(0, 8) }, 4), 'high truncated'],
    ['bytes between tensors', safetensors({ a: tensor(0, 4), b: tensor(8, 12) }, 12), 'medium hidden-data'],
    ['bytes behind the last tensor', safetensors({ a: tensor(0, 4) }, 12), 'medium hidden-data'],
    ['a shape that is not its bytes', safetensors({ a: tensor(0, 8, [3]) }, 8), 'high malformed'],
    ['a product beyond 64 bits', safetensors({ a: tensor(0, 8, [2 ** 40, 2 ** 40]) }, 8), 'high malformed'],
    ['negative offsets', safetensors({ a: tensor(-8, 0) }, 8), 'high malformed'],
    [
      'a name that stands twice',
      safetensors(
        '{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}',
      ),
      'high malformed',
    ],
    ['a thousand dimensions', safetensors({ a: tensor(0, 1, Array(1000).fill(1)) }, 1), 'high malformed'],
    ['deep nesting', safetensors(`{"a":{"x":${'['.repeat(100_000)}`), 'high malformed'],
    ['no JSON', safetensors('{no'), 'high malformed'],
  ])('%s', async (_what, bytes, code) => {
    expect(codesOf(await readBytes('x.safetensors', bytes))).toContain(code);
  });

  it('does not parse a header over 8 MiB', async () => {
    const facts = await readBytes('x.safetensors', safetensors(`{${' '.repeat(9 * 1024 * 1024)}}`));
    expect(codesOf(facts)).toEqual(['low too-large-to-show']);
  });

  it('takes a header of a hundred thousand tensors within the memory bound', {
    timeout: 30_000,
  }, async () => {
    const entries = Array.from(
      { length: 110_000 },
      (_, i) => `"t${i}":{"dtype":"U8","shape":[1],"data_offsets":[${i},${i + 1}]}`,
    );
    const facts = await readBytes('x.safetensors', safetensors(`{${entries.join(',')}}`, 110_000));
    expect(codesOf(facts)).toEqual(['info too-large-to-show']);
    expect(facts.details.tensor_count).toBe(110_000);
    expect(facts.details.tensors).toHaveLength(100_000);
  });

  it('reads a file of 2 GiB by its header only', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'readers-'));
    try {
      const path = join(folder, 'big.safetensors');
      const weights = 2 ** 31;
      writeFileSync(
        path,
        safetensors({ a: { dtype: 'F16', shape: [weights / 2], data_offsets: [0, weights] } }),
      );
      const header = (await openFileContent(path)).size;
      truncateSync(path, header + weights);
      const counted = countingContent(await openFileContent(path));
      const start = performance.now();
      const facts = await readModelFile({ path, content: counted.content });
      expect(performance.now() - start).toBeLessThan(250);
      expect(facts.metadata.customProperties.get('parameter_count')).toEqual({ text: String(2 ** 30) });
      expect(facts.findings).toEqual([]);
      expect(counted.bytes()).toBeLessThan(128 * 1024);
      expect(counted.ranges.length).toBeLessThanOrEqual(3);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('GGUF that lies', () => {
  it.each([
    ['more keys than the file can hold', gguf(3, 0n, 2n ** 40n)],
    ['more tensors than the file can hold', gguf(3, 2n ** 40n, 0n)],
    ['a key longer than the file', gguf(3, 0n, 1n, 2n ** 40n, 'name')],
    ['a length beyond 2^53', gguf(3, 0n, 1n, 2n ** 63n, 'name padded to nine')],
    ['an array longer than the file', gguf(3, 0n, 1n, 4n, 'name', 9, 4, 2n ** 40n)],
    ['an array of arrays', gguf(3, 0n, 1n, 4n, 'name', 9, 9, 1n, 9, 1n)],
    ['an unknown value type', gguf(3, 0n, 1n, 4n, 'name', 77, 0)],
    ['an unknown version', gguf(99, 0n, 0n)],
    ['a tensor of a hundred dimensions', gguf(3, 1n, 0n, 1n, 'a', 100, 0n, 0n)],
    ['an alignment that is no power of two', gguf(3, 0n, 1n, 17n, 'general.alignment', 4, 33)],
  ])('%s', async (_what, bytes) => {
    expect(codesOf(await readBytes('x.gguf', bytes))).toContain('high malformed');
  });

  it('stops at 16 MiB in requests of at most 1 MiB', async () => {
    const strings = Buffer.alloc(40 * 1024 * 1024);
    for (let at = 0; at + 16 <= strings.byteLength; at += 16) strings.writeBigUInt64LE(8n, at);
    const count = BigInt(Math.floor(strings.byteLength / 16));
    const head = gguf(3, 0n, 1n, 4n, 'list', 9, 8, count);
    const counted = countingContent(bytesContent(Buffer.concat([head, strings])));
    const facts = await readModelFile({ path: 'x.gguf', content: counted.content });
    expect(codesOf(facts)).toEqual(['low too-large-to-show']);
    expect(counted.bytes()).toBeLessThanOrEqual(16 * 1024 * 1024);
    expect(Math.max(...counted.ranges.map(({ start, end }) => end - start))).toBeLessThanOrEqual(1024 * 1024);
  });

  it('reports a chat template that leaves its sandbox', async () => {
    const template = "{{ ''.__class__.__mro__[1].__subclasses__() }}";
    const facts = await readBytes(
      'x.gguf',
      gguf(3, 0n, 1n, 23n, 'tokenizer.chat_template', 8, BigInt(template.length), template),
    );
    expect(codesOf(facts)).toContain('high code-in-model');
  });
});

describe('ONNX that lies', () => {
  const model = (...parts: readonly Uint8Array[]) => Buffer.concat([number(1, 8), ...parts]);
  const external = (location: string) =>
    model(
      field(
        7,
        field(
          5,
          number(1, 4),
          number(2, 1),
          field(8, text('w')),
          field(13, field(1, text('location')), field(2, text(location))),
          number(14, 1),
        ),
      ),
    );

  it.each(['../secret', '/etc/passwd', 'a/../../b', 'C:\\x', '..\\x', '', 'a\u0000b', '\\\\host\\share'])(
    'external data at %j leaves the folder',
    async (location) => {
      const facts = await readBytes('x.onnx', external(location));
      expect(codesOf(facts)).toContain('critical external-path');
      expect(facts.companions).toEqual([]);
    },
  );

  it('external data beside the model is a companion', async () => {
    const facts = await readBytes('x.onnx', external('./weights/a.bin'));
    expect(facts.findings).toEqual([]);
    expect(facts.companions).toEqual(['weights/a.bin']);
  });

  it('a file that ends before the graph is cut off', async () => {
    const facts = await readBytes('x.onnx', model(field(2, text('pytorch')), field(8, number(2, 17))));
    expect(codesOf(facts)).toEqual(['high truncated']);
  });

  it('a message with another one in the place of its producer is none', async () => {
    const saved = readFileSync(folderPath('saved-words/saved_model.pb'));
    expect((await readBytes('saved_model.pb', saved)).format.name).toBe('unknown');
    expect((await readBytes('x', model(field(2, text('pytorch'))))).format.name).toBe('onnx');
  });

  it('subgraphs nested a thousand deep are malformed', async () => {
    let graph: Uint8Array = new Uint8Array();
    for (let depth = 0; depth < 1000; depth += 1) graph = field(1, field(5, field(6, graph)));
    expect(codesOf(await readBytes('x.onnx', model(field(7, graph))))).toContain('high malformed');
  });

  it.each([
    ['negative dimensions', field(5, Buffer.from([0x08, ...Array(9).fill(0xff), 0x01]), number(2, 1))],
    ['a hundred dimensions', field(5, field(1, Buffer.alloc(100, 1)), number(2, 1))],
    ['weights that are not the shape', field(5, number(1, 4), number(2, 1), field(9, Buffer.alloc(3)))],
  ])('%s', async (_what, initializer) => {
    const codes = codesOf(await readBytes('x.onnx', model(field(7, initializer))));
    expect(codes.some((code) => code.endsWith('malformed'))).toBe(true);
  });

  it('passes over inline weights without reading them', async () => {
    const weight = (name: string) =>
      field(5, number(1, 2 ** 21), number(2, 1), field(8, text(name)), field(9, Buffer.alloc(2 ** 23)));
    const counted = countingContent(
      bytesContent(model(field(7, weight('a'), weight('b'), weight('c'), field(1, field(4, text('Add')))))),
    );
    const facts = await readModelFile({ path: 'x.onnx', content: counted.content });
    expect(facts.metadata.customProperties.get('parameter_count')).toEqual({ text: String(3 * 2 ** 21) });
    expect(facts.details.operators).toEqual({ Add: 1 });
    expect(facts.findings).toEqual([]);
    expect(counted.bytes()).toBeLessThan(256 * 1024);
  });
});

describe('names and content', () => {
  it.each([
    ['tiny.safetensors', 'model.onnx', 'safetensors'],
    ['svc-protocol4.pkl', 'model.safetensors', 'pickle'],
    ['iris.onnx', 'iris.pkl', 'onnx'],
  ])('%s called %s is read as what it is, and said to lie', async (name, path, format) => {
    const facts = await readBytes(path, fixtureBytes(name));
    expect(facts.format.name).toBe(format);
    expect(codesOf(facts)).toContain('medium name-mismatch');
  });

  it.each(['model', 'model.bin', 'MODEL.SAFETENSORS', 'tiny.Safetensors'])(
    '%s claims nothing wrong',
    async (path) => {
      expect((await readBytes(path, fixtureBytes('tiny.safetensors'))).findings).toEqual([]);
    },
  );

  it('a README is unknown and can be pushed', async () => {
    const facts = await readBytes('README.md', text('# A model\n\nIt says nothing.\n'));
    expect(facts.format).toEqual({ name: 'unknown', version: null });
    expect(facts.metadata).toMatchObject({
      name: 'README.md',
      model_format_name: 'unknown',
      model_format_version: null,
    });
    expect(facts.findings).toEqual([]);
    expect(codesOf(await readBytes('README.onnx', text('# A model\n')))).toEqual(['low name-mismatch']);
  });
});

describe('a reader of another format', () => {
  const toy: ModelReader = {
    id: 'toy',
    extensions: ['.toy'],
    recognizes: (_path, head) => head[0] === 0x54,
    async read(file, options) {
      const facts = await collectFacts(
        file,
        async ({ cursor, facts }) => {
          await cursor.need(3);
          facts.property('parameter_count', cursor.bytes(3)[2]);
        },
        options,
      );
      return facts.build('toy', 'toy');
    },
  };

  it('is one object in the list', async () => {
    const content = bytesContent(Buffer.from('TO!'));
    const facts = await readModelFile({ path: 'x.toy', content }, { readers: [toy, ...MODEL_READERS] });
    expect(facts.format.name).toBe('toy');
    expect(facts.metadata.customProperties.get('parameter_count')).toEqual({ text: '33' });
  });

  it('may throw anything: it becomes a finding', async () => {
    const broken: ModelReader = { ...toy, read: () => Promise.reject(new TypeError('a bug')) };
    const facts = await readModelFile(
      { path: 'x.toy', content: bytesContent(Buffer.from('TO')) },
      { readers: [broken] },
    );
    expect(codesOf(facts)).toEqual(['high malformed']);
    expect(facts.format.name).toBe('toy');
  });
});

describe('what a reader lets through', () => {
  it('failed reads of the content', async () => {
    const failing: Content = {
      size: 1000,
      slice: () => failing,
      // biome-ignore lint/correctness/useYield: it fails before the first chunk
      async *stream() {
        throw new OmlmdError('unreachable', 'the connection broke');
      },
    };
    await expect(readModelFile({ path: 'x.pkl', content: failing })).rejects.toMatchObject({
      code: 'unreachable',
    });
  });

  it("the caller's abort, as its own reason", async () => {
    const reason = new Error('enough');
    const content = bytesContent(fixtureBytes('svc-plain.joblib'));
    await expect(
      readModelFile({ path: 'x.pkl', content }, { signal: AbortSignal.abort(reason) }),
    ).rejects.toBe(reason);
  });

  it('keeps customProperties below 32 KiB', async () => {
    const labels = Array.from({ length: 4000 }, (_, i) => `"m${i}":"${'x'.repeat(20)}"`);
    const header = `{"__metadata__":{"license":"${'long '.repeat(10_000)}",${labels.join(',')}}}`;
    const facts = await readBytes('x.safetensors', safetensors(header));
    expect(facts.metadata.customProperties.has('license')).toBe(false);
    expect(facts.details.license).toBeTypeOf('string');
  });

  it('stops at a decompression bomb with flat memory', { timeout: 30_000 }, async () => {
    const part = Buffer.concat([Buffer.from('\x80\x04(', 'latin1'), Buffer.alloc(64 * 1024 * 1024, 0x4e)]);
    const before = process.memoryUsage().rss;
    const facts = await readBytes('x.pkl.gz', gzipSync(part));
    expect(codesOf(facts)).toContain('low too-large-to-show');
    expect(process.memoryUsage().rss - before).toBeLessThan(128 * 1024 * 1024 + part.byteLength);
  });
});
