import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { bytesContent } from '../../../src/core/oci/content.ts';
import { readModelFile } from '../../../src/core/readers/index.ts';
import { holdFacts } from './contract.ts';
import { flippedAnywhere } from './damage.ts';
import {
  codesOf,
  countingContent,
  expectedFacts,
  fixtureBytes,
  fixturePath,
  propertiesOf,
  readBytes,
  readFixture,
} from './fixtures.ts';

/** Old-style groups, new-style groups, and new ones behind a user block. */
const PLAIN = ['earliest.h5', 'latest.hdf5', 'v108.h5'];

function tensorsOf(
  details: Readonly<Record<string, unknown>>,
): { name: string; dtype: string; shape: number[] }[] {
  return Array.isArray(details.tensors) ? details.tensors : [];
}

describe('HDF5 as h5py sees it', () => {
  it.each(PLAIN.slice(0, 2))('facts of %s', async (name) => {
    const facts = await readFixture(name);
    holdFacts(facts, expectedFacts(name));
    expect(facts.findings).toEqual([]);
  });

  it.each(PLAIN)('datasets of %s, each once', async (name) => {
    const found = tensorsOf((await readFixture(name)).details);
    const expected = Object.values(Object(expectedFacts(name).tensors)).map((one) => JSON.stringify(one));
    expect(found.map(({ dtype, shape }) => JSON.stringify({ dtype, shape })).sort()).toEqual(expected.sort());
  });

  it.each(PLAIN)('names of datasets that one path leads to in %s', async (name) => {
    const found = tensorsOf((await readFixture(name)).details);
    const byName = Object.fromEntries(found.map(({ name, dtype, shape }) => [name, { dtype, shape }]));
    const { tensors } = expectedFacts(name);
    // The scalar hangs in the group of many links too, and h5py comes by there first.
    const expected = Object.entries(Object(tensors)).filter(([path]) => !/scalar|many/.test(path));
    expect(byName).toMatchObject(Object.fromEntries(expected));
  });

  it.each(PLAIN)('attributes of the root of %s', async (name) => {
    expect((await readFixture(name)).details.attributes).toEqual(expectedFacts(name).attributes);
  });

  it('a user block is said to be there', async () => {
    expect(codesOf(await readFixture('v108.h5'))).toEqual(['medium hidden-data']);
  });

  it.each([4096, 8192, 1 << 20])(
    'data behind a user block of %i bytes is found by its name',
    async (block) => {
      const own = Buffer.from(fixtureBytes('v108.h5').subarray(512));
      // Base address and end of the file, absolute both, of a superblock of version 2 or 3 and of one of version 0.
      const base = (own[8] ?? 0) >= 2 ? 12 : 24;
      own.writeBigUInt64LE(BigInt(block), base);
      own.writeBigUInt64LE(BigInt(block + own.byteLength), base + 16);
      const bytes = Buffer.concat([Buffer.alloc(block), own]);
      const facts = await readBytes('moved.hdf5', bytes);
      expect(facts.format.name).toBe('hdf5');
      expect(codesOf(facts)).toContain('medium hidden-data');
      expect(tensorsOf(facts.details)).toEqual(tensorsOf((await readFixture('v108.h5')).details));
      expect((await readBytes('moved', bytes)).format.name).toBe('unknown');
    },
  );

  it('a file of megabytes that only its name calls HDF5 costs a page for each place of the data', async () => {
    const counted = countingContent(bytesContent(Buffer.alloc(64 * 1024 * 1024)));
    const facts = await readModelFile({ path: 'zeros.h5', content: counted.content });
    expect(codesOf(facts)).toEqual(['low name-mismatch']);
    expect(counted.bytes()).toBeLessThan(2 * 1024 * 1024);
  });

  it('other files are companions in the folder, and critical outside of it', async () => {
    const facts = await readFixture('elsewhere.h5');
    expect(facts.companions).toEqual(['weights/part.h5']);
    expect(codesOf(facts)).toEqual(Array(3).fill('critical external-path'));
    expect(facts.details.external).toEqual([
      'weights/part.h5',
      '../secret.h5',
      '/etc/passwd',
      '/tmp/other.h5',
    ]);
  });

  it('reads headers, not data', async () => {
    const bytes = Buffer.concat([fixtureBytes('mlp.h5'), Buffer.alloc(64 * 1024 * 1024)]);
    // The end of the file, as the superblock states it.
    bytes.writeBigUInt64LE(BigInt(bytes.byteLength), 40);
    const counted = countingContent(bytesContent(bytes));
    const facts = await readModelFile({ path: 'mlp.h5', content: counted.content });
    expect(facts.findings).toEqual([]);
    expect(counted.bytes()).toBeLessThanOrEqual(64 * 1024);
    expect(counted.ranges).toHaveLength(1);
  });

  it('a configuration that is too large for the header is found where it is', async () => {
    const bytes = gunzipSync(readFileSync(fixturePath('huge-attribute.h5.gz')));
    const facts = await readModelFile({ path: 'x.h5', content: bytesContent(bytes) });
    expect(facts.format).toEqual({ name: 'keras', version: '2.15.0' });
    expect(codesOf(facts)).toContain('high code-in-model');
  });
});

