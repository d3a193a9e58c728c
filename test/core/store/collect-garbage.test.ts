import { chmod, lstat, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { copyGraph } from '../../../src/core/oci/copy.ts';
import type { Descriptor } from '../../../src/core/oci/descriptor.ts';
import { collectGarbage } from '../../../src/core/store/collect-garbage.ts';
import { LayoutTarget } from '../../../src/core/store/layout.ts';
import { LocalStore } from '../../../src/core/store/local-store.ts';
import { MemoryTarget } from '../../../src/core/store/memory.ts';
import { listBlobs } from '../../../src/core/store/stored-blobs.ts';
import { verifyLayout } from '../../../src/core/store/verify-layout.ts';
import { artifact, blob, pushAll } from '../target.contract.ts';

let folder: string;
let target: LayoutTarget;
const weights = blob('weights '.repeat(1000));

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'omlmd-garbage-'));
  target = new LayoutTarget(folder);
  const made = artifact([weights]);
  await pushAll(target, made);
  await target.tag(made.root, 'v1');
});
afterEach(async () => {
  vi.useRealTimers();
  await rm(folder, { recursive: true });
});

/** Everything is old enough, also where the clock of the file system is ahead. */
const now = { minAgeMs: -1000 };

async function pushStray(): Promise<string> {
  const stray = blob('stray');
  await target.push(stray.descriptor, stray.content);
  return target.blobPath(stray.descriptor.digest);
}

async function age(path: string, minutes: number): Promise<void> {
  const time = Date.now() / 1000 - minutes * 60;
  await utimes(path, time, time);
}

/** Waits for the touches that a timer has begun. */
async function areYoung(paths: readonly string[]): Promise<void> {
  for (const path of paths)
    for (let tries = 0; Date.now() - (await lstat(path)).mtimeMs > 60_000; tries += 1) {
      if (tries === 100) throw new Error(`${path} was not touched`);
      await sleep(10);
    }
}

