import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isOmlmdError } from '../../../src/core/errors.ts';
import {
  formatReference,
  isRegistryHost,
  isRepository,
  isTag,
  parseReference,
  type Reference,
} from '../../../src/core/oci/reference.ts';

const DIGEST = `sha256:${'ab'.repeat(32)}` as const;

function messageOf(text: string): string {
  try {
    parseReference(text);
  } catch (error) {
    if (isOmlmdError(error, 'reference-invalid')) return error.message;
    throw error;
  }
  return 'accepted';
}

describe('parseReference', () => {
  it.each<[string, Reference]>([
    [
      'localhost:5001/mmortari/mlartifact:v1',
      { registry: 'localhost:5001', repository: 'mmortari/mlartifact', tags: ['v1'] },
    ],
    ['oci://ghcr.io/a/b', { registry: 'ghcr.io', repository: 'a/b', tags: [] }],
    ['localhost/a', { registry: 'localhost', repository: 'a', tags: [] }],
    ['r.io/a:v1,latest,v1', { registry: 'r.io', repository: 'a', tags: ['v1', 'latest'] }],
    [`r.io/a@${DIGEST}`, { registry: 'r.io', repository: 'a', tags: [], digest: DIGEST }],
    [`r.io/a:v1@${DIGEST}`, { registry: 'r.io', repository: 'a', tags: ['v1'], digest: DIGEST }],
    [
      '127.0.0.1:5000/a__b/c--d.e:X_1',
      { registry: '127.0.0.1:5000', repository: 'a__b/c--d.e', tags: ['X_1'] },
    ],
    ['[::1]:5000/a', { registry: '[::1]:5000', repository: 'a', tags: [] }],
  ])('takes %s apart', (text, expected) => {
    expect(parseReference(text)).toEqual(expected);
  });

  it.each([
    ['', 'HOST/REPOSITORY'],
    ['r.io/', 'missing'],
    ['r.io/A', 'lower case'],
    ['r.io/a_', 'lower-case letters'],
    ['r.io/a___b', 'lower-case letters'],
    ['r.io/a..b', 'lower-case letters'],
    ['r.io/../b', 'lower-case letters'],
    ['r.io//b', 'lower-case letters'],
    ['r.io/a/', 'lower-case letters'],
    ['r.io/a:', 'tag'],
    ['r.io/a:v1,', 'tag'],
    ['r.io/a:.v1', 'tag'],
    ['r.io/a:-v1', 'tag'],
    [`r.io/a:${'v'.repeat(129)}`, 'tag'],
    ['r.io/a@sha256:1', 'digest'],
    ['r.io/a@', 'digest'],
    [`r.io/${'a'.repeat(256)}`, '255'],
    [`r.io/${'a/'.repeat(1_000_000)}b`, '4096'],
    ['user:pw@r.io/a', 'not a host'],
    ['r.io:0/a', 'not a host'],
    ['r.io:65536/a', 'not a host'],
    ['r..io/a', 'not a host'],
    ['r.io\u0000/a', 'not a host'],
    ['r.io/a\u202e', 'lower-case letters'],
    ['--option', 'HOST/REPOSITORY'],
  ])('refuses %j', (text, reason) => {
    const message = messageOf(text);
    expect(message).toContain(reason);
    expect(message.length).toBeLessThan(1200);
    expect(message).not.toMatch(/[\u0000\u202e]/);
  });

  it('says what was probably meant where there is no host', () => {
    expect(messageOf('org/model:v1')).toContain('"docker.io/org/model:v1" or "local/org/model:v1"');
    expect(messageOf('model')).toContain('"docker.io/library/model" or "local/model"');
  });

  it('never throws anything else, and what it takes it gives back', () => {
    const piece = fc.constantFrom(
      'a',
      'Z',
      '/',
      ':',
      '@',
      '.',
      '-',
      '_',
      '__',
      'localhost',
      'oci://',
      DIGEST,
      ',',
      '[',
      ']',
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(piece, { maxLength: 12 }).map((p) => p.join('')),
    );
    fc.assert(
      fc.property(text, (candidate) => {
        if (messageOf(candidate) !== 'accepted') return;
        const reference = parseReference(candidate);
        expect(parseReference(formatReference(reference))).toEqual(reference);
      }),
      { numRuns: 3000 },
    );
  });

  it('round-trips every reference', () => {
    const part = fc.stringMatching(/^[a-z0-9]{1,5}(?:(?:\.|_|__|-{1,3})[a-z0-9]{1,4}){0,2}$/);
    const reference = fc.record({
      registry: fc.constantFrom('localhost:5000', 'ghcr.io', '10.0.0.1:443', '[::1]:80', 'a-b.c'),
      repository: fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/')),
      tags: fc.uniqueArray(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,20}$/), { maxLength: 3 }),
    });
    fc.assert(
      fc.property(reference, (value) => {
        expect(parseReference(formatReference(value))).toEqual(value);
        expect(parseReference(`oci://${formatReference(value)}`)).toEqual(value);
      }),
    );
  });

  it('is linear in the text', () => {
    const attacks = ['-', '_', '.', 'a-', 'a_', 'a/', ':', '@', ',', 'a:', '[', '0', 'a--'];
    const before = performance.now();
    for (const attack of attacks) {
      for (const prefix of ['', 'r.io/', 'r.io/a:', 'r.io/a@', 'oci://']) {
        const text = prefix + attack.repeat(500_000);
        messageOf(text);
        isRepository(text);
        isTag(text);
        isRegistryHost(text);
      }
    }
    expect(performance.now() - before).toBeLessThan(2000);
  });
});
