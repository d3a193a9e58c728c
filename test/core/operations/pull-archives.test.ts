import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../../src/core/log.ts';
import { bytesContent } from '../../../src/core/oci/content.ts';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { Annotation, MediaType } from '../../../src/core/oci/media-types.ts';
import type { Progress } from '../../../src/core/oci/progress.ts';
import { type Context, createContext, openTarget } from '../../../src/core/operations/context.ts';
import { parseLocation } from '../../../src/core/operations/location.ts';
import { type PullOptions, pull } from '../../../src/core/operations/pull.ts';
import { breakDownload, corrupt, on } from '../../support/registry/registry-faults.ts';
import { startTestRegistry, type TestRegistry } from '../../support/registry/test-registry.ts';
import { type BuiltEntry, folder, pax, tar } from '../store/tar-builder.ts';

const MIB = 1024 * 1024;
let base: string;
let out: string;
let context: Context;
let registry: TestRegistry;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'omlmd-archives-'));
  out = join(base, 'out');
  registry = await startTestRegistry();
  context = createContext({
    home: join(base, 'home'),
    credentials: { get: async () => undefined },
    log: silentLog,
    registryOptions: () => ({ retries: 0 }),
  });
});
afterEach(async () => {
  await registry.stop();
  await rm(base, { recursive: true, force: true });
});

interface Layer {
  readonly title: string;
  readonly bytes: Uint8Array;
  readonly mediaType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

const asks = { 'io.deis.oras.content.unpack': 'true' };

/** A layer as oras makes one of a folder. */
function orasFolder(title: string, ...entries: readonly BuiltEntry[]): Layer {
  const bytes = tar(...entries);
  const annotations = { ...asks, 'io.deis.oras.content.digest': digestOf(bytes) };
  return { title, bytes: gzipSync(bytes), mediaType: MediaType.layerTarGzip, annotations };
}

async function push(...layers: readonly Layer[]) {
  const target = openTarget(context, parseLocation(`${registry.host}/m`));
  const add = async (bytes: Uint8Array, mediaType: string) => {
    const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.byteLength };
    await target.push(descriptor, bytesContent(bytes));
    return descriptor;
  };
  const config = await add(Buffer.from('{}'), MediaType.empty);
  const described: object[] = [];
  for (const { title, bytes, mediaType, annotations } of layers) {
    const descriptor = await add(bytes, mediaType ?? MediaType.layerTar);
    described.push({ ...descriptor, annotations: { [Annotation.title]: title, ...annotations } });
  }
  const manifest = { schemaVersion: 2, mediaType: MediaType.manifest, config, layers: described };
  const root = await add(Buffer.from(JSON.stringify(manifest)), MediaType.manifest);
  await target.tag(root, 'v1');
}

async function pullHere(options: PullOptions = {}) {
  const { files } = await pull(context, parseLocation(`${registry.host}/m:v1`), out, options);
  return files.map(({ path, title, state }) => ({ path: path.replace(out, 'out'), title, state }));
}

/** Everything in the output folder; undefined where there is none. */
async function tree(path = out): Promise<Record<string, string> | undefined> {
  const found: Record<string, string> = {};
  const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return undefined;
  for (const entry of entries) {
    const full = join(entry.parentPath, entry.name);
    const name = full.slice(path.length + 1);
    if (entry.isSymbolicLink()) found[name] = `-> ${await readlink(full)}`;
    else if (entry.isFile()) found[name] = await readFile(full, 'utf8');
    else if ((await readdir(full)).length === 0) found[`${name}/`] = '';
  }
  return found;
}

const failure = (options?: PullOptions) =>
  pullHere(options).then(
    () => ({ code: 'pulled', message: '' }),
    ({ code, message }) => ({ code, message }),
  );

const MODEL = orasFolder(
  'm',
  folder('m'),
  folder('m/none'),
  { path: 'm/a', data: 'weights' },
  { path: 'm/deep/run.sh', data: '#!/bin/sh\n', mode: 0o6755 },
);
const MODEL_TREE = { 'm/none/': '', 'm/a': 'weights', 'm/deep/run.sh': '#!/bin/sh\n' };

