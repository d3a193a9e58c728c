import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Severity } from '../../../src/core/readers/reader.ts';
import { readBytes } from './fixtures.ts';

interface Entry {
  readonly group: string;
  readonly route: string;
  readonly file: string;
  readonly least: Severity;
  readonly base64: string;
}

/** Malicious pickles by every route: test/fixtures/make/make_pickle_corpus.py. */
const CORPUS: readonly Entry[] = JSON.parse(
  gunzipSync(readFileSync(new URL('../../fixtures/malicious-pickles.json.gz', import.meta.url))).toString(),
);
/** What their payload would make. */
const CANARY = '/tmp/omlmd-canary';
const SEVERITIES: readonly Severity[] = ['critical', 'high', 'medium', 'low', 'info'];

function bytesOf({ base64 }: Entry): Uint8Array {
  return new Uint8Array(Buffer.from(base64, 'base64'));
}

async function worst(path: string, bytes: Uint8Array): Promise<Severity> {
  const { findings } = await readBytes(path, bytes);
  return SEVERITIES.find((severity) => findings.some((finding) => finding.severity === severity)) ?? 'info';
}

function isAtLeast(severity: Severity, least: Severity): boolean {
  return SEVERITIES.indexOf(severity) <= SEVERITIES.indexOf(least);
}

describe('malicious pickles by every route', () => {
  it('are many', () => expect(CORPUS.length).toBeGreaterThanOrEqual(280));

  it.each(CORPUS.map((entry) => [`${entry.group}: ${entry.route}`, entry] as const))(
    '%s is found, and nothing runs',
    async (_name, entry) => {
      const bytes = bytesOf(entry);
      const start = performance.now();
      expect(isAtLeast(await worst(entry.file, bytes), entry.least)).toBe(true);
      expect(performance.now() - start).toBeLessThan(5000);
      expect(existsSync(CANARY)).toBe(false);
    },
  );

  it.each(['model', 'model.bin', 'model.joblib'])('are found under the name %s too', async (path) => {
    const missed: string[] = [];
    for (const entry of CORPUS.filter(({ group }) => group !== 'archive')) {
      if (!isAtLeast(await worst(path, bytesOf(entry)), entry.least)) missed.push(entry.route);
    }
    expect(missed).toEqual([]);
  });

  it('take little memory', async () => {
    const before = process.memoryUsage().rss;
    for (const entry of CORPUS) await readBytes(entry.file, bytesOf(entry));
    expect(process.memoryUsage().rss - before).toBeLessThan(128 * 1024 * 1024);
  });
});
