import { existsSync, readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gunzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { fixtureBytes, fixtureNames, readBytes } from '../core/readers/fixtures.ts';

/** Where the runs begin; a failure names the file and the seed that made it. */
const SEED = Number(process.env.OMLMD_FUZZ_SEED ?? 20_261_124);
/** Damaged files that are read. */
const RUNS = 6000;
const MAX_MS = 5500;
/** What one file may take (the readers' contract), and what may stay when all are read and garbage is gone. */
const MAX_GROWTH_BYTES = 128 * 1024 * 1024;
const MAX_KEPT_BYTES = 16 * 1024 * 1024;

/** Bytes that are in use once garbage is collected. */
function kept(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Numbers that are the same on every run (mulberry32). */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

function sources(): (readonly [name: string, bytes: Uint8Array])[] {
  const corpus: { file: string; base64: string }[] = JSON.parse(
    gunzipSync(readFileSync(new URL('../fixtures/malicious-pickles.json.gz', import.meta.url))).toString(),
  );
  return [
    ...fixtureNames('.pkl', '.joblib').map((name) => [name, fixtureBytes(name)] as const),
    ...corpus.map(({ file, base64 }) => [file, new Uint8Array(Buffer.from(base64, 'base64'))] as const),
  ];
}

/** Opcodes and lengths where they do harm, parts cut out, doubled, or taken from another file. */
function damage(bytes: Uint8Array, other: Uint8Array, below: (limit: number) => number): Uint8Array {
  let result = Uint8Array.from(bytes);
  for (let left = 1 + below(6); left > 0 && result.byteLength > 0; left -= 1) {
    const at = below(result.byteLength);
    const length = below(Math.min(64, result.byteLength - at) + 1);
    const part = result.slice(at, at + length);
    switch (below(6)) {
      case 0:
        result[at] = below(256);
        break;
      case 1:
        result.fill([0, 0xff, 0x7f, 0x80][below(4)] ?? 0, at, Math.min(result.byteLength, at + 1 + below(8)));
        break;
      case 2:
        result = Buffer.concat([result.subarray(0, at), result.subarray(at + length)]);
        break;
      case 3:
        result = Buffer.concat([
          result.subarray(0, at),
          ...Array(1 + below(50)).fill(part),
          result.subarray(at),
        ]);
        break;
      case 4:
        result = Buffer.concat([
          result.subarray(0, at),
          other.subarray(below(other.byteLength)),
          result.subarray(at),
        ]);
        break;
      default:
        result = result.slice(0, at);
    }
  }
  return result;
}

it(`${RUNS} damaged pickles are read without a crash, in time and in little memory`, async () => {
  const below = numbers(SEED);
  const files = sources();
  const before = kept();
  for (let run = 0; run < RUNS; run += 1) {
    const [name, bytes] = files[below(files.length)] ?? ['', new Uint8Array()];
    const [, other] = files[below(files.length)] ?? ['', new Uint8Array(1)];
    const damaged = damage(bytes, other, below);
    const start = performance.now();
    const { rss } = process.memoryUsage();
    const facts = await readBytes(name, damaged);
    const what = `run ${run} of seed ${SEED}: ${name}`;
    expect(performance.now() - start, what).toBeLessThan(MAX_MS);
    expect(process.memoryUsage().rss - rss, what).toBeLessThan(MAX_GROWTH_BYTES);
    expect(
      facts.findings.some(({ message }) => message.includes('could not be read on')),
      what,
    ).toBe(false);
    expect(() => JSON.stringify(facts), what).not.toThrow();
  }
  expect(kept() - before).toBeLessThan(MAX_KEPT_BYTES);
  expect(existsSync('/tmp/omlmd-canary')).toBe(false);
});
