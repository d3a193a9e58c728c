import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readAll } from '../../../src/core/oci/content.ts';
import { digestOf } from '../../../src/core/oci/digest.ts';
import {
  archiveKindOf,
  MAX_ENTRIES,
  MAX_SMALL_TOTAL_BYTES,
  type OpenTarOptions,
  openTar,
  RATIO_FROM_BYTES,
  UnpackBudget,
} from '../../../src/core/store/archive.ts';
import { codeOf } from '../target.contract.ts';
import { tar } from './tar-builder.ts';

let temporary = '';
beforeEach(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'omlmd-archive-'));
});
afterEach(() => rm(temporary, { recursive: true, force: true }));

const ARCHIVE = tar({ path: 'a', data: 'weights' });
const BOMB = Buffer.alloc(40 * 1024 * 1024);

async function unpack(bytes: Uint8Array, options: Partial<OpenTarOptions> = {}) {
  const path = join(temporary, 'file');
  await writeFile(path, bytes);
  const budget = new UnpackBudget(bytes.byteLength);
  return await openTar(path, join(temporary, 'scratch'), { budget, ...options });
}

const messageOf = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: Error) => error.message,
  );

describe('openTar', () => {
  it.each([
    ['tar', ARCHIVE],
    ['gzip', gzipSync(ARCHIVE)],
    ['gzip in two members', Buffer.concat([gzipSync(ARCHIVE.subarray(0, 9)), gzipSync(ARCHIVE.subarray(9))])],
    ['zstd', zstdCompressSync(ARCHIVE)],
  ])('opens %s', async (_, bytes) => {
    const read: number[] = [];
    const content = await unpack(bytes, { digest: digestOf(ARCHIVE), onBytes: (n) => read.push(n) });
    expect(Buffer.from(await readAll(content, 10_000))).toEqual(ARCHIVE);
    expect(read).toEqual(bytes === ARCHIVE ? [] : [bytes.byteLength]);
  });

  it('refuses what is no archive', async () => {
    for (const bytes of ['', 'weights', Buffer.alloc(10_240), Buffer.from('504b0304', 'hex')])
      expect(await messageOf(unpack(Buffer.from(bytes)))).toContain('is no tar archive');
  });

  it.each(['tar', 'gzip', 'zstd'] as const)('checks the digest of the archive inside of %s', async (kind) => {
    const pack = { tar: (b: Buffer) => b, gzip: gzipSync, zstd: zstdCompressSync };
    const digest = digestOf(ARCHIVE, 'sha512');
    const changed = tar({ path: 'a', data: 'Weights' });
    expect(await codeOf(unpack(pack[kind](changed), { digest }))).toBe('digest-mismatch');
  });

  it.each([
    ['gzip', gzipSync(BOMB)],
    ['zstd', zstdCompressSync(BOMB)],
  ])('stops a bomb of %s before it is large', async (_, bytes) => {
    expect(bytes.byteLength * 100).toBeLessThan(BOMB.byteLength);
    expect(await messageOf(unpack(bytes))).toBe('it becomes more than 100 times its size');
    const most = Math.max(RATIO_FROM_BYTES, bytes.byteLength * 100);
    expect((await stat(join(temporary, 'scratch'))).size).toBeLessThanOrEqual(most);
  });

  it('lets a small archive of zeros be', async () => {
    const zeros = tar({ path: 'zeros.npy', data: Buffer.alloc(900_000) });
    const content = await unpack(gzipSync(zeros));
    expect(content.size).toBe(zeros.byteLength);
  });

  it('stops when all archives together become too much', async () => {
    const budget = new UnpackBudget(1000);
    budget.takeBytes(MAX_SMALL_TOTAL_BYTES - 1000);
    const message = await messageOf(unpack(gzipSync(ARCHIVE), { budget }));
    expect(message).toBe(
      'what is in the archives is more than 10 times their size, and more than 1073741824 bytes',
    );
    expect(await codeOf(unpack(ARCHIVE, { budget }))).toBe('limit-exceeded');
    const large = new UnpackBudget(MAX_SMALL_TOTAL_BYTES);
    large.takeBytes(10 * MAX_SMALL_TOTAL_BYTES);
    expect(() => large.takeBytes(1)).toThrow('10 times');
  });

  it('counts entries', () => {
    const budget = new UnpackBudget(1);
    for (let i = 0; i < MAX_ENTRIES; i += 1) budget.takeEntry();
    expect(() => budget.takeEntry()).toThrow('more than 10000 files and folders');
  });

  it('says that compressed data is damaged or cut short', async () => {
    const gzip = gzipSync(ARCHIVE);
    const zstd = zstdCompressSync(ARCHIVE);
    const damage = (bytes: Buffer) => Buffer.from(bytes).fill(0xff, 4, 40);
    for (const broken of [damage(gzip), gzip.subarray(0, -5), gzip.subarray(0, 12), damage(zstd)]) {
      await rm(join(temporary, 'scratch'), { force: true });
      expect(await messageOf(unpack(broken))).toMatch(/^its (gzip|zstd) data is damaged or cut short$/);
    }
  });

  it('does not follow a file that waits at its scratch name', async () => {
    await writeFile(join(temporary, 'scratch'), 'precious');
    expect(await codeOf(unpack(gzipSync(ARCHIVE)))).toBe('file-unreadable');
    expect((await stat(join(temporary, 'scratch'))).size).toBe(8);
  });

  it('ends with the reason of whoever stops it', async () => {
    const reason = new Error('enough');
    const controller = new AbortController();
    const bytes = Buffer.alloc(2_000_000, 'abcdefgh12345678');
    for (let i = 0; i < bytes.byteLength; i += 7) bytes[i] = (i * 7919) % 251;
    const work = unpack(gzipSync(bytes), {
      signal: controller.signal,
      onBytes: () => controller.abort(reason),
    });
    await expect(work).rejects.toBe(reason);
    expect(await readdir(temporary)).toEqual(['file', 'scratch']);
  });
});

describe('archiveKindOf', () => {
  it('knows archives by their first bytes, not models that are called so', () => {
    expect(archiveKindOf(ARCHIVE)).toBe('tar');
    expect(archiveKindOf(gzipSync(ARCHIVE))).toBe('gzip');
    expect(archiveKindOf(zstdCompressSync(ARCHIVE))).toBe('zstd');
    for (const bytes of [Buffer.alloc(0), Buffer.alloc(512), Buffer.alloc(512, 7), Buffer.from('\x80\x04')])
      expect(archiveKindOf(bytes)).toBeUndefined();
  });
});
