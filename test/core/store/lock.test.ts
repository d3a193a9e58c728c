import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { withLock } from '../../../src/core/store/lock.ts';
import { ownIdentity } from '../../../src/core/store/process-identity.ts';
import { codeOf } from '../target.contract.ts';
import { killChild, runChild } from './run-child.ts';

let folder = '';
let lock = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'omlmd-lock-'));
  lock = join(folder, 'lock');
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true, force: true });
});

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

describe('withLock', () => {
  it('lets one in at a time, and leaves nothing', async () => {
    let inside = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 10 }, () =>
        withLock(lock, async () => {
          inside += 1;
          most = Math.max(most, inside);
          await sleep(2);
          inside -= 1;
        }),
      ),
    );
    expect(most).toBe(1);
    expect(await isThere(lock)).toBe(false);
  });

  it('loses no change between many processes', { timeout: 60_000 }, async () => {
    await writeFile(join(folder, 'counter'), '0');
    await Promise.all(Array.from({ length: 6 }, () => runChild('count', folder)));
    expect(await readFile(join(folder, 'counter'), 'utf8')).toBe('150');
  });

  it('is never there without its holder, who may be killed at any moment', { timeout: 60_000 }, async () => {
    await writeFile(join(folder, 'counter'), '0');
    let running = true;
    const writers = Promise.all(Array.from({ length: 2 }, () => runChild('count', folder)));
    const done = writers.finally(() => {
      running = false;
    });
    const seen = new Set<boolean>();
    while (running) {
      const text = await readFile(lock, 'utf8').catch(() => undefined);
      if (text !== undefined) seen.add(text !== '');
      await sleep(0);
    }
    await done;
    expect([...seen]).toEqual([true]);
    expect((await readdir(folder)).filter((name) => name.startsWith('.omlmd-'))).toEqual([]);
  });

  it('takes over from a process that was killed, at once', { timeout: 30_000 }, async () => {
    await killChild('hold', lock, () => isThere(lock));
    expect(await isThere(lock)).toBe(true);
    const before = performance.now();
    let inside = 0;
    await Promise.all(
      Array.from({ length: 8 }, () =>
        withLock(lock, async ({ assertHeld }) => {
          inside += 1;
          expect(inside).toBe(1);
          await sleep(5);
          await assertHeld();
          inside -= 1;
        }),
      ),
    );
    expect(performance.now() - before).toBeLessThan(3000);
  });

  it.runIf(process.platform === 'linux')(
    'is not fooled by a process number that was given out again',
    async () => {
      await writeFile(lock, JSON.stringify({ ...(await ownIdentity()), start: '1', token: 'old' }));
      const before = performance.now();
      await withLock(lock, async () => {});
      expect(performance.now() - before).toBeLessThan(2000);
    },
  );

  it.each([
    ['of another host', JSON.stringify({ host: '000000000000', pid: 1, start: '1', token: 'foreign' })],
    ['that nobody can read', ''],
  ])('waits 30 s for a sign of life in a lock %s', async (_, text) => {
    await writeFile(lock, text);
    const real = performance.now.bind(performance);
    let ahead = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => real() + ahead);
    let inside = false;
    const waiting = withLock(lock, async () => {
      inside = true;
    });
    await sleep(150);
    ahead = 29_000;
    await sleep(150);
    expect(inside).toBe(false);
    ahead = 31_000;
    await waiting;
    expect(inside).toBe(true);
  });

  it('waits on as long as there are signs of life', async () => {
    await writeFile(lock, JSON.stringify({ host: '000000000000', pid: 1, start: '1', token: 'foreign' }));
    const real = performance.now.bind(performance);
    let ahead = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => real() + ahead);
    let inside = false;
    const waiting = withLock(lock, async () => {
      inside = true;
    });
    for (let i = 0; i < 3; i += 1) {
      await sleep(120);
      await writeFile(lock, JSON.stringify({ host: '000000000000', pid: 1, start: '1', token: 'foreign' }));
      await sleep(120);
      ahead += 20_000;
    }
    expect(inside).toBe(false);
    await rm(lock);
    await waiting;
  });

  it('gives up after its limit, and says that a second try may help', async () => {
    await writeFile(lock, JSON.stringify({ ...(await ownIdentity()), token: 'held' }));
    const real = performance.now.bind(performance);
    let ahead = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => real() + ahead);
    const waiting = withLock(lock, async () => {});
    const code = codeOf(waiting);
    await sleep(60);
    ahead = 91_000;
    expect(await code).toBe('store-busy');
    expect(await isThere(lock)).toBe(true);
  });

  it('says so when it was taken over, and does not remove the lock of another', async () => {
    const work = withLock(lock, async ({ assertHeld }) => {
      await writeFile(lock, JSON.stringify({ host: '000000000000', pid: 1, start: '1', token: 'theirs' }));
      await assertHeld();
    });
    expect(await codeOf(work)).toBe('store-busy');
    expect(await readFile(lock, 'utf8')).toContain('theirs');
  });

  it('is released when the work fails, and stops waiting with the signal', async () => {
    await expect(withLock(lock, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await isThere(lock)).toBe(false);
    const reason = new Error('enough');
    const controller = new AbortController();
    await withLock(lock, async () => {
      const waiting = withLock(lock, async () => {}, { signal: controller.signal });
      controller.abort(reason);
      await expect(waiting).rejects.toBe(reason);
    });
  });
});
