import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Finding, ModelFacts } from '../../../src/core/readers/reader.ts';
import { codesOf, fixtureBytes, fixtureNames, readBytes } from './fixtures.ts';

const latin1 = (text: string) => Buffer.from(text, 'latin1');
const EVIL = latin1('\x80\x02cos\nsystem\nX\x02\x00\x00\x00id\x85R.');
const WORDS = latin1('these bytes are nothing that a model has');

function hidden({ findings }: ModelFacts): Finding[] {
  return findings.filter(({ code }) => code === 'hidden-data');
}

/** That bytes behind the end are told with their place, that a pickle there is judged, and that nothing else is. */
async function holdTail(path: string, whole: Uint8Array): Promise<void> {
  const own = codesOf(await readBytes(path, whole));
  expect(own.filter((code) => !/^info|unknown-import/.test(code))).toEqual([]);
  const where = `offset ${whole.byteLength}`;
  const words = await readBytes(path, Buffer.concat([whole, WORDS]));
  expect(hidden(words)).toEqual([
    { severity: 'medium', code: 'hidden-data', message: expect.stringMatching(/bytes follow/), where },
  ]);
  expect(codesOf(words).filter((code) => !code.endsWith('hidden-data'))).toEqual(own);
  const evil = await readBytes(path, Buffer.concat([whole, EVIL]));
  expect(hidden(evil)).toEqual([
    {
      severity: 'medium',
      code: 'hidden-data',
      message: expect.stringMatching(/1 more pickle follows/),
      where,
    },
  ]);
  expect(codesOf(evil)).toContain('critical unsafe-import');
  expect(codesOf(evil)).not.toContain('high malformed');
  expect(evil.format.name).toBe(words.format.name);
}

const SVC = fixtureBytes('svc-protocol4.pkl');

describe('behind the end of a compressed pickle', () => {
  const COMPRESSED: Readonly<Record<string, Uint8Array>> = {
    ...Object.fromEntries(
      ['bz2', 'xz', 'lzma', 'lz4', 'gzip', 'zlib'].map((kind) => [
        `svc-${kind}.joblib`,
        fixtureBytes(`svc-${kind}.joblib`),
      ]),
    ),
    'svc-zstd.pkl': zstdCompressSync(SVC),
    // 9 MB of text behind the object's own: the end is far from what recognition sees.
    'long.pkl': gzipSync(
      Buffer.concat([latin1('\x80\x04X\x00\x00\x80\x00'), Buffer.alloc(2 ** 23, 97), latin1('.')]),
    ),
  };

  it.each(Object.keys(COMPRESSED))('%s: bytes and pickles are found', async (name) => {
    await holdTail(name, COMPRESSED[name] ?? new Uint8Array());
  });

  it.each(Object.keys(COMPRESSED))('%s: a pickle that is compressed itself is found', async (name) => {
    const whole = COMPRESSED[name] ?? new Uint8Array();
    const facts = await readBytes(name, Buffer.concat([whole, deflateSync(EVIL)]));
    expect(codesOf(facts)).toContain('critical unsafe-import');
    expect(hidden(facts)).toHaveLength(1);
  });

  it.each(Object.keys(COMPRESSED))('%s: few bytes are found', async (name) => {
    for (const tail of [latin1('\x01'), latin1('PK\x03\x04')]) {
      const facts = await readBytes(name, Buffer.concat([COMPRESSED[name] ?? new Uint8Array(), tail]));
      expect(codesOf(facts)).toContain('medium hidden-data');
      expect(codesOf(facts)).not.toContain('high malformed');
    }
  });

  it('a second member, and the zeros that gzip may be padded with, are part of the file', async () => {
    const half = SVC.byteLength >> 1;
    const members = [gzipSync(SVC.subarray(0, half)), gzipSync(SVC.subarray(half), { level: 1 })];
    for (const parts of [members, [...members, Buffer.alloc(1000)]]) {
      const facts = await readBytes('x.pkl', Buffer.concat(parts));
      expect(codesOf(facts)).toEqual(['info runs-code-when-loaded']);
    }
  });

  it('a gzip header with a name, a comment, extra fields and a checksum is passed', async () => {
    const plain = gzipSync(SVC);
    const extra = latin1('\x04\x00abcdmodel.pkl\x00a comment\x00\x00\x00');
    const header = Buffer.concat([plain.subarray(0, 10), extra]);
    header[3] = 0x02 | 0x04 | 0x08 | 0x10;
    const facts = await readBytes('x.pkl', Buffer.concat([header, plain.subarray(10)]));
    expect(codesOf(facts)).toEqual(['info runs-code-when-loaded']);
    expect(facts.metadata.customProperties.get('model_class')).toBe('sklearn.svm._classes.SVC');
  });

  it('a wrong checksum of gzip is malformed, a missing one truncated', async () => {
    const plain = gzipSync(SVC);
    const wrong = Buffer.from(plain);
    wrong[wrong.byteLength - 8] = (wrong[wrong.byteLength - 8] ?? 0) ^ 1;
    expect(codesOf(await readBytes('x.pkl', wrong))).toContain('high malformed');
    expect(codesOf(await readBytes('x.pkl', plain.subarray(0, -3)))).toContain('high truncated');
  });
});

describe('behind the end of a model that is no pickle', () => {
  it.each(
    [...fixtureNames('.ubj', '.cbm', '.tflite')].filter(
      (name) => !/^(?:cat-mixed|described|external|flex)/.test(name),
    ),
  )('%s: bytes and pickles are found', async (name) => await holdTail(name, fixtureBytes(name)));

  it.each(
    fixtureNames('.json', '.txt').filter(
      (name) => /^(?:xgb|lgb)-.*\.(?:json|txt)$/.test(name) && !name.includes('expected'),
    ),
  )('%s: bytes and pickles are found, new lines are not', async (name) => {
    const whole = fixtureBytes(name);
    await holdTail(name, whole);
    const facts = await readBytes(name, Buffer.concat([whole, latin1('\n \r\n\t\n')]));
    expect(codesOf(facts)).toEqual([]);
  });

  it.each([...fixtureNames('.mlmodel'), 'legacy.pth', 'module-legacy.pt'])(
    '%s: bytes and pickles are found',
    async (name) => {
      await holdTail(name, fixtureBytes(name));
    },
  );
});
