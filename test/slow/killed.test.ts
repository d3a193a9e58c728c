import { randomBytes } from 'node:crypto';
import { open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHUNK_BYTES } from '../../src/core/registry/chunk-size.ts';
import { startCuttingProxy } from '../support/cutting-proxy.ts';
import { startTestRegistry } from '../support/registry/test-registry.ts';
import { type CliProcesses, makeCliProcesses } from './cli-process.ts';

const MIB = 1024 * 1024;
/** Large enough to be hashed in another thread. */
const SIZE = 65 * MIB + 7;
const TIMES = 50;
/** Slow enough that a killed process is killed in the middle. */
const BYTES_PER_SECOND = 700_000_000;
/** What may be on its way in sockets and in memory when a pull is killed, and what is not noted yet, bytes. */
const PULL_LOSS = 8 * MIB;
/** What a connection may bring beyond the place from which another has taken over: its sockets are full. Bytes. */
const SPLIT_LOSS = 8 * MIB;

let cli: CliProcesses;
let model = '';
beforeAll(async () => {
  cli = await makeCliProcesses();
  model = cli.path('model.bin');
  await writeFile(model, randomBytes(SIZE));
});
afterAll(() => cli.remove());

/** A model that no cache and no registry knows: the same bytes but for the first. */
async function newModel(): Promise<Buffer> {
  const file = await open(model, 'r+');
  await file.write(randomBytes(16), 0, 16, 0);
  await file.close();
  return await readFile(model);
}

/** Anywhere in a transfer, a little before and after it included. */
const somewhere = () => Math.floor(Math.random() * 1.1 * SIZE - 0.05 * SIZE);

async function throughProxy(
  work: (host: string, moved: { there(): number; back(): number }) => Promise<void>,
): Promise<void> {
  const registry = await startTestRegistry();
  const proxy = await startCuttingProxy(registry.host, { bytesPerSecond: BYTES_PER_SECOND });
  try {
    await work(proxy.host, proxy);
  } finally {
    await proxy.stop();
    await registry.stop();
  }
}

describe('a process that is killed anywhere', () => {
  it('in a push: the next push ends it, and sends little again', async () => {
    for (let i = 0; i < TIMES; i += 1) {
      const bytes = await newModel();
      await throughProxy(async (host, { there }) => {
        const at = somewhere();
        const push = ['push', `${host}/team/model:v1`, model, '--empty-metadata'];
        await cli.kill(push, () => there() >= at);
        const before = there();
        await cli.run(...push);
        const again = there() - before;
        // The first note comes with the first chunk that was acknowledged.
        const kept = before > 2 * CHUNK_BYTES ? Math.min(before, SIZE) - CHUNK_BYTES : 0;
        expect(again, `killed at ${at}`).toBeLessThanOrEqual(SIZE - kept + CHUNK_BYTES);
        expect(await readdir(join(cli.home, 'uploads')).catch(() => [])).toEqual([]);
        const out = cli.path('pushed');
        await cli.run('pull', `${host}/team/model:v1`, '-o', out);
        expect(bytes.equals(await readFile(join(out, 'model.bin')))).toBe(true);
        await rm(out, { recursive: true });
      });
    }
  });

  it('in a pull: the next pull ends it, fetches little again, and leaves nothing else', async () => {
    const bytes = await newModel();
    await throughProxy(async (host, { back }) => {
      await cli.run('push', `${host}/team/model:v1`, model, '--empty-metadata');
      for (let i = 0; i < TIMES; i += 1) {
        const out = cli.path('pulled');
        const pull = ['pull', `${host}/team/model:v1`, '-o', out];
        const start = back();
        const at = start + somewhere();
        await cli.kill(pull, () => back() >= at);
        const before = back();
        const names = (await readdir(out).catch(() => [])).filter((name) => !name.startsWith('.omlmd-'));
        if (names.length > 0) expect(bytes.equals(await readFile(join(out, 'model.bin')))).toBe(true);
        await cli.run(...pull);
        const kept = Math.max(0, Math.min(before - start, SIZE) - PULL_LOSS);
        expect(back() - before, `killed at ${at - start}`).toBeLessThanOrEqual(SIZE - kept + SPLIT_LOSS);
        expect((await readdir(out)).filter((name) => name.startsWith('.omlmd-'))).toEqual([]);
        expect(bytes.equals(await readFile(join(out, 'model.bin')))).toBe(true);
        await rm(out, { recursive: true });
      }
    });
  });

  it('in a write to the local store: the store is whole, and the next push ends it', async () => {
    const started = performance.now();
    await newModel();
    await cli.run('push', 'local/warm:v1', model, '--empty-metadata');
    const whole = performance.now() - started;
    for (let i = 0; i < TIMES; i += 1) {
      const bytes = await newModel();
      const push = ['push', `local/team/model:v${i}`, model, '--empty-metadata'];
      const end = performance.now() + Math.random() * whole;
      await cli.kill(push, () => performance.now() >= end);
      await cli.run('store', 'verify');
      await cli.run(...push);
      const out = cli.path('stored');
      await cli.run('pull', `local/team/model:v${i}`, '-o', out);
      expect(bytes.equals(await readFile(join(out, 'model.bin')))).toBe(true);
      await rm(out, { recursive: true });
    }
  });
});