describe('pull of a folder that oras pushed', () => {
  it('unpacks it, one row a layer, in manifest order', async () => {
    await push(MODEL, { title: 'README.md', bytes: Buffer.from('read me') });
    expect(await pullHere()).toEqual([
      { path: 'out/m', title: 'm', state: 'unpacked' },
      { path: 'out/README.md', title: 'README.md', state: 'downloaded' },
    ]);
    expect(await tree()).toEqual({ ...MODEL_TREE, 'README.md': 'read me' });
  });

  it('keeps the owner’s right to execute, and no other permission', async () => {
    await push(MODEL);
    await pullHere();
    const mode = async (name: string) => (await stat(join(out, name))).mode & 0o7777;
    expect(await mode('m/a')).toBe(0o666 & ~process.umask());
    expect(await mode('m/deep/run.sh')).toBe(0o777 & ~process.umask());
  });

  it('unpacks a folder that was pushed from within, by the name "."', async () => {
    await push(orasFolder('.', folder('.'), { path: 'a', data: 'x' }, folder('none')));
    expect(await pullHere()).toEqual([{ path: 'out', title: '.', state: 'unpacked' }]);
    expect(await tree()).toEqual({ a: 'x', 'none/': '' });
  });

  it('unpacks several into one folder', async () => {
    await push(
      orasFolder('m', folder('m'), { path: 'm/a', data: 'a' }),
      orasFolder('m/b', folder('m/b'), { path: 'm/b/c', data: 'c' }),
      { title: 'm/d', bytes: Buffer.from('d') },
    );
    await pullHere();
    expect(await tree()).toEqual({ 'm/a': 'a', 'm/b/c': 'c', 'm/d': 'd' });
  });

  it('pulls again, over what is there', async () => {
    await push(MODEL);
    await pullHere();
    const before = await stat(join(out, 'm/a'));
    await pullHere();
    expect((await stat(join(out, 'm/a'))).ino).toBe(before.ino);
    expect(await tree()).toEqual(MODEL_TREE);
  });

  it('refuses, keeps or replaces files in the way, as of any artifact', async () => {
    await push(MODEL);
    await mkdir(join(out, 'm'), { recursive: true });
    await writeFile(join(out, 'm/a'), 'mine');
    expect(await failure()).toMatchObject({ code: 'conflict', message: expect.stringContaining('"m/a"') });
    expect(await tree()).toEqual({ 'm/a': 'mine' });
    await pullHere({ onExisting: 'keep' });
    expect(await tree()).toEqual({ ...MODEL_TREE, 'm/a': 'mine' });
    await pullHere({ onExisting: 'overwrite' });
    expect(await tree()).toEqual(MODEL_TREE);
  });

  it('does not go through links that wait in the folder', async () => {
    await push(orasFolder('m', folder('m'), folder('m/none'), { path: 'm/deep/a', data: 'x' }));
    await mkdir(join(base, 'elsewhere'));
    for (const name of ['m', 'm/deep', 'm/none']) {
      await mkdir(join(out, name, '..'), { recursive: true });
      await symlink(join(base, 'elsewhere'), join(out, name));
      expect(await failure({ onExisting: 'overwrite' })).toMatchObject({ code: 'conflict' });
      expect(await tree()).toEqual({ [name]: `-> ${join(base, 'elsewhere')}` });
      await rm(out, { recursive: true });
    }
    expect(await readdir(join(base, 'elsewhere'))).toEqual([]);
  });

  it('shows what is dangerous in it before it is there', async () => {
    const pickle = Buffer.from("cos\nsystem\n(S'true'\ntR.");
    await push(orasFolder('m', folder('m'), { path: 'm/model.pkl', data: pickle }));
    const found: string[] = [];
    const there: boolean[] = [];
    const path = join(out, 'm', 'model.pkl');
    await pullHere({
      onFinding: ({ file, severity }) => {
        found.push(`${severity} ${file}`);
        there.push(existsSync(path));
      },
    });
    expect(found).toContain('critical m/model.pkl');
    expect([...there, existsSync(path)]).toEqual([...there.map(() => false), true]);
  });

  it('reports the download, then its being unpacked, each as one piece', async () => {
    const many = Array.from({ length: 50 }, (_, i) => ({ path: `m/${i}`, data: `data ${i}` }));
    await push(orasFolder('m', ...many));
    const progress: Progress[] = [];
    await pullHere({ onProgress: (p) => progress.push(p) });
    expect(new Set(progress.map(({ id, name }) => `${id} ${name}`)).size).toBe(1);
    for (const kind of ['download', 'read', 'hash', 'copy']) {
      const last = progress.findLast((p) => p.kind === kind);
      expect(last).toMatchObject({ state: 'done', bytes: last?.total });
    }
  });
});

