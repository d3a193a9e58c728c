import { randomBytes } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDockerRegistry } from '../interop/support/docker-registry.ts';
import { onPath } from '../interop/support/on-path.ts';
import { type CuttingProxyOptions, startCuttingProxy } from '../support/cutting-proxy.ts';
import { startTestRegistry } from '../support/registry/test-registry.ts';
import { type CliProcesses, makeCliProcesses } from './cli-process.ts';

const MIB = 1024 * 1024;
/** Bytes, of both directions together, after which the way cuts a connection. */
const CUT_AFTER = 3_000_000;

let cli: CliProcesses;
beforeAll(async () => {
  cli = await makeCliProcesses();
});
afterAll(() => cli.remove());

/** Pushes and pulls a model through a proxy before `upstream`, and tells what went through it. */
async function thereAndBack(upstream: string, size: number, options: CuttingProxyOptions) {
  const proxy = await startCuttingProxy(upstream, { cutAfter: CUT_AFTER, ...options });
  try {
    const model = cli.path('model.bin');
    const out = cli.path('out');
    const bytes = randomBytes(size);
    await writeFile(model, bytes);
    await cli.run('push', `${proxy.host}/team/model:v1`, model, '--empty-metadata', '--plain-http');
    const there = proxy.there();
    const cutsOfPush = proxy.cuts();
    const back = proxy.back();
    await cli.run('pull', `${proxy.host}/team/model:v1`, '-o', out, '--plain-http');
    expect(bytes.equals(await readFile(join(out, 'model.bin')))).toBe(true);
    expect((await readdir(out)).filter((name) => name.startsWith('.'))).toEqual([]);
    await rm(out, { recursive: true });
    const cutsOfPull = proxy.cuts() - cutsOfPush;
    return { there, back: proxy.back() - back, cutsOfPush, cutsOfPull, peak: proxy.peak() };
  } finally {
    await proxy.stop();
  }
}

describe('a way that cuts every connection after 3 MB', () => {
  it('loses nothing of a push and a pull, and little is sent twice', async () => {
    const registry = await startTestRegistry();
    try {
      const moved = await thereAndBack(registry.host, 40 * MIB, {});
      expect(moved.cutsOfPush).toBeGreaterThan(10);
      expect(moved.cutsOfPull).toBeGreaterThan(10);
      expect(moved.there).toBeLessThan(60 * MIB);
      expect(moved.back).toBeLessThan(60 * MIB);
    } finally {
      await registry.stop();
    }
  });

  it('loses nothing where a pull comes over several connections', async () => {
    const registry = await startTestRegistry();
    try {
      const moved = await thereAndBack(registry.host, 80 * MIB, { bytesPerSecond: 10_000_000 });
      expect(moved.peak).toBeGreaterThan(2);
      expect(moved.cutsOfPull).toBeGreaterThan(20);
      expect(moved.back).toBeLessThan(100 * MIB);
    } finally {
      await registry.stop();
    }
  });

  it('gets a blob through that goes in one request elsewhere', async () => {
    const registry = await startTestRegistry();
    try {
      await thereAndBack(registry.host, 3.6 * MIB, {});
    } finally {
      await registry.stop();
    }
  });

  it.skipIf(!onPath('docker-registry'))(
    'is bearable with CNCF distribution, which forgets an upload when a chunk does not come whole',
    async () => {
      const registry = await startDockerRegistry({ root: cli.path('distribution') });
      try {
        const moved = await thereAndBack(registry.host, 40 * MIB, {});
        expect(moved.there).toBeLessThan(60 * MIB);
      } finally {
        await registry.stop();
      }
    },
  );
});
