import { open, rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestRegistry, type TestRegistry } from '../support/registry/test-registry.ts';
import { type CliProcesses, makeCliProcesses } from './cli-process.ts';

const MIB = 1024 * 1024;
const SMALL = 128 * MIB;
const LARGE = 1024 * MIB;
/** Largest resident set, MB. */
const MOST_MB = 160;
/** What two runs differ by, MB: when garbage is collected is up to the machine. */
const JITTER_MB = 40;

let cli: CliProcesses;
let registry: TestRegistry;
beforeAll(async () => {
  cli = await makeCliProcesses();
  registry = await startTestRegistry();
});
afterAll(async () => {
  await registry.stop();
  await cli.remove();
});

/** Memory of a push and of the pull of the same file, which takes no space before it is pushed. */
async function memoryOf(size: number) {
  const model = cli.path('model.bin');
  const file = await open(model, 'w');
  await file.truncate(size);
  await file.close();
  const reference = `${registry.host}/team/of-${size}:v1`;
  const push = await cli.measure('push', reference, model, '--empty-metadata');
  const out = cli.path('out');
  const pull = await cli.measure('pull', reference, '-o', out);
  await rm(out, { recursive: true });
  return { push: push.megabytes, pull: pull.megabytes };
}

// What a process took is read from /proc.
describe.runIf(process.platform === 'linux')('the memory of a push and a pull (R30)', () => {
  it('is the same for a small and for a large one', async () => {
    const small = await memoryOf(SMALL);
    const large = await memoryOf(LARGE);
    for (const way of ['push', 'pull'] as const) {
      expect(large[way], way).toBeLessThan(MOST_MB);
      expect(large[way] - small[way], way).toBeLessThan(JITTER_MB);
    }
  });
});