describe('what is not unpacked, and what is when asked', () => {
  const plain = { ...MODEL, annotations: {} };

  it('keeps every archive with --no-unpack', async () => {
    await push(MODEL);
    expect(await pullHere({ unpack: 'none' })).toEqual([{ path: 'out/m', title: 'm', state: 'downloaded' }]);
    expect(await readFile(join(out, 'm'))).toEqual(MODEL.bytes);
  });

  it('keeps an archive whose layer does not ask', async () => {
    await push(plain, { ...plain, title: 'n', annotations: { 'io.deis.oras.content.unpack': 'True' } });
    expect((await pullHere()).map(({ state }) => state)).toEqual(['downloaded', 'downloaded']);
  });

  it('with --unpack, unpacks tar layers where they would lie, whatever compresses them', async () => {
    const bytes = tar({ path: './a', data: 'a' }, { path: 'b/c', data: 'c' });
    await push(
      { title: 'tar/x.tar', bytes },
      {
        title: 'gz/x',
        bytes: gzipSync(bytes),
        mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
      },
      { title: 'zst/x', bytes: zstdCompressSync(bytes), mediaType: 'application/vnd.x.weight.v1.tar+zstd' },
      { title: 'other.tgz', bytes: gzipSync(bytes), mediaType: 'application/octet-stream' },
    );
    expect(await pullHere({ unpack: 'all' })).toEqual([
      { path: 'out/tar', title: 'tar/x.tar', state: 'unpacked' },
      { path: 'out/gz', title: 'gz/x', state: 'unpacked' },
      { path: 'out/zst', title: 'zst/x', state: 'unpacked' },
      { path: 'out/other.tgz', title: 'other.tgz', state: 'downloaded' },
    ]);
    const names = ['tar', 'gz', 'zst'].flatMap((name) => [`${name}/a`, `${name}/b/c`]);
    expect(Object.keys((await tree()) ?? {}).sort()).toEqual([...names, 'other.tgz'].sort());
  });

  it('with --unpack, keeps files that oras only calls tar', async () => {
    await push({ title: 'zeros.bin', bytes: Buffer.alloc(4096) }, { title: 'empty', bytes: Buffer.alloc(0) });
    expect((await pullHere({ unpack: 'all' })).map(({ state }) => state)).toEqual([
      'downloaded',
      'downloaded',
    ]);
  });
});

