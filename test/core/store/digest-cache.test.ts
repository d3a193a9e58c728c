import { copyFile, mkdtemp, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { lookAtFile } from '../../../src/core/oci/file-content.ts';
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

const open = () => new DigestCache(join(folder, 'home', 'digests.json'));
const known = async (path = file, own = cache) => own.look(await lookAtFile(path));

async function remember(path = file, digest = DIGEST, own = cache): Promise<void> {
  own.put(await lookAtFile(path), digest);
  await own.save();
}

it('knows a file that has not changed, in another process too', async () => {
  await remember();
  expect(await known()).toBe(DIGEST);
  expect(await known(file, open())).toBe(DIGEST);
});

it('forgets a file that was written to, even with its old size and time put back', async () => {
  await remember();
  const { atime, mtime } = await stat(file);
  await writeFile(file, 'WEIGHTS');
  await utimes(file, atime, mtime);
  expect(await known()).toBeUndefined();
});

it('tells which files of a size it knows, the newest first, in another process too', async () => {
  await remember();
  await writeFile(`${file}.2`, 'WEIGHTS');
  await sleep(150);
  const other = digestOf(Buffer.from('y'));
  await remember(`${file}.2`, other);
  const again = open();
  expect(await again.ofSize(7, 4)).toEqual([other, DIGEST]);
  expect(await again.ofSize(7, 1)).toEqual([other]);
  expect(await again.ofSize(8, 4)).toEqual([]);
});

it('does not take a copy for the file', async () => {
  await remember();
  await copyFile(file, `${file}.copy`);
  expect(await known(`${file}.copy`)).toBeUndefined();
});

it('does not remember a file that is too young: it may change again with the same times', async () => {
  await writeFile(file, 'young');
  await remember();
  expect(await known()).toBeUndefined();
});

it('starts anew when its own file is damaged, and keeps what many writers remember', async () => {
  await remember();
  await writeFile(join(folder, 'home', 'digests.json'), '{"a": "no digest"');
  expect(await known(file, open())).toBeUndefined();
  const files = Array.from({ length: 8 }, (_, i) => join(folder, `m${i}`));
  await Promise.all(files.map((path) => writeFile(path, path)));
  await sleep(150);
  await Promise.all(files.map((path) => remember(path, DIGEST, open())));
  expect(Object.keys(JSON.parse(await readFile(join(folder, 'home', 'digests.json'), 'utf8')))).toHaveLength(
    8,
  );
});