/** Where a signature stands in a fixture. */
function placesOf(bytes: Uint8Array, signature: string): number[] {
  const places: number[] = [];
  const buffer = Buffer.from(bytes);
  for (let at = buffer.indexOf(signature); at >= 0; at = buffer.indexOf(signature, at + 1)) places.push(at);
  return places;
}

function changed(name: string, change: (bytes: Buffer) => void): Buffer {
  const bytes = Buffer.from(fixtureBytes(name));
  change(bytes);
  return bytes;
}

const SIGNATURES = ['TREE', 'SNOD', 'HEAP', 'GCOL', 'OHDR', 'OCHK', 'BTHD', 'BTLF', 'FRHP', 'FHDB', 'FHIB'];

describe('HDF5 that is damaged or lies', () => {
  it.each([...PLAIN, 'elsewhere.h5', 'mlp.h5'])(
    '%s cut off at and around every structure is said to be cut off',
    { timeout: 60_000 },
    async (name) => {
      const whole = fixtureBytes(name);
      const places = SIGNATURES.flatMap((signature) => placesOf(whole, signature));
      expect(places.length).toBeGreaterThan(3);
      const lengths = places.flatMap((at) => [at, at + 4, at + 8, at + 40]);
      for (const length of [...lengths, whole.byteLength - 1]) {
        if (length <= 600 || length >= whole.byteLength) continue;
        const facts = await readBytes(name, whole.subarray(0, length));
        expect(codesOf(facts)).toContain('high truncated');
        expect(facts.format.name).not.toBe('unknown');
      }
    },
  );

  it.each(['latest.hdf5', 'earliest.h5', 'elsewhere.h5', 'mlp.h5'])(
    'flipped bits in %s give facts',
    { timeout: 60_000 },
    (name) => flippedAnywhere(name),
  );

  it.each(SIGNATURES)('every length behind %s may lie', async (signature) => {
    for (const name of PLAIN) {
      for (const at of placesOf(fixtureBytes(name), signature)) {
        for (let ahead = 4; ahead < 64; ahead += 4) {
          for (const value of [0, 0x7fffffff, 0xffffffff]) {
            const bytes = changed(name, (b) =>
              b.writeUInt32LE(value, Math.min(at + ahead, b.byteLength - 4)),
            );
            const facts = await readBytes(name, bytes);
            expect(Object.keys(facts.metadata)).toHaveLength(7);
          }
        }
      }
    }
  });

  it('a B-tree that is its own child ends', async () => {
    const bytes = changed('earliest.h5', (b) => {
      for (const at of placesOf(b, 'TREE')) {
        // Level 1, one child, which is the node itself.
        b.writeUInt8(1, at + 5);
        b.writeUInt16LE(1, at + 6);
        b.writeBigUInt64LE(BigInt(at), at + 32);
      }
    });
    expect(codesOf(await readBytes('x.h5', bytes))).toContain('high malformed');
  });

  it('a header that goes on in itself ends', async () => {
    // Version 1: a continuation message of 16 bytes that points back to the messages.
    const bytes = changed('earliest.h5', (b) => {
      const header = Number(b.readBigUInt64LE(64));
      b.writeUInt16LE(0x10, header + 16);
      b.writeUInt16LE(16, header + 18);
      b.writeUInt8(0, header + 20);
      b.writeBigUInt64LE(BigInt(header + 16), header + 24);
      b.writeBigUInt64LE(24n, header + 32);
    });
    expect(codesOf(await readBytes('x.h5', bytes))).toContain('high malformed');
  });

  it('says that bytes follow the end', async () => {
    const bytes = Buffer.concat([fixtureBytes('earliest.h5'), Buffer.alloc(64)]);
    expect(codesOf(await readBytes('x.h5', bytes))).toEqual(['medium hidden-data']);
  });

  it('a shape that its bytes do not fill is a finding', async () => {
    const facts = await readBytes(
      'x.h5',
      changed('earliest.h5', (b) => {
        // The dimensions of `half`, two and three: in a dataspace of version 1.
        const at = b.indexOf(Buffer.from([1, 2, 1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3]));
        expect(at).toBeGreaterThan(0);
        b.writeBigUInt64LE(2n ** 50n, at + 8);
      }),
    );
    expect(codesOf(facts)).toContain('medium malformed');
    expect(JSON.stringify(propertiesOf(facts))).not.toContain('e+');
  });

  it.each(['model', 'model.bin', 'model.HDF5'])('%s claims nothing wrong', async (path) => {
    expect(codesOf(await readBytes(path, fixtureBytes('earliest.h5')))).toEqual([]);
  });

  it('a model of another name says so', async () => {
    const facts = await readModelFile({ path: 'x.onnx', content: bytesContent(fixtureBytes('mlp.h5')) });
    expect(facts.format.name).toBe('keras');
    expect(codesOf(facts)).toEqual(['medium name-mismatch']);
  });
});
