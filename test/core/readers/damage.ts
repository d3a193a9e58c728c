import fc from 'fast-check';
import { expect } from 'vitest';
import type { ModelFacts } from '../../../src/core/readers/reader.ts';
import { codesOf, fixtureBytes, readBytes } from './fixtures.ts';

/** What is said of a file that is cut off after `length` bytes, for about `places` lengths. */
export async function cutAnywhere(
  name: string,
  check: (facts: ModelFacts, length: number) => void = () => {},
  places = 800,
): Promise<void> {
  const whole = fixtureBytes(name);
  const step = Math.max(1, Math.floor(whole.byteLength / places));
  for (let length = 0; length < whole.byteLength; length += step) {
    const facts = await readBytes(name, whole.subarray(0, length));
    expect(Object.keys(facts.metadata)).toHaveLength(7);
    check(facts, length);
  }
}

/** Facts come of a file with any few bytes changed, the same seed each time. */
export async function flippedAnywhere(name: string, runs = 300): Promise<void> {
  const whole = fixtureBytes(name);
  const place = fc.tuple(fc.nat(whole.byteLength - 1), fc.integer({ min: 1, max: 255 }));
  await fc.assert(
    fc.asyncProperty(fc.array(place, { minLength: 1, maxLength: 6 }), async (places) => {
      const bytes = new Uint8Array(whole);
      for (const [at, mask] of places) bytes[at] = (bytes[at] ?? 0) ^ mask;
      const facts = await readBytes(name, bytes);
      expect(() => JSON.stringify(facts.details)).not.toThrow();
      const messages = facts.findings.map(({ message }) => message).join();
      expect(messages).not.toMatch(/undefined|not a function|RangeError/);
    }),
    { numRuns: runs, seed: 6 },
  );
}

/** Whether the file could not be read to its end. */
export function isStopped(facts: ModelFacts): boolean {
  return codesOf(facts).some((code) => /truncated|malformed/.test(code));
}
