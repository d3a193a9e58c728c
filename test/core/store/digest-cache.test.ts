import { copyFile, mkdtemp, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { DigestCache } from '../../../src/core/store/digest-cache.ts';

const DIGEST = digestOf(Buffer.from('x'));
let folder: string;
let file: string;
let cache: DigestCache;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'omlmd-digests-'));
  file = join(folder, 'model.bin');
  cache = new DigestCache(join(folder, 'home', 'digests.json'));
  await writeFile(file, 'weights');
  await sleep(150); // a younger file may still change with the same times
});
afterEach(() => rm(folder, { recursive: true }));

async function remember(): Promise<void> {
  await cache.put(file, await cache.look(file), DIGEST);
  await cache.save();
}

it('knows a file that has not changed, in another process too', async () => {
  await remember();
  expect((await cache.look(file)).digest).toBe(DIGEST);
  expect((await new DigestCache(join(folder, 'home', 'digests.json')).look(file)).digest).toBe(DIGEST);
});

it('forgets a file that was written to, even with its old size and time put back', async () => {
  await remember();
  const { atime, mtime } = await stat(file);
  await writeFile(file, 'WEIGHTS');
  await utimes(file, atime, mtime);
  expect((await cache.look(file)).digest).toBeUndefined();
});

it('tells which files of a size it knows, the newest first, in another process too', async () => {
  await remember();
  await writeFile(`${file}.2`, 'WEIGHTS');
  await sleep(150);
  const other = digestOf(Buffer.from('y'));
  await cache.put(`${file}.2`, await cache.look(`${file}.2`), other);
  await cache.save();
  const again = new DigestCache(join(folder, 'home', 'digests.json'));
  expect(await again.ofSize(7, 4)).toEqual([other, DIGEST]);
  expect(await again.ofSize(7, 1)).toEqual([other]);
  expect(await again.ofSize(8, 4)).toEqual([]);
});

it('does not take a copy for the file', async () => {
  await remember();
  await copyFile(file, `${file}.copy`);
  expect((await cache.look(`${file}.copy`)).digest).toBeUndefined();
});

it('does not remember a file that changed while it was hashed, or that is too young', async () => {
  const before = await cache.look(file);
  await writeFile(file, 'other');
  await sleep(150);
  await cache.put(file, before, DIGEST);
  expect((await cache.look(file)).digest).toBeUndefined();
  await writeFile(file, 'young');
  await remember();
  expect((await cache.look(file)).digest).toBeUndefined();
});

it('starts anew when its own file is damaged, and keeps what many writers remember', async () => {
  await remember();
  await writeFile(join(folder, 'home', 'digests.json'), '{"a": "no digest"');
  expect((await new DigestCache(join(folder, 'home', 'digests.json')).look(file)).digest).toBeUndefined();
  const files = Array.from({ length: 8 }, (_, i) => join(folder, `m${i}`));
  await Promise.all(files.map((path) => writeFile(path, path)));
  await sleep(150);
  await Promise.all(
    files.map(async (path) => {
      const own = new DigestCache(join(folder, 'home', 'digests.json'));
      await own.put(path, await own.look(path), DIGEST);
      await own.save();
    }),
  );
  expect(Object.keys(JSON.parse(await readFile(join(folder, 'home', 'digests.json'), 'utf8')))).toHaveLength(
    8,
  );
});