describe('a hostile archive', () => {
  const refusedAs = async (...layers: readonly Layer[]) => {
    await push(...layers);
    const { code, message } = await failure();
    // Refused whole: the harmless file beside it is not there either, nor is the folder or anything hidden in it.
    expect(await tree()).toBeUndefined();
    return `${code}: ${message}`;
  };
  const beside: Layer = { title: 'beside', bytes: Buffer.from('x') };
  const harmless: BuiltEntry = { path: 'm/a', data: 'x' };

  it.each<[string, BuiltEntry[], string]>([
    [
      'leaves by its name',
      [{ path: '../x' }],
      'title-refused: unpack "m": entry "../x" is not in its folder "m"',
    ],
    [
      'leaves through dots',
      [{ path: 'm/../../x' }],
      'title-refused: title "m/../../x": it has the part ".."',
    ],
    ['is absolute', [{ path: '/etc/x' }], 'title-refused: unpack "m": entry "/etc/x" is not in its folder'],
    ['is for another folder', [{ path: 'other/x' }], 'entry "other/x" is not in its folder "m"'],
    ['is for a folder of like name', [{ path: 'mm/x' }], 'entry "mm/x" is not in its folder "m"'],
    ['leaves by a pax path', [pax({ path: 'm/../../x' }), { path: 'm/x' }], 'it has the part ".."'],
    ['leaves by a GNU path', [{ path: 'L', type: 'L', data: 'm/../../x\0' }, { path: 'm/x' }], '".."'],
    ['makes a folder outside', [folder('m/../../x')], 'it has the part ".."'],
    ['is the folder as a file', [{ path: 'm', data: 'x' }], 'title "m/a": it needs "m", which is a file'],
    ['acts when the folder is opened', [{ path: 'm/.git/config' }], '".git" can act by itself'],
    ['acts as a folder', [folder('m/.vscode')], '".vscode" can act by itself'],
    ['has a backslash', [{ path: 'm/..\\x' }], 'it has a backslash'],
    ['hides text', [{ path: 'm/\u202ex' }], 'control or invisible'],
    [
      'is a link',
      [{ path: 'm/l', type: '2', link: '/etc' }],
      'unsupported: unpack "m": entry "m/l" is a symbolic link',
    ],
    ['is a hard link', [{ path: 'm/l', type: '1', link: 'm/a' }], 'entry "m/l" is a hard link'],
    ['is a device', [{ path: 'm/l', type: '3' }], 'entry "m/l" is a device'],
    ['is a pipe', [{ path: 'm/l', type: '6' }], 'entry "m/l" is a named pipe'],
    ['stands twice', [harmless], 'title "m/a": it stands twice'],
    ['has a twin in case', [{ path: 'm/A' }], 'title "m/A": it names the same file as "m/a"'],
    ['has a twin in Unicode', [{ path: 'm/\u00e9' }, { path: 'm/e\u0301' }], 'it names the same file as'],
    ['is a file and a folder', [{ path: 'm/a/b' }], 'it needs "m/a", which is a file'],
    ['is an empty folder and a file', [folder('m/A')], 'it names the same file as "m/a"'],
    ['is in the way of another layer', [{ path: 'm/a/../../beside' }], 'it has the part ".."'],
    ['has no name', [{ path: '' }], 'title-refused'],
  ])('is refused when an entry %s', async (_, entries, message) => {
    expect(await refusedAs(beside, orasFolder('m', folder('m'), harmless, ...entries))).toContain(message);
  });

  it('is refused together with other layers', async () => {
    const here = orasFolder('.', { path: 'beside', data: 'y' });
    expect(await refusedAs(beside, here)).toContain('title "beside": it stands twice');
    const twins = [orasFolder('m', harmless), orasFolder('M', { path: 'M/A', data: 'y' })];
    expect(await refusedAs(...twins)).toContain('it names the same file as');
  });

  it.each(['../m', '/m', '.git', 'a/../..', 'm/', ''])('is refused for its title %j', async (title) => {
    expect(await refusedAs(orasFolder(title, { path: 'x' }))).toContain('title-refused: title');
    expect(registry.count('GET', '/blobs/')).toBe(0);
  });

  it('is refused when it is a bomb, has too many entries, is cut or lies about its digest', async () => {
    const bomb = orasFolder('m', { path: 'm/a', data: Buffer.alloc(20 * 1024 * 1024) });
    expect(await refusedAs(bomb)).toBe('limit-exceeded: unpack "m": it becomes more than 100 times its size');
    const bytes = Buffer.concat(
      Array.from({ length: 10_001 }, (_, i) => tar({ path: `m/${i}` }).subarray(0, 512)),
    );
    const many = { ...MODEL, annotations: asks, bytes: gzipSync(Buffer.concat([bytes, Buffer.alloc(1024)])) };
    expect(await refusedAs(many)).toContain('it has more than 10000 files and folders');
    const cut = { ...MODEL, annotations: asks, bytes: gzipSync(tar(harmless).subarray(0, 900)) };
    expect(await refusedAs(cut)).toBe('unsupported: unpack "m": the tar archive ends before its end mark');
    const cutZstd = zstdCompressSync(tar(harmless)).subarray(0, -6);
    expect(await refusedAs({ ...cut, bytes: cutZstd })).toContain('unsupported: unpack "m"');
    expect(await refusedAs({ ...cut, bytes: Buffer.from('no archive') })).toContain('is no tar archive');
    const lie = {
      ...MODEL,
      annotations: { ...asks, 'io.deis.oras.content.digest': digestOf(Buffer.from('x')) },
    };
    expect(await refusedAs(lie)).toContain('digest-mismatch: unpack "m": expected the tar archive');
    const noDigest = { ...MODEL, annotations: { ...asks, 'io.deis.oras.content.digest': 'md5:x' } };
    expect(await refusedAs(noDigest)).toContain('manifest-invalid: unpack "m"');
  });

  it('counts entries and bytes of all archives of a pull together', async () => {
    const half = (title: string) => {
      const headers = Array.from({ length: 5001 }, (_, i) => tar({ path: `${title}/${i}` }).subarray(0, 512));
      return {
        ...MODEL,
        title,
        annotations: asks,
        bytes: gzipSync(Buffer.concat([...headers, Buffer.alloc(1024)])),
      };
    };
    expect(await refusedAs(half('a'), half('b'))).toContain('unpack "b": it has more than 10000');
  });

  it('lets a hidden name through that the person named', async () => {
    await push(orasFolder('m', { path: 'm/.env', data: 'x' }));
    await pullHere({ allowHidden: ['.env'] });
    expect(await tree()).toEqual({ 'm/.env': 'x' });
  });
});

