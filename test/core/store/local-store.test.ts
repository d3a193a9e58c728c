import { chmod, mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OmlmdError } from '../../../src/core/errors.ts';
import { type CopyState, copyGraph } from '../../../src/core/oci/copy.ts';
import { isRepository } from '../../../src/core/oci/reference.ts';
import { LocalStore } from '../../../src/core/store/local-store.ts';
import { artifact, blob, collect, describeTarget, pushAll, textOf } from '../target.contract.ts';

describeTarget('a repository of the local store', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'omlmd-store-'));
  return {
    target: new LocalStore(join(folder, 'store')).repository('team/churn'),
    stop: () => rm(folder, { recursive: true, force: true }),
  };
});

let folder = '';
let store = new LocalStore('');
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'omlmd-store-'));
  store = new LocalStore(join(folder, 'store'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function push(name: string, text = name): Promise<void> {
  const made = artifact([blob(text)]);
  const repository = store.repository(name);
  await pushAll(repository, made);
  await repository.tag(made.root, 'v1');
}

async function linksOf(name: string, text: string): Promise<number> {
  return (await stat(store.repository(name).blobPath(blob(text).descriptor.digest))).nlink;
}

describe('the local store', () => {
  it('is empty before the first push, and looking makes nothing', async () => {
    expect(await collect(store.repositories())).toEqual([]);
    store.repository('a/b');
    expect(await readdir(folder)).toEqual([]);
  });

  it('lists its repositories by name, also those below others and those named like parts of a layout', async () => {
    const names = [
      'a',
      'a/b',
      'a/b/c',
      'a/blobs',
      'a/blobs/sha256',
      'a/index.json',
      'a/oci-layout',
      'blobs',
      'nul',
      'team/con.x',
    ];
    for (const name of names) await push(name);
    expect((await collect(store.repositories())).sort()).toEqual([...names].sort());
    for (const name of names) {
      const repository = store.repository(name);
      const root = await repository.resolve('v1');
      expect(await textOf(await repository.fetch(blob(name).descriptor))).toBe(name);
      expect(await repository.exists(root)).toBe(true);
    }
    expect(store.path('team/churn')).toBe(join(folder, 'store', 'team', 'churn'));
    expect(store.path('a/blobs')).toBe(join(folder, 'store', 'a', '_blobs'));
  });

  it('does not list what has nothing in it any more', async () => {
    await push('a');
    await push('b');
    const repository = store.repository('a');
    await repository.delete(await repository.resolve('v1'));
    expect(await collect(store.repositories())).toEqual(['b']);
  });

  it('gives every name a folder of its own, inside the store', () => {
    const part = fc.oneof(
      fc.constantFrom('blobs', 'index.json', 'oci-layout', 'ingest', 'con', 'nul.x', 'sha256', 'a'),
      fc.stringMatching(/^[a-z0-9]{1,4}(?:[._-][a-z0-9]{1,3})?$/),
    );
    const name = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
    fc.assert(
      fc.property(name, name, (a, b) => {
        expect(store.path(a).startsWith(join(store.root, '/'))).toBe(true);
        expect(store.path(a) === store.path(b)).toBe(a === b);
        expect(store.path(a)).not.toMatch(/[\\/](?:blobs|index\.json|oci-layout|ingest|con)(?:[\\/]|$)/);
      }),
    );
  });

  it('refuses what is no name', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('../x', '/x', 'a/../b', 'A', '', '_blobs', 'a//b'),
    );
    fc.assert(
      fc.property(text, (name) => {
        if (isRepository(name)) return;
        expect(() => store.path(name)).toThrow(OmlmdError);
        expect(() => store.repository(name)).toThrow(OmlmdError);
      }),
    );
  });

  it('keeps equal blobs of several repositories as one file', async () => {
    await push('a', 'weights');
    await push('b', 'weights');
    await push('b/c', 'weights');
    expect(await linksOf('a', 'weights')).toBe(3);
    const a = store.repository('a');
    await a.delete(await a.resolve('v1'));
    expect(await linksOf('b', 'weights')).toBe(2);
    expect(await textOf(await store.repository('b').fetch(blob('weights').descriptor))).toBe('weights');
  });

  it('takes blobs over from another repository without moving them', async () => {
    await push('a', 'weights');
    const states: CopyState[] = [];
    const root = await store.repository('a').resolve('v1');
    await copyGraph(store.repository('a'), root, store.repository('b'), {
      onCopied: (_, state) => states.push(state),
    });
    expect(states).toEqual(['mounted', 'mounted', 'uploaded']);
    expect(await linksOf('b', 'weights')).toBe(2);
  });

  it('does not spread a broken blob, and heals with good bytes', async () => {
    await push('a', 'weights');
    const broken = store.repository('a').blobPath(blob('weights').descriptor.digest);
    await chmod(broken, 0o644);
    await writeFile(broken, 'weightz');
    await push('b', 'weights');
    expect(await textOf(await store.repository('b').fetch(blob('weights').descriptor))).toBe('weights');
    expect(await linksOf('b', 'weights')).toBe(1);
    const { descriptor } = blob('weights');
    expect(await store.repository('c').mount(descriptor, store.repository('a'))).toBe(false);
    expect(await readdir(join(store.path('c'), 'blobs', 'sha256'))).toEqual([]);
  });

  it('does not walk through links', async () => {
    await push('a');
    await symlink(folder, join(store.root, 'loop'));
    await mkdir(join(store.root, '.hidden'));
    await mkdir(join(store.root, 'Upper'));
    await writeFile(join(store.root, 'file'), '');
    expect(await collect(store.repositories())).toEqual(['a']);
  });
});
