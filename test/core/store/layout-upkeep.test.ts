import { chmod, mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LayoutTarget } from '../../../src/core/store/layout.ts';
import { collectGarbage, listBlobs, verifyLayout } from '../../../src/core/store/layout-upkeep.ts';
import { artifact, blob, pushAll } from '../target.contract.ts';

let folder: string;
let target: LayoutTarget;
const weights = blob('weights '.repeat(1000));

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'omlmd-upkeep-'));
  target = new LayoutTarget(folder);
  const made = artifact([weights]);
  await pushAll(target, made);
  await target.tag(made.root, 'v1');
});
afterEach(() => rm(folder, { recursive: true }));

const now = { minAgeMs: 0 };
const path = () => target.blobPath(weights.descriptor.digest);

describe('verify', () => {
  it('finds nothing in what is whole', async () => {
    expect(await verifyLayout(folder)).toEqual([]);
  });

  it.each([
    ['a flipped bit', () => writeFile(path(), `Weights ${'weights '.repeat(999)}`), /another digest.*v1/],
    ['a truncated blob', () => truncate(path(), 10), /10 bytes, not 8000.*v1/],
    ['a missing blob', () => rm(path()), /missing.*v1/],
  ])('finds %s, and says what it belonged to', async (_what, damage, problem) => {
    await chmod(path(), 0o644);
    await damage();
    const problems = await verifyLayout(folder);
    expect(problems.map(({ digest }) => digest)).toEqual([weights.descriptor.digest]);
    expect(problems[0]?.problem).toMatch(problem);
  });

  it('finds a broken blob that no manifest needs, too', async () => {
    const stray = blob('stray');
    await target.push(stray.descriptor, stray.content);
    await chmod(target.blobPath(stray.descriptor.digest), 0o644);
    await writeFile(target.blobPath(stray.descriptor.digest), 'STRAY');
    expect(await verifyLayout(folder)).toHaveLength(1);
  });
});

describe('garbage collection', () => {
  it('removes what no manifest needs, and nothing else', async () => {
    const stray = blob('stray');
    await target.push(stray.descriptor, stray.content);
    const before = (await Array.fromAsync(listBlobs(folder))).length;
    expect(await collectGarbage(folder, { ...now, dryRun: true })).toEqual({ freed: 5, removed: 1 });
    expect(await Array.fromAsync(listBlobs(folder))).toHaveLength(before);
    expect(await collectGarbage(folder, now)).toEqual({ freed: 5, removed: 1 });
    expect(await target.exists(stray.descriptor)).toBe(false);
    expect(await verifyLayout(folder)).toEqual([]);
    expect(await collectGarbage(folder, now)).toEqual({ freed: 0, removed: 0 });
  });

  it('leaves what is younger than an hour: it may belong to a push that goes on (R27)', async () => {
    const stray = blob('stray');
    await target.push(stray.descriptor, stray.content);
    expect(await collectGarbage(folder)).toEqual({ freed: 0, removed: 0 });
    expect(await target.exists(stray.descriptor)).toBe(true);
  });

  it('leaves what a push that goes on has found there, however old it is', async () => {
    const stray = blob('stray');
    await target.push(stray.descriptor, stray.content);
    await sleep(300);
    expect(await target.exists(stray.descriptor)).toBe(true);
    expect(await collectGarbage(folder, { minAgeMs: 250 })).toEqual({ freed: 0, removed: 0 });
    await sleep(300);
    expect(await collectGarbage(folder, { minAgeMs: 250 })).toEqual({ freed: 5, removed: 1 });
  });

  it('leaves everything when a manifest cannot be read', async () => {
    const stray = blob('stray');
    await target.push(stray.descriptor, stray.content);
    const root = await target.resolve('v1');
    await chmod(target.blobPath(root.digest), 0o644);
    await writeFile(target.blobPath(root.digest), '{}');
    await expect(collectGarbage(folder, now)).rejects.toMatchObject({ code: 'size-mismatch' });
    expect(await target.exists(stray.descriptor)).toBe(true);
  });

  it('beside pushes loses nothing that was listed', async () => {
    const pushes = Array.from({ length: 20 }, async (_, i) => {
      const made = artifact([blob(`model ${i}`), weights]);
      const other = new LayoutTarget(folder);
      await pushAll(other, made);
      await other.tag(made.root, `t${i}`);
    });
    const collections = Array.from({ length: 10 }, () => collectGarbage(folder));
    await Promise.all([...pushes, ...collections]);
    expect(await verifyLayout(folder)).toEqual([]);
    expect(await Array.fromAsync(target.tags())).toHaveLength(21);
    expect((await readdir(folder)).filter((name) => name.endsWith('.lock'))).toEqual([]);
  });
});
