import { execFileSync } from 'node:child_process';
import {
  chmod,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OmlmdError } from '../../../src/core/errors.ts';
import { bytesContent, type Content, textContent } from '../../../src/core/oci/content.ts';
import { openFileContent } from '../../../src/core/oci/file-content.ts';
import type { Progress } from '../../../src/core/oci/progress.ts';
import {
  type FileToPlace,
  type PlaceFilesOptions,
  placeFiles,
} from '../../../src/core/store/output-folder.ts';
import { formatIdentity, ownIdentity } from '../../../src/core/store/process-identity.ts';
import { blob, codeOf } from '../target.contract.ts';
import { killChild } from './run-child.ts';

let folder = '';
let out = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'omlmd-output-'));
  out = join(folder, 'out');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function file(
  title: string,
  text = title,
  content: () => Content | Promise<Content> = () => textContent(text),
): FileToPlace {
  return { title, descriptor: blob(text).descriptor, open: async () => content() };
}

function place(files: readonly FileToPlace[], options: Partial<PlaceFilesOptions> = {}) {
  return placeFiles(out, files, { onExisting: 'refuse', ...options });
}

/** Everything below a folder, with what is in the files. */
async function tree(path = out): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
    const name = join(entry.parentPath, entry.name);
    if (entry.isSymbolicLink()) found[name.slice(path.length + 1)] = `-> ${await readlink(name)}`;
    else if (entry.isFile()) found[name.slice(path.length + 1)] = await readFile(name, 'utf8');
    else if ((await readdir(name)).length === 0) found[`${name.slice(path.length + 1)}/`] = '';
  }
  return found;
}

describe('placeFiles', () => {
  it('makes the folders and writes the files, and nothing else', async () => {
    const placed = await place([
      file('b/c/model.bin', 'weights'),
      file('README.md', 'read me'),
      file('empty', ''),
    ]);
    expect(await tree()).toEqual({ 'b/c/model.bin': 'weights', 'README.md': 'read me', empty: '' });
    expect(placed.map(({ title, path, state }) => ({ title, path, state }))).toEqual([
      { title: 'b/c/model.bin', path: join(out, 'b/c/model.bin'), state: 'downloaded' },
      { title: 'README.md', path: join(out, 'README.md'), state: 'downloaded' },
      { title: 'empty', path: join(out, 'empty'), state: 'downloaded' },
    ]);
    const mode = (await stat(join(out, 'README.md'))).mode & 0o777;
    expect(mode).toBe(0o666 & ~process.umask());
  });

  it('gives a file from the store permissions of its own', async () => {
    const source = join(folder, 'source');
    await writeFile(source, 'weights');
    await chmod(source, 0o444);
    await place([file('model.bin', 'weights', () => openFileContent(source))]);
    expect((await stat(join(out, 'model.bin'))).mode & 0o200).toBe(0o200);
    expect((await stat(source)).nlink).toBe(1);
  });

  it('makes no folder when there are no files', async () => {
    expect(await place([])).toEqual([]);
    expect(await readdir(folder)).toEqual([]);
  });

  it('reports downloads until they are whole', async () => {
    const progress: Progress[] = [];
    const bytes = new Uint8Array(3_000_000);
    const { descriptor } = blob(bytes);
    await place([{ title: 'm', descriptor, open: async () => bytesContent(bytes) }], {
      onProgress: (p) => progress.push(p),
    });
    expect(progress.every((p) => p.kind === 'download' && p.bytes <= (p.total ?? 0))).toBe(true);
    expect(progress.at(-1)).toMatchObject({ state: 'done', bytes: 3_000_000, name: 'm' });
    expect(progress.length).toBeGreaterThan(2);
  });

  it('checks all titles before anything is opened or made', async () => {
    let opened = 0;
    const open = () => {
      opened += 1;
      return textContent('x');
    };
    for (const title of ['../x', '/x', 'a\\b', '.git/config', 'nul', 'A', 'a/b'])
      expect(await codeOf(place([file('a', 'x', open), file(title, 'x', open)]))).toBe('title-refused');
    expect(opened).toBe(0);
    expect(await readdir(folder)).toEqual([]);
    await place([file('.npmrc', 'x')], { allowHidden: ['.npmrc'] });
    expect(await tree()).toEqual({ '.npmrc': 'x' });
  });
});