describe('garbage collection', () => {
  it('removes what no manifest needs, and nothing else', async () => {
    const stray = blob('stray');
    await target.push(stray.descriptor, stray.content);
    const before = (await Array.fromAsync(listBlobs(folder))).length;
    expect(await collectGarbage([folder], { ...now, dryRun: true })).toEqual({ freed: 5, removed: 1 });
    expect(await Array.fromAsync(listBlobs(folder))).toHaveLength(before);
    expect(await collectGarbage([folder], now)).toEqual({ freed: 5, removed: 1 });
    expect(await target.exists(stray.descriptor)).toBe(false);
    expect(await verifyLayout(folder)).toEqual([]);
    expect(await collectGarbage([folder], now)).toEqual({ freed: 0, removed: 0 });
  });

  it('leaves what is younger than an hour: it may belong to a push that goes on (R27)', async () => {
    const stray = blob('stray');
    await target.push(stray.descriptor, stray.content);
    expect(await collectGarbage([folder])).toEqual({ freed: 0, removed: 0 });
    expect(await target.exists(stray.descriptor)).toBe(true);
  });

  it('leaves what a push that goes on has found there, however old it is', async () => {
    const stray = blob('stray');
    await target.push(stray.descriptor, stray.content);
    await sleep(300);
    expect(await target.exists(stray.descriptor)).toBe(true);
    expect(await collectGarbage([folder], { minAgeMs: 250 })).toEqual({ freed: 0, removed: 0 });
    await sleep(300);
    expect(await collectGarbage([folder], { minAgeMs: 250 })).toEqual({ freed: 5, removed: 1 });
  });

  it('leaves what a push has found and written, however many hours it takes', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
    const [found, written, taken] = [blob('found'), blob('written'), blob('taken')];
    const all = [found, written, taken].map(({ descriptor }) => target.blobPath(descriptor.digest));
    await target.push(found.descriptor, found.content);
    const pushing = new LayoutTarget(folder);
    expect(await pushing.exists(found.descriptor)).toBe(true);
    await pushing.push(written.descriptor, written.content);
    await pushing.ingest(taken.content);
    for (let hours = 0; hours < 3; hours += 1) {
      for (const path of all) await age(path, 61);
      // One call goes on all the time: what it writes is large.
      vi.advanceTimersByTime(50 * 60 * 1000);
      await pushing.exists(weights.descriptor);
      vi.advanceTimersByTime(10 * 60 * 1000);
      await areYoung(all);
      expect(await collectGarbage([folder])).toEqual({ freed: 0, removed: 0 });
    }
    await pushAll(pushing, artifact([found, written, taken]));
    expect(vi.getTimerCount()).toBe(1); // that of `target`, which has pushed no manifest
    expect(await verifyLayout(folder)).toEqual([]);
  });

  it('takes what was pushed in vain an hour after nothing more is done', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
    const stray = await pushStray();
    vi.advanceTimersByTime(71 * 60 * 1000);
    expect(vi.getTimerCount()).toBe(0);
    await sleep(50); // the last touch
    await age(stray, 61);
    expect(await collectGarbage([folder])).toEqual({ freed: 5, removed: 1 });
  });

  it('beside a push that stood still for long takes what is then brought again', async () => {
    const source = new MemoryTarget();
    const made = artifact([blob('first'), blob('second')]);
    await pushAll(source, made);
    const fetched: string[] = [];
    let removed = 0;
    const sleepy = {
      resolve: source.resolve.bind(source),
      referrers: source.referrers.bind(source),
      async fetch(wanted: Descriptor) {
        fetched.push(wanted.digest);
        if (wanted.digest === made.pieces[2]?.descriptor.digest) {
          for await (const { path } of listBlobs(folder)) await age(path, 120);
          removed += (await collectGarbage([folder])).removed;
        }
        return source.fetch(wanted);
      },
    };
    // As after a push that sends files while it hashes them: the copy does not ask for those.
    const pushing = new LayoutTarget(folder);
    const { descriptor, content } = made.pieces[1] ?? weights;
    await pushing.push(descriptor, content);
    const known = new Set([descriptor.digest]);
    await copyGraph(sleepy, made.root, pushing, { known, concurrency: 1 });
    expect(removed).toBe(1);
    expect(fetched.filter((digest) => digest === descriptor.digest)).toHaveLength(1);
    expect(await verifyLayout(folder)).toEqual([]);
  });

  it('leaves everything when a manifest cannot be read', async () => {
    const stray = blob('stray');
    await target.push(stray.descriptor, stray.content);
    const root = await target.resolve('v1');
    await chmod(target.blobPath(root.digest), 0o644);
    await writeFile(target.blobPath(root.digest), '{}');
    await expect(collectGarbage([folder], now)).rejects.toMatchObject({ code: 'size-mismatch' });
    expect(await target.exists(stray.descriptor)).toBe(true);
  });

  it('removes what is older than an hour by the clock of its last use', async () => {
    const stray = await pushStray();
    await age(stray, 59);
    expect(await collectGarbage([folder])).toEqual({ freed: 0, removed: 0 });
    await age(stray, 61);
    expect(await collectGarbage([folder])).toEqual({ freed: 5, removed: 1 });
  });

  it('removes what killed processes left a day ago, and nothing that may still be written', async () => {
    const [old, young] = [join(folder, 'blobs', '.omlmd-old'), join(folder, '.omlmd-young')];
    for (const path of [old, young]) await writeFile(path, '1234567');
    await age(old, 25 * 60);
    await age(young, 23 * 60);
    expect(await collectGarbage([folder])).toEqual({ freed: 7, removed: 1 });
    expect(await readdir(folder)).toContain('.omlmd-young');
  });

  it('frees the bytes that several repositories share with the last name, and keeps a name that is new', async () => {
    const store = new LocalStore(join(folder, 'store'));
    const [a, b, c] = ['a', 'b', 'c'].map((name) => store.repository(name));
    if (a === undefined || b === undefined || c === undefined) throw new Error('three were made');
    const { descriptor, content } = blob('shared '.repeat(100));
    await a.push(descriptor, content);
    await b.push(descriptor, content);
    const paths = [a, b].map((layout) => layout.blobPath(descriptor.digest));
    const layouts = [a.path, b.path, c.path];
    expect((await lstat(paths[0] ?? '')).nlink).toBe(2);
    const shared = { freed: 700, removed: 2 };
    expect(await collectGarbage(layouts, { ...now, dryRun: true })).toEqual(shared);
    expect(await collectGarbage([a.path], { ...now, dryRun: true })).toEqual({ freed: 0, removed: 1 });
    // A file's own time does not tell that it was linked just now.
    for (const path of paths) await age(path, 120);
    await c.push(descriptor, content);
    await age(paths[0] ?? '', 120);
    expect(await collectGarbage(layouts)).toEqual({ freed: 0, removed: 0 });
    expect(await collectGarbage(layouts, now)).toEqual({ freed: 700, removed: 3 });
  });

  it('removes nothing where there is no index: what is needed is not known', async () => {
    const before = await Array.fromAsync(listBlobs(folder));
    await rm(join(folder, 'index.json'));
    expect(await collectGarbage([folder], now)).toEqual({ freed: 0, removed: 0 });
    expect(await Array.fromAsync(listBlobs(folder))).toEqual(before);
  });

  it('passes over one layout that cannot be read, and says so', async () => {
    const other = new LayoutTarget(join(folder, 'other'));
    const stray = blob('stray');
    await other.push(stray.descriptor, stray.content);
    await pushStray();
    await writeFile(join(folder, 'index.json'), '{');
    const skipped: string[] = [];
    const onSkipped = (layout: string) => void skipped.push(layout);
    expect(await collectGarbage([folder, other.path], { ...now, onSkipped })).toEqual({
      freed: 5,
      removed: 1,
    });
    expect(skipped).toEqual([folder]);
  });

  it('beside pushes takes no old garbage away that they have found', async () => {
    const source = new MemoryTarget();
    const models = Array.from({ length: 10 }, (_, i) =>
      artifact(Array.from({ length: 10 }, (_, j) => blob(`layer ${j} of model ${i}`))),
    );
    for (const model of models) {
      await pushAll(source, model);
      for (const { descriptor, content } of model.pieces.slice(0, -1)) await target.push(descriptor, content);
    }
    for await (const { path } of listBlobs(folder)) await age(path, 120);
    let pushing = true;
    const collecting = (async () => {
      let removed = 0;
      while (pushing) removed += (await collectGarbage([folder])).removed;
      return removed;
    })();
    for (const { root } of models) await copyGraph(source, root, new LayoutTarget(folder));
    pushing = false;
    // Some were not found in time, and written again.
    expect(await collecting).toBeGreaterThan(0);
    expect(await verifyLayout(folder)).toEqual([]);
    expect(await readdir(join(folder, 'blobs'))).toEqual(['sha256']);
  });

  it('beside pushes loses nothing that was listed', async () => {
    const pushes = Array.from({ length: 20 }, async (_, i) => {
      const made = artifact([blob(`model ${i}`), weights]);
      const other = new LayoutTarget(folder);
      await pushAll(other, made);
      await other.tag(made.root, `t${i}`);
    });
    const collections = Array.from({ length: 10 }, () => collectGarbage([folder]));
    await Promise.all([...pushes, ...collections]);
    expect(await verifyLayout(folder)).toEqual([]);
    expect(await Array.fromAsync(target.tags())).toHaveLength(21);
    expect((await readdir(folder)).filter((name) => name.endsWith('.lock'))).toEqual([]);
  });
});
