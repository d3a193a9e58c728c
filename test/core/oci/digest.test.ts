import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isOmlmdError } from '../../../src/core/errors.ts';
import {
  algorithmOf,
  Digester,
  digestOf,
  hexOf,
  isDigest,
  parseDigest,
  shortDigest,
} from '../../../src/core/oci/digest.ts';

const SHA256 = `sha256:${'0123456789abcdef'.repeat(4)}`;
const SHA512 = `sha512:${'0123456789abcdef'.repeat(8)}`;

describe('parseDigest', () => {
  it('takes sha256 and sha512', () => {
    expect(parseDigest(SHA256)).toBe(SHA256);
    expect(algorithmOf(parseDigest(SHA256))).toBe('sha256');
    expect(algorithmOf(parseDigest(SHA512))).toBe('sha512');
    expect(hexOf(parseDigest(SHA512))).toHaveLength(128);
    expect(shortDigest(parseDigest(SHA256))).toBe('sha256:0123456789ab');
  });

  it.each([
    '',
    'sha256',
    'sha256:',
    SHA256.slice(0, -1),
    `${SHA256}0`,
    SHA256.toUpperCase(),
    SHA256.replace('a', 'A'),
    SHA256.replace(':', '-'),
    SHA256.replace('sha256', 'sha512'),
    SHA512.replace('sha512', 'sha256'),
    ` ${SHA256}`,
    `${SHA256}\n`,
    `sha256:${'../'.repeat(21)}x`,
    `sha256:${'0'.repeat(60)}/../`,
    `md5:${'0'.repeat(32)}`,
    `sha384:${'0'.repeat(96)}`,
    `constructor:${'0'.repeat(64)}`,
    `__proto__:${'0'.repeat(64)}`,
    `sha256+b64:${'0'.repeat(64)}`,
    'x'.repeat(1_000_000),
  ])('refuses %s', (text) => {
    expect(isDigest(text)).toBe(false);
    try {
      parseDigest(text);
      expect.unreachable();
    } catch (error) {
      expect(isOmlmdError(error, 'digest-invalid')).toBe(true);
      expect((error as Error).message.length).toBeLessThan(600);
    }
  });

  it('refuses what is no text', () => {
    for (const value of [undefined, null, 1, {}, [SHA256], { toString: () => SHA256 }])
      expect(isDigest(value)).toBe(false);
  });
});

describe('Digester', () => {
  it('agrees with the hash of the whole, however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 8 }),
        fc.constantFrom('sha256' as const, 'sha512' as const),
        (chunks, algorithm) => {
          const digester = new Digester(algorithm);
          for (const chunk of chunks) digester.update(chunk);
          const whole = Buffer.concat(chunks);
          const digest = digester.digest();
          expect(digest).toBe(digestOf(whole, algorithm));
          expect(digest).toBe(`${algorithm}:${createHash(algorithm).update(whole).digest('hex')}`);
          expect(isDigest(digest)).toBe(true);
        },
      ),
    );
  });
});