describe('files that are there', () => {
  beforeEach(async () => {
    await mkdir(join(out, 'd'), { recursive: true });
    await writeFile(join(out, 'same'), 'same');
    await writeFile(join(out, 'other'), 'mine!');
    await writeFile(join(out, 'd', 'longer'), 'mine, and longer');
  });
  const files = [file('same'), file('other', 'theirs'), file('d/longer', 'theirs too'), file('new')];

  it('are left when they are equal', async () => {
    const opened = file('same', 'same', () => Promise.reject(new Error('not needed')));
    expect((await place([opened])).map((f) => f.state)).toEqual(['exists']);
  });

  it('are named in a conflict before anything is written', async () => {
    const before = await tree();
    const error = await place(files).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'conflict' });
    expect((error as Error).message).toContain('"other", "d/longer"');
    expect((error as Error).message).not.toContain('"same"');
    expect(await tree()).toEqual(before);
  });

  it('are replaced when that was asked for', async () => {
    const placed = await place(files, { onExisting: 'overwrite' });
    expect(placed.map((f) => f.state)).toEqual(['exists', 'downloaded', 'downloaded', 'downloaded']);
    expect(await tree()).toEqual({ same: 'same', other: 'theirs', 'd/longer': 'theirs too', new: 'new' });
  });

  it('are kept when that was asked for', async () => {
    const placed = await place(files, { onExisting: 'keep' });
    expect(placed.map((f) => f.state)).toEqual(['exists', 'kept', 'kept', 'downloaded']);
    expect(await tree()).toEqual({
      same: 'same',
      other: 'mine!',
      'd/longer': 'mine, and longer',
      new: 'new',
    });
  });

  it('are not touched through a second name when they are replaced', async () => {
    await link(join(out, 'other'), join(folder, 'second'));
    await place(files, { onExisting: 'overwrite' });
    expect(await readFile(join(folder, 'second'), 'utf8')).toBe('mine!');
  });

  it('stay as they were when a replacement fails', async () => {
    const before = await tree();
    const bad = file('new', 'new', () => textContent('bad'));
    expect(await codeOf(place([...files.slice(0, 3), bad], { onExisting: 'overwrite' }))).toBe(
      'digest-mismatch',
    );
    expect(await tree()).toEqual(before);
  });

  it('block as folders and pipes do, whatever was asked for', async () => {
    for (const onExisting of ['refuse', 'overwrite', 'keep'] as const) {
      expect(await codeOf(place([file('d')], { onExisting }))).toBe('conflict');
      expect(await codeOf(place([file('same/x')], { onExisting }))).toBe('conflict');
    }
    execFileSync('mkfifo', [join(out, 'pipe')]);
    expect(await codeOf(place([file('pipe')]))).toBe('conflict');
  });
});

describe('links in the folder', () => {
  let outside = '';
  beforeEach(async () => {
    outside = join(folder, 'outside');
    await mkdir(outside);
    await mkdir(out);
    await writeFile(join(outside, 'secret'), 'secret');
  });

  it('are never followed on the way to a file', async () => {
    await symlink(outside, join(out, 'd'));
    for (const onExisting of ['refuse', 'overwrite', 'keep'] as const)
      expect(await codeOf(place([file('d/x'), file('ok')], { onExisting }))).toBe('conflict');
    expect(await tree(outside)).toEqual({ secret: 'secret' });
    expect(await readdir(out)).toEqual(['d']);
  });

  it('are replaced, not written through, where a file is to be', async () => {
    await symlink(join(outside, 'secret'), join(out, 'x'));
    await symlink(join(outside, 'made'), join(out, 'y'));
    expect(await codeOf(place([file('x'), file('y')]))).toBe('conflict');
    await place([file('x'), file('y')], { onExisting: 'overwrite' });
    expect(await tree()).toEqual({ x: 'x', y: 'y' });
    expect(await tree(outside)).toEqual({ secret: 'secret' });
  });

  it('may be the folder itself, which the person named', async () => {
    await symlink(outside, join(folder, 'named'));
    await placeFiles(join(folder, 'named'), [file('d/x')], { onExisting: 'refuse' });
    expect(await tree(outside)).toEqual({ secret: 'secret', 'd/x': 'd/x' });
  });

  it('that take the place of a parent during the download are found', async () => {
    await mkdir(join(out, 'd'));
    const swap = async () => {
      await rm(join(out, 'd'), { recursive: true });
      await symlink(outside, join(out, 'd'));
      return textContent('x');
    };
    expect(await codeOf(place([file('first'), file('d/secret', 'x', swap)]))).toBe('conflict');
    expect(await tree(outside)).toEqual({ secret: 'secret' });
    expect(await readdir(out)).toEqual(['d']);
  });

  it('and files that appear under a name during the download are not replaced', async () => {
    const appear = async () => {
      await writeFile(join(out, 'x'), 'just saved');
      return textContent('x');
    };
    expect(await codeOf(place([file('x', 'x', appear)]))).toBe('conflict');
    expect(await tree()).toEqual({ x: 'just saved' });
  });
});

