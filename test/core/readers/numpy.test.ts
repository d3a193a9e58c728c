import { describe, expect, it } from 'vitest';
import { bytesContent } from '../../../src/core/oci/content.ts';
import { readModelFile } from '../../../src/core/readers/index.ts';
import { holdFacts } from './contract.ts';
import {
  codesOf,
  countingContent,
  expectedFacts,
  fixtureBytes,
  fixtureNames,
  propertiesOf,
  readBytes,
  readFixture,
} from './fixtures.ts';
import { zip } from './zip-bytes.ts';

const NAMES = fixtureNames('.npy', '.npz');

/** An array whose header is `text`. */
function npy(text: string, data: Uint8Array = Buffer.alloc(0), major = 1, length = text.length): Buffer {
  const head = Buffer.from([0x93, ...Buffer.from('NUMPY'), major, 0]);
  const size = Buffer.alloc(major === 1 ? 2 : 4);
  if (major === 1) size.writeUInt16LE(length);
  else size.writeUInt32LE(length);
  return Buffer.concat([head, size, Buffer.from(text, 'latin1'), data]);
}

const header = (descr: string, shape: string) =>
  `{'descr': ${descr}, 'fortran_order': False, 'shape': ${shape}, }\n`;
/** Loading it calls os.system. */
const EVIL = Buffer.from('\x80\x02cos\nsystem\nX\x02\x00\x00\x00id\x85R.', 'latin1');

describe('arrays of numpy', () => {
  it.each(NAMES)('%s is what numpy says', async (name) => {
    const facts = await readFixture(name);
    const expected = expectedFacts(name);
    holdFacts(facts, expected);
    const tensors = Array.isArray(facts.details.tensors) ? facts.details.tensors : [];
    expect(Object.fromEntries(tensors.map(({ name, ...rest }) => [name, rest]))).toEqual(expected.tensors);
  });

  it.each(['objects.npy', 'compressed.npz'])(
    'object arrays in %s are findings, and so is what they run',
    async (name) => {
      expect(codesOf(await readFixture(name))).toEqual(['medium object-array', 'info runs-code-when-loaded']);
    },
  );

  it.each(NAMES.filter((name) => !['objects.npy', 'compressed.npz'].includes(name)))(
    '%s has no findings',
    async (name) => {
      expect((await readFixture(name)).findings).toEqual([]);
    },
  );

  it('a large archive costs its directory and the headers of its arrays', async () => {
    const data = Buffer.alloc(4_000_000);
    const array = npy(header("'<f4'", '(1000, 1000)'), data);
    const counted = countingContent(
      bytesContent(zip({ name: 'a.npy', data: array }, { name: 'b.npy', data: array })),
    );
    const facts = await readModelFile({ path: 'big.npz', content: counted.content });
    expect(propertiesOf(facts)).toMatchObject({ parameter_count: 2_000_000, precision: 'F32' });
    expect(facts.findings).toEqual([]);
    expect(counted.ranges.length).toBeLessThanOrEqual(3);
    expect(counted.bytes()).toBeLessThan(400_000);
  });
});

describe('arrays that lie', () => {
  it.each<[string, Uint8Array, string]>([
    ['more data than is there', npy(header("'<f8'", '(9, 9)')), 'high truncated'],
    ['less data than is there', npy(header("'<f8'", '(1,)'), Buffer.alloc(99)), 'medium hidden-data'],
    ['a negative dimension', npy(header("'<f8'", '(-1,)')), 'high malformed'],
    [
      'a product beyond 64 bits',
      npy(header("'<f8'", '(999999999999, 999999999999, 999999999999)')),
      'high truncated',
    ],
    ['a hundred dimensions', npy(header("'<f8'", `(${'1,'.repeat(100)})`)), 'high malformed'],
    ['no shape', npy("{'descr': '<f8'}\n"), 'high malformed'],
    ['no dictionary', npy('[1]\n'), 'high malformed'],
    ['a call in the header', npy('__import__("os").system("id")\n'), 'high malformed'],
    ['deep nesting', npy(`{'descr': ${'['.repeat(5000)}`), 'high malformed'],
    ['a type of 2^60 bytes', npy(header("[('a', '<f8', (999999999, 999999999))]", '(1,)')), 'high malformed'],
    ['an unknown type', npy(header("'|X3'", '(1,)')), 'high malformed'],
    ['version 9', npy(header("'<f8'", '(0,)'), Buffer.alloc(0), 9), 'high malformed'],
    ['a header longer than the file', npy('', Buffer.alloc(0), 1, 9000), 'high truncated'],
    ['a header of 4 GB', npy('', Buffer.alloc(0), 2, 2 ** 32 - 1), 'low too-large-to-show'],
    ['os.system in an object array', npy(header("'|O'", '(1,)'), EVIL), 'critical unsafe-import'],
    ...["'object'", "'f4,O'", "'(1,)O'", "('O', (1,))", "'|' 'O'", "'\\x4f'"].map(
      (descr): [string, Uint8Array, string] => [
        `os.system in a type spelled ${descr}`,
        npy(header(descr, '(1,)'), EVIL),
        'critical unsafe-import',
      ],
    ),
    [
      'os.system behind a header of a megabyte',
      npy(header("'|O'", '(1,)').padEnd(1 << 20), EVIL, 2),
      'critical unsafe-import',
    ],
    ['os.system in a field of objects', npy(header("[('a', '|O')]", '(1,)'), EVIL), 'critical unsafe-import'],
  ])('%s', async (_what, bytes, code) => {
    const facts = await readBytes('x.npy', bytes);
    expect(facts.format.name).toBe('numpy');
    expect(codesOf(facts)).toContain(code);
    const inside = await readBytes('x.npz', zip({ name: 'x.npy', data: bytes, deflate: true }));
    expect(codesOf(inside)).toContain(code);
  });

  it('a pickle beside the arrays is found, whatever it is called', async () => {
    const good = npy(header("'<f8'", '(0,)'));
    const facts = await readBytes(
      'x.npz',
      zip({ name: 'a.npy', data: good }, { name: 'notes.txt', data: EVIL }),
    );
    expect(codesOf(facts)).toEqual(expect.arrayContaining(['critical unsafe-import', 'medium hidden-data']));
  });

  it('an archive called .npy, and an array called .npz, are both numpy', async () => {
    expect((await readBytes('x.npy', fixtureBytes('arrays.npz'))).findings).toEqual([]);
    expect((await readBytes('x.npz', fixtureBytes('weights.npy'))).findings).toEqual([]);
    expect(codesOf(await readBytes('x.onnx', fixtureBytes('arrays.npz')))).toEqual(['medium name-mismatch']);
  });

  it.each(NAMES)('every prefix of %s gives facts', async (name) => {
    const whole = fixtureBytes(name);
    for (let length = 0; length < whole.byteLength; length += 1) {
      const facts = await readBytes(name, whole.subarray(0, length));
      expect(Object.keys(facts.metadata)).toHaveLength(7);
    }
  });

  it.each(NAMES)('flipped bytes in %s give facts', async (name) => {
    const whole = fixtureBytes(name);
    for (let at = 0; at < whole.byteLength; at += 1) {
      const bytes = new Uint8Array(whole);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
      const facts = await readBytes(name, bytes);
      expect(() => JSON.stringify(facts.details)).not.toThrow();
    }
  });
});
