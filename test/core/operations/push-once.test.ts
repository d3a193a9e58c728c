import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { digestOf } from '../../../src/core/oci/digest.ts';
import type { Progress } from '../../../src/core/oci/progress.ts';
import { parseLocation } from '../../../src/core/operations/location.ts';
import { prepareModel } from '../../../src/core/operations/prepare-model.ts';
import { push } from '../../../src/core/operations/push.ts';
import {
  type LoggedRequest,
  startTestRegistry,
  type TestRegistry,
} from '../../support/registry/test-registry.ts';
import { contextAt } from './context-at.ts';

const SIZE = 6 * 1024 * 1024;
let folder: string;
let model: string;
let registry: TestRegistry;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'omlmd-push-'));
  model = join(folder, 'model.bin');
  await writeFile(model, randomBytes(SIZE));
  await sleep(150); // young files are not remembered
  registry = await startTestRegistry();
});
afterEach(async () => {
  await registry.stop();
  await rm(folder, { recursive: true });
});

/** Pushes as a process of its own would: nothing but the data folder is shared. */
async function pushOnce(path = model, digestCache = true, reference = 'm:v1') {
  const progress: Progress[] = [];
  const before = registry.requests.length;
  const context = contextAt(join(folder, 'home'));
  const prepared = await prepareModel([{ path }], { metadata: { kind: 'empty' } });
  const location = parseLocation(`${registry.host}/${reference}`);
  const { result } = await push(context, location, prepared, {
    digestCache,
    onProgress: (p) => progress.push(p),
  });
  const requests = registry.requests.slice(before);
  const sent = requests.reduce((sum, { bytes, path: url }) => sum + (url.includes('/blobs/') ? bytes : 0), 0);
  return { result, sent, requests, progress, hashed: progress.some(({ kind }) => kind === 'hash') };
}

it('a new file is sent while it is hashed: one pass', async () => {
  const { result, sent, hashed } = await pushOnce();
  expect(result.files[0]).toMatchObject({ state: 'uploaded', size: SIZE });
  expect(sent).toBeGreaterThan(SIZE);
  expect(hashed).toBe(false);
});

it('a file that is sent while it is hashed counts once in the progress', async () => {
  const { progress } = await pushOnce();
  const pieces = new Map(progress.filter((p) => p.kind === 'upload').map((p) => [p.id, p.total ?? 0]));
  expect([...pieces.values()].filter((total) => total === SIZE)).toHaveLength(1);
});

it('an unchanged file is not read again, and at most one request a blob and three more are made (R29)', async () => {
  const first = await pushOnce();
  const { result, sent, requests, hashed } = await pushOnce();
  expect(result.digest).toBe(first.result.digest);
  expect({ sent, hashed }).toEqual({ sent: 0, hashed: false });
  expect(requests.length).toBeLessThanOrEqual(3 + 3);
  expect(result.files[0]?.state).toBe('exists');
});

it('a touched or copied model is hashed, not sent again', async () => {
  await pushOnce();
  await utimes(model, new Date(), new Date());
  expect(await pushOnce()).toMatchObject({ sent: 0, hashed: true });
  const copy = join(folder, 'copy', 'model.bin');
  await mkdir(join(folder, 'copy'));
  await copyFile(model, copy);
  expect(await pushOnce(copy)).toMatchObject({ sent: 0, hashed: true });
});

it('nor is it for another tag of the repository; for another repository it is sent at once', async () => {
  await pushOnce();
  await utimes(model, new Date(), new Date());
  expect(await pushOnce(model, true, 'm:v2')).toMatchObject({ sent: 0, hashed: true });
  await utimes(model, new Date(1), new Date(1));
  const elsewhere = await pushOnce(model, true, 'other:v1');
  expect(elsewhere.hashed).toBe(false);
  expect(elsewhere.sent).toBeGreaterThan(SIZE);
});

it('without the cache every file is hashed anew', async () => {
  await pushOnce();
  expect(await pushOnce(model, false)).toMatchObject({ sent: 0, hashed: true });
});

it('small files are read once, sent beside the large one, and equal ones once', async () => {
  const folder = join(model, '..', 'many');
  await mkdir(folder);
  const part = randomBytes(1000);
  for (let i = 0; i < 20; i += 1)
    await writeFile(join(folder, `part-${i}.dat`), i < 2 ? part : randomBytes(1000));
  await writeFile(join(folder, 'large.dat'), randomBytes(SIZE));
  const { result, requests, progress } = await pushOnce(folder);
  const parts = result.files.filter(({ path }) => path !== undefined);
  expect(parts.map(({ state }) => state)).toEqual(Array(21).fill('uploaded'));
  const puts = requests.filter(({ method, path }) => method === 'PUT' && path.includes('/blobs/'));
  const digests = new Set<string>(parts.map(({ digest }) => digest));
  expect(digests.size).toBe(20);
  expect(puts).toHaveLength(new Set(result.files.map(({ digest }) => digest)).size); // the config is one of them
  const large = requests.findLastIndex(({ method }) => method === 'PATCH');
  expect(requests.findIndex(({ method }) => method === 'PUT')).toBeLessThan(large);
  const done = progress
    .filter(({ kind, state }) => kind === 'upload' && state === 'done')
    .map(({ id }) => id);
  expect(done.filter((id) => digests.has(id))).toHaveLength(20); // one for each small file; the large one's is its name
  const again = await pushOnce(folder);
  expect(again).toMatchObject({ sent: 0, result: { digest: result.digest } });
});

/** A folder of ten small models. */
async function smallModels(): Promise<string> {
  const path = join(folder, 'small');
  await mkdir(path);
  for (let i = 0; i < 10; i += 1) await writeFile(join(path, `part-${i}.bin`), randomBytes(1000));
  return path;
}

const looks = (requests: readonly LoggedRequest[]) =>
  requests.filter(({ method, path }) => method === 'HEAD' && path.includes('/blobs/')).length;

it('in a new repository it is not asked whether each small file is there', async () => {
  const path = await smallModels();
  const first = await pushOnce(path);
  expect(looks(first.requests)).toBeLessThan(4); // what the format adds is copied, which looks
  await writeFile(join(path, 'part-0.bin'), randomBytes(1000));
  const second = await pushOnce(path);
  expect(looks(second.requests)).toBeGreaterThanOrEqual(10);
  expect(second.result.files.filter(({ state }) => state === 'exists').length).toBeGreaterThanOrEqual(9);
});

it('a small file that was described is not opened again, and read anew where it has changed', async () => {
  const path = await smallModels();
  const one = join(path, 'part-1.bin');
  const before = await stat(one);
  const prepared = await prepareModel([{ path }]);
  expect([...(prepared.kept ?? [])]).toHaveLength(10);
  const bytes = randomBytes(1000);
  await writeFile(one, bytes);
  await utimes(one, before.atime, before.mtime);
  const location = parseLocation(`${registry.host}/m:v1`);
  const { result } = await push(contextAt(join(folder, 'home')), location, prepared);
  expect(result.files.find(({ title }) => title === 'part-1.bin')?.digest).toBe(digestOf(bytes));
});