describe('a pull that fails', () => {
  it('survives an archive that comes corrupt once, and leaves nothing of one that always does', async () => {
    await push(MODEL);
    const archive = on('GET', `/blobs/${digestOf(MODEL.bytes)}`);
    registry.faults.add(archive, corrupt(20), 1);
    await pullHere();
    expect(await tree()).toEqual(MODEL_TREE);
    await rm(out, { recursive: true });
    registry.faults.add(archive, corrupt(20));
    expect(await failure()).toMatchObject({ code: 'digest-mismatch' });
    expect(await tree()).toBeUndefined();
  });

  it('leaves nothing when it is stopped at any step', async () => {
    await push(MODEL, { title: 'b', bytes: Buffer.from('b') });
    const steps = new Set<string>();
    await pullHere({ onProgress: (p) => steps.add(p.kind) });
    await rm(out, { recursive: true });
    for (const step of steps) {
      const controller = new AbortController();
      const reason = new Error(step);
      const onProgress = ({ kind }: Progress) => kind === step && controller.abort(reason);
      await expect(pullHere({ onProgress, signal: controller.signal })).rejects.toBe(reason);
      expect(await tree()).toBeUndefined();
    }
    expect([...steps]).toEqual(['download', 'read', 'hash', 'copy']);
  });

  describe('because of the way', () => {
    const large = orasFolder('m', { path: 'm/weights', data: randomBytes(4 * MIB) });
    const archive = on('GET', `/blobs/${digestOf(large.bytes)}`);
    const ranges = () =>
      registry.requests
        .splice(0)
        .filter(({ method, path }) => method === 'GET' && path.endsWith(digestOf(large.bytes)))
        .map(({ headers }) => headers.range);

    it('leaves what came of an archive, and the next asks for the rest', async () => {
      await push(large);
      registry.faults.add(archive, breakDownload(3 * MIB), 1);
      expect(await failure()).toMatchObject({ code: 'unreachable' });
      expect(await readdir(out)).toEqual([expect.stringMatching(/^\.omlmd-unfinished-/)]);
      ranges();
      await pullHere();
      const [asked = '', ...more] = ranges();
      expect(Number(/^bytes=([0-9]+)-/.exec(asked)?.[1])).toBeGreaterThan(2 * MIB);
      expect(more).toEqual([]);
      expect(await readdir(out)).toEqual(['m']);
    });

    it('leaves an archive that is whole, when another file was not', async () => {
      const other = randomBytes(2 * MIB);
      await push(large, { title: 'other', bytes: other });
      registry.faults.add(on('GET', `/blobs/${digestOf(other)}`), breakDownload(MIB), 1);
      expect(await failure()).toMatchObject({ code: 'unreachable' });
      ranges();
      await pullHere();
      expect(ranges()).toEqual([]);
      expect((await readdir(out)).sort()).toEqual(['m', 'other']);
    });

    it.each(['read', 'hash'])(
      'or a person who stops it at the step "%s" leaves the archive',
      async (step) => {
        await push(large);
        const controller = new AbortController();
        const onProgress = ({ kind }: Progress) => kind === step && controller.abort(new Error(step));
        await expect(pullHere({ onProgress, signal: controller.signal })).rejects.toThrow(step);
        const [left = '', ...more] = await readdir(out);
        expect(more).toEqual([]);
        // Nothing of what was unpacked.
        const name = digestOf(large.bytes).replace(':', '-');
        expect((await readdir(join(out, left))).sort()).toEqual([name, `${name}.ranges`]);
        ranges();
        await pullHere();
        expect(ranges()).toEqual([]);
        expect(await readdir(out)).toEqual(['m']);
      },
    );
  });

  it('leaves the folders that were there', async () => {
    await push(MODEL);
    await mkdir(join(out, 'm/deep'), { recursive: true });
    await chmod(join(out, 'm/deep'), 0o555);
    await writeFile(join(out, 'm/a'), 'mine');
    expect(await failure()).toMatchObject({ code: 'conflict' });
    expect(await tree()).toEqual({ 'm/deep/': '', 'm/a': 'mine' });
  });
});
