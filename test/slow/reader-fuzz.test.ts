import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { run } from '../support/processes.ts';
import type { FuzzReport } from './fuzz-program.ts';

const PROGRAM = fileURLToPath(new URL('fuzz-program.ts', import.meta.url));
/** Processes that share the fixtures. */
const SHARDS = 2;
const SEED = 20_260_101;
/** Milliseconds for all copies, twice what they take on two slow cores. */
const MOST_MS = 240_000;

/** Where it hung or ended by itself, the last name that it wrote says with what. */
async function fuzz(shard: number): Promise<FuzzReport> {
  const args = ['--expose-gc', PROGRAM, `${shard}`, `${SHARDS}`, `${SEED}`];
  const { status, stdout, stderr } = await run(process.execPath, args, { timeout: MOST_MS });
  const last = stdout.trimEnd().split('\n').at(-1) ?? '';
  if (status !== 0) throw new Error(`it ended with ${status} in ${last}: ${stderr}`);
  return JSON.parse(last);
}

// What a process took is read from /proc.
describe.runIf(process.platform === 'linux')('damaged copies of every fixture', () => {
  it('are read to an end, in time, in bounded memory, with findings of the closed list', async () => {
    const reports = await Promise.all(Array.from({ length: SHARDS }, (_, shard) => fuzz(shard)));
    for (const { cases, milliseconds, megabytes, failures } of reports) {
      console.log(`${cases} copies, at most ${milliseconds} ms and ${megabytes} MiB over the start`);
      expect(failures).toEqual([]);
      expect(cases).toBeGreaterThan(3000);
    }
  });
});
