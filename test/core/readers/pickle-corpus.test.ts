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

const DOCUMENT = readFileSync(new URL('../../../docs/model-safety.md', import.meta.url), 'utf8');

/** What ordinary use of the libraries writes: a line of JSON, `[[name, bytes], …]`, and the files behind it. */
function harmlessFiles(): readonly (readonly [name: string, bytes: Uint8Array])[] {
  const packed = readFileSync(new URL('../../fixtures/harmless-pickles.gz', import.meta.url));
  const all = new Uint8Array(gunzipSync(packed));
  let at = all.indexOf(0x0a) + 1;
  const list: readonly (readonly [string, number])[] = JSON.parse(
    Buffer.from(all.subarray(0, at)).toString(),
  );
  return list.map(([name, size]) => {
    at += size;
    return [name, all.slice(at - size, at)];
  });
}

/** The numbers of a row of a table of docs/model-safety.md: how many files, and omlmd's alarms. */
function rowOf(first: string): readonly number[] {
  const row = DOCUMENT.split('\n').find((line) => line.startsWith(`| ${first} |`));
  const cells = row?.split('|').map((cell) => cell.trim()) ?? [];
  return [Number(cells[2]), Number(cells.at(-2))];
}

function count<T>(values: Iterable<T>): ReadonlyMap<T, number> {
  const counts = new Map<T, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
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

  it('have the severities that docs/model-safety.md tells', async () => {
    const severities: Severity[] = [];
    for (const entry of CORPUS) severities.push(await worst(entry.file, bytesOf(entry)));
    const counts = count(severities);
    const told = /^(\d+) malicious files[\s\S]*?omlmd; (\d+) are critical, (\d+) high, (\d+) medium\)/m.exec(
      DOCUMENT,
    );
    expect(told?.slice(1).map(Number)).toEqual([
      CORPUS.length,
      counts.get('critical'),
      counts.get('high'),
      counts.get('medium'),
    ]);
    expect([...counts.keys()].sort()).toEqual(['critical', 'high', 'medium']);
  });

  it.each([
    ['which function is called', 'callable'],
    ['by which opcodes', 'opcodes'],
    ['functions that the file brings', 'by value'],
    ["joblib's arrays", 'joblib'],
    ['compressed', 'compressed'],
    ['zip files, torch, numpy', 'archive'],
  ])('are as many as docs/model-safety.md tells: %s', (row, group) => {
    const files = CORPUS.filter((entry) => entry.group === group).length;
    expect(rowOf(row)).toEqual([files, files]);
  });

  it('take little memory', async () => {
    const before = process.memoryUsage().rss;
    for (const entry of CORPUS) await readBytes(entry.file, bytesOf(entry));
    expect(process.memoryUsage().rss - before).toBeLessThan(128 * 1024 * 1024);
  });
});

describe('harmless pickles of ordinary library use', () => {
  const files = harmlessFiles();

  it('have no alarm', async () => {
    const alarms: string[] = [];
    for (const [name, bytes] of files) {
      const { findings } = await readBytes(name, bytes);
      for (const { severity, message } of findings)
        if (isAtLeast(severity, 'medium')) alarms.push(`${name}: ${severity}: ${message}`);
    }
    expect(alarms).toEqual([]);
  });

  it.each([
    ['scikit-learn, joblib', 'sklearn'],
    ['xgboost, lightgbm, catboost', 'boosting'],
    ['numpy', 'numpy'],
    ['scipy', 'scipy'],
    ['pandas', 'pandas'],
    ['cloudpickle, dill', 'cloud'],
    ['Python itself', 'standard'],
  ])('are as many as docs/model-safety.md tells: %s', (row, group) => {
    expect(rowOf(row)).toEqual([files.filter(([name]) => name.startsWith(`${group}-`)).length, 0]);
  });

  it('are 301', () => expect(files).toHaveLength(301));
});