describe('when a download fails', () => {
  it('asks once more for what was corrupt', async () => {
    const answers = ['bad!!!!', 'weights'];
    await place([file('m', 'weights', () => textContent(answers.shift() ?? ''))]);
    expect(await tree()).toEqual({ m: 'weights' });
    expect(answers).toEqual([]);
  });

  it.each([
    ['corrupt', 'weightz', 'digest-mismatch'],
    ['too short', 'weigh', 'size-mismatch'],
    ['too long', 'weights and more', 'size-mismatch'],
  ])('leaves nothing at all when the content is %s twice', async (_, text, code) => {
    let asked = 0;
    const lie = () => {
      asked += 1;
      return textContent(text);
    };
    const error = await place([file('a/good'), file('b/m', 'weights', lie)]).catch((e: unknown) => e);
    expect(error).toMatchObject({ code });
    expect((error as Error).message).toContain('"b/m"');
    expect(asked).toBe(2);
    expect(await readdir(folder)).toEqual([]);
  });

  it('leaves the folder as it was', async () => {
    await mkdir(join(out, 'a'), { recursive: true });
    await writeFile(join(out, 'a', 'mine'), 'mine');
    const fail = () => Promise.reject(new OmlmdError('unreachable', 'no network'));
    expect(await codeOf(place([file('a/b/c'), file('m', 'm', fail)]))).toBe('unreachable');
    expect(await tree()).toEqual({ 'a/mine': 'mine' });
  });

  it('stops the other downloads, and says what failed first', async () => {
    let closed = 0;
    const slow = (): Content => ({
      size: 4,
      slice: () => textContent(''),
      async *stream(options) {
        try {
          for (;;) {
            options?.signal?.throwIfAborted();
            yield new Uint8Array(0);
            await sleep(5);
          }
        } finally {
          closed += 1;
        }
      },
    });
    const fail = async () => {
      await sleep(20);
      throw new OmlmdError('unreachable', 'no network');
    };
    expect(
      await codeOf(place([file('1', 'slow', slow), file('2', 'sloW', slow), file('3', '3', fail)])),
    ).toBe('unreachable');
    expect(closed).toBe(2);
    expect(await readdir(folder)).toEqual([]);
  });

  it('rejects with the reason of the signal', async () => {
    const reason = new Error('enough');
    const controller = new AbortController();
    const abort = () => {
      controller.abort(reason);
      return textContent('m');
    };
    await expect(place([file('m', 'm', abort)], { signal: controller.signal })).rejects.toBe(reason);
    await expect(place([file('m')], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(await readdir(folder)).toEqual([]);
  });

  it('refuses what the disk cannot hold before it opens anything', async () => {
    const { descriptor } = blob('x');
    const open = () => Promise.reject(new Error('not needed'));
    expect(await codeOf(place([{ title: 'm', descriptor: { ...descriptor, size: 2 ** 52 }, open }]))).toBe(
      'disk-full',
    );
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('hidden folders of pulls that were killed', () => {
  it('are all that is left, and go with the next success', { timeout: 30_000 }, async () => {
    const writing = async () =>
      (await readdir(out).catch(() => [])).some((name) => name.startsWith('.omlmd-'));
    await killChild('pull', out, writing);
    const left = await readdir(out);
    expect(left).toHaveLength(1);
    expect(left[0]).toMatch(/^\.omlmd-/);
    await place([file('m')]);
    expect(await tree()).toEqual({ m: 'm' });
  });

  it('stay while their process runs, or for a day where it cannot be looked up', async () => {
    const fresh = Date.now() / 1000;
    const old = fresh - 25 * 3600;
    const make = async (name: string, time: number) => {
      await mkdir(join(out, name), { recursive: true });
      await utimes(join(out, name), time, time);
    };
    const own = formatIdentity(await ownIdentity());
    const gone = formatIdentity({ ...(await ownIdentity()), pid: 2 ** 30 });
    await make(`.omlmd-${own}-Runs`, old);
    await make(`.omlmd-${gone}-Gone`, fresh);
    await make('.omlmd-000000000000-1-1-Fresh', fresh);
    await make('.omlmd-000000000000-1-1-Old', old);
    await make('.omlmd-nobody-fresh', fresh);
    await make('.omlmd-nobody-old', old);
    await make('.other', old);
    await mkdir(join(folder, 'outside'));
    await symlink(join(folder, 'outside'), join(out, '.omlmd-link'));
    await place([file('m')]);
    expect((await readdir(out)).sort()).toEqual(
      [
        '.omlmd-000000000000-1-1-Fresh',
        '.omlmd-link',
        '.omlmd-nobody-fresh',
        `.omlmd-${own}-Runs`,
        '.other',
        'm',
      ].sort(),
    );
    expect(await readdir(folder)).toContain('outside');
  });
});

describe('two pulls of one artifact into one folder', () => {
  it('both succeed: the slower finds equal bytes under the name', async () => {
    const slow = file('a', 'bytes', async () => {
      await place([file('a', 'bytes')]); // the other pull, from beginning to end
      return textContent('bytes');
    });
    await expect(place([slow])).resolves.toMatchObject([{ title: 'a' }]);
    expect(await tree()).toEqual({ a: 'bytes' });
  });

  it('the slower fails when the name was taken by other bytes, which stay', async () => {
    const slow = file('a', 'bytes', async () => {
      await place([file('a', 'others')]);
      return textContent('bytes');
    });
    expect(await codeOf(place([slow]))).toBe('conflict');
    expect(await tree()).toEqual({ a: 'others' });
  });
});
