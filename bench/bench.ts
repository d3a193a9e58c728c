/**
 * Prints what docs/performance.md promises, beside `oras` and `regctl` where they are installed, and writes it to
 * bench/results:
 *   npm run bench              all; it takes 40 GB of the disk
 *   npm run bench -- --small   without 10 GiB, which are on the disk
 * Never part of the tests: a shared machine drifts, so runs are interleaved and medians are shown.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { startDockerRegistry } from '../test/interop/support/docker-registry.ts';
import { onPath } from '../test/interop/support/on-path.ts';
import { startTestRegistry } from '../test/support/registry/test-registry.ts';
import type { Measurement } from './measure.ts';
import { Place } from './place.ts';
import {
  hugeFileRows,
  largeFileRows,
  manyFilesRows,
  manyTagsRow,
  type Row,
  slowRegistryRow,
  startRows,
} from './rows.ts';

const runs = Number(process.env.OMLMD_BENCH_RUNS ?? 5);
const parts = [startRows, largeFileRows, manyFilesRows, slowRegistryRow, manyTagsRow];

const rows: Row[] = [];
for (const part of parts) await measurePart(part);
if (!process.argv.includes('--small')) await measurePart(hugeFileRows, tmpdir());
save(rows);
if (rows.some(({ reached }) => reached !== true)) process.exitCode = 1;

/** Each part has its own registry and folder, so that none fills the memory that the next one needs. */
async function measurePart(part: (typeof parts)[number], root?: string): Promise<void> {
  const place = new Place(root);
  const registry = onPath('docker-registry')
    ? await startDockerRegistry({ root: place.path('registry') })
    : await startTestRegistry();
  try {
    for (const row of await part({ place, host: registry.host, runs })) {
      rows.push(row);
      print(row);
    }
  } finally {
    await registry.stop();
    place.remove();
  }
}

function cell({ milliseconds, megabytes }: Measurement): string {
  return `${(milliseconds / 1000).toFixed(2)} s ${megabytes.toFixed(0)} MB`;
}

function print({ what, ours, peers, promise, reached }: Row): void {
  const beside = Object.entries(peers).map(
    ([name, theirs]) => `${(ours.milliseconds / theirs.milliseconds).toFixed(2)} × ${name} (${cell(theirs)})`,
  );
  const line = [
    what.padEnd(34),
    cell(ours).padEnd(16),
    promise.padEnd(14),
    reached === undefined ? 'no oras' : reached ? 'reached' : 'MISSED ',
    ...beside,
  ];
  console.log(line.join('  '));
}

function save(results: readonly Row[]): void {
  const folder = new URL('results/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  const at = new Date().toISOString();
  const document = { at, runs, processors: cpus().length, node: process.versions.node, rows: results };
  writeFileSync(new URL(`${at.replaceAll(':', '-')}.json`, folder), `${JSON.stringify(document, null, 2)}\n`);
}
