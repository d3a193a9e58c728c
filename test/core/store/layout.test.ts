import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmod,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { bytesContent, readAll } from '../../../src/core/oci/content.ts';
import { copyGraph } from '../../../src/core/oci/copy.ts';
import { digestOf, hexOf } from '../../../src/core/oci/digest.ts';
import { isFileContent, openFileContent } from '../../../src/core/oci/file-content.ts';
import { MediaType } from '../../../src/core/oci/media-types.ts';
import { LayoutTarget } from '../../../src/core/store/layout.ts';
import {
  artifact,
  blob,
  codeOf,
  collect,
  describeTarget,
  index,
  pushAll,
  textOf,
} from '../target.contract.ts';
import { killChild, runChild, runOnSmallDisk, triesSmallDisk } from './run-child.ts';

describeTarget('an image layout', async () => {
  const made = await mkdtemp(join(tmpdir(), 'omlmd-layout-'));
  return {
    target: new LayoutTarget(join(made, 'layout')),
    stop: () => rm(made, { recursive: true, force: true }),
  };
});

let folder = '';
let path = '';
let layout = new LayoutTarget('');
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'omlmd-layout-'));
  path = join(folder, 'layout');
  layout = new LayoutTarget(path);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function entries(): Promise<Record<string, unknown>[]> {
  return JSON.parse(await readFile(join(path, 'index.json'), 'utf8')).manifests;
}

async function blobs(): Promise<string[]> {
  return readdir(join(path, 'blobs', 'sha256'));
}

describe('an image layout on disk', () => {
  it('is what the specification says', async () => {
    const made = artifact([blob('weights')]);
    await pushAll(layout, made);
    await layout.tag(made.root, 'v1');
    expect(JSON.parse(await readFile(join(path, 'oci-layout'), 'utf8'))).toEqual({
      imageLayoutVersion: '1.0.0',
    });
    expect(JSON.parse(await readFile(join(path, 'index.json'), 'utf8'))).toEqual({
      schemaVersion: 2,
      mediaType: MediaType.index,
      manifests: [{ ...made.root, annotations: { 'org.opencontainers.image.ref.name': 'v1' } }],
    });
    expect((await blobs()).sort()).toEqual(made.pieces.map((p) => hexOf(p.descriptor.digest)).sort());
    expect((await readdir(path)).sort()).toEqual(['blobs', 'index.json', 'oci-layout']);
    expect((await stat(layout.blobPath(made.root.digest))).mode & 0o777).toBe(0o444);
  });

  it('lists a manifest by its digest as long as it has no name', async () => {
    const first = artifact([blob('first')]);
    const second = artifact([blob('second')]);
    await pushAll(layout, first);
    expect(await entries()).toEqual([first.root]);
    await layout.tag(first.root, 'a');
    await layout.tag(first.root, 'b');
    expect(await entries()).toHaveLength(2);
    await pushAll(layout, second);
    await layout.tag(second.root, 'a');
    await layout.tag(second.root, 'b');
    expect((await entries()).filter((e) => e.digest === first.root.digest)).toEqual([first.root]);
    expect(await entries()).toHaveLength(3);
  });

  it('makes nothing when there is nothing to change', async () => {
    expect(await codeOf(layout.resolve('v1'))).toBe('not-found');
    expect(await codeOf(layout.tag(blob('x').descriptor, 'v1'))).toBe('not-found');
    expect(await codeOf(layout.untag('v1'))).toBe('not-found');
    expect(await codeOf(layout.delete(blob('x').descriptor))).toBe('not-found');
    expect(await codeOf(collect(layout.tags()))).toBe('not-found');
    expect(await collect(layout.referrers(blob('x').descriptor))).toEqual([]);
    expect(await codeOf(layout.tag(blob('x').descriptor, '../x'))).toBe('reference-invalid');
    expect(await readdir(folder)).toEqual([]);
  });

  it('keeps what other programs wrote into the index', async () => {
    const foreign = {
      mediaType: 'application/x-other',
      digest: `sha256:${'1'.repeat(64)}`,
      size: 1,
      more: [1],
    };
    const platform = { os: 'linux', architecture: 'arm64' };
    const made = artifact([blob('weights')]);
    await pushAll(layout, made);
    const theirs = {
      schemaVersion: 2,
      annotations: { k: 'v' },
      manifests: [
        foreign,
        {
          ...made.root,
          platform,
          annotations: { a: 'b', 'org.opencontainers.image.ref.name': 'docker.io/x:1' },
        },
      ],
    };
    await writeFile(join(path, 'index.json'), JSON.stringify(theirs));
    await layout.tag(made.root, 'v1');
    expect(await collect(layout.tags())).toEqual(['v1']);
    await layout.untag('v1');
    expect(JSON.parse(await readFile(join(path, 'index.json'), 'utf8'))).toEqual(theirs);
  });

  it('takes an empty list as null, and an index without a version file', async () => {
    await mkdir(path);
    await writeFile(join(path, 'index.json'), '{"schemaVersion":2,"manifests":null}');
    expect(await collect(layout.tags())).toEqual([]);
    await pushAll(layout, artifact([blob('x')]));
    expect(await entries()).toHaveLength(1);
  });

  it('finds the manifests below an index that only its name lists', async () => {
    const one = artifact([blob('one')]);
    const both = index([one.root]);
    await pushAll(layout, one);
    await layout.push(both.descriptor, both.content);
    await writeFile(
      join(path, 'index.json'),
      JSON.stringify({ schemaVersion: 2, manifests: [both.descriptor] }),
    );
    expect(await layout.resolve(one.root.digest)).toEqual(one.root);
    expect(await codeOf(layout.resolve(blob('one').descriptor.digest))).toBe('not-found');
    await layout.tag(one.root, 'one');
    expect(await layout.resolve('one')).toEqual(one.root);
  });

  it('gives content that can be cloned, and clones what it is given', async () => {
    const data = new Uint8Array(3_000_000).map((_, i) => i);
    const file = join(folder, 'model.bin');
    await writeFile(file, data);
    await chmod(file, 0o600);
    const descriptor = { mediaType: 'a/b', digest: digestOf(data), size: data.byteLength };
    await layout.push(descriptor, await openFileContent(file));
    const content = await layout.fetch(descriptor);
    expect(isFileContent(content) && content.path).toBe(layout.blobPath(descriptor.digest));
    expect(content.verifies).toBe(descriptor.digest);
    expect(digestOf(await readAll(content, data.byteLength))).toBe(descriptor.digest);
    const other = { ...descriptor, digest: digestOf(Buffer.from('other')) };
    expect(await codeOf(layout.push(other, await openFileContent(file)))).toBe('digest-mismatch');
    expect(await blobs()).toEqual([hexOf(descriptor.digest)]);
  });

  it('can be read while another push finds it and makes it young', async () => {
    const { descriptor, content } = blob(new Uint8Array(3_000_000).map((_, i) => i * 3));
    await layout.push(descriptor, content);
    const chunks: Uint8Array[] = [];
    for await (const chunk of (await layout.fetch(descriptor)).stream()) {
      expect(await new LayoutTarget(layout.path).exists(descriptor)).toBe(true);
      chunks.push(chunk);
    }
    expect(digestOf(Buffer.concat(chunks))).toBe(descriptor.digest);
  });

  it('reports bytes as they are written', async () => {
    const { descriptor, content } = blob(new Uint8Array(3_000_000));
    const seen: number[] = [];
    await layout.push(descriptor, content, { onProgress: (p) => seen.push(p.bytes) });
    expect(seen.at(-1)).toBe(3_000_000);
    expect(seen.length).toBeGreaterThan(1);
  });
});

describe('removing from an image layout', () => {
  it('removes the blobs that nothing else needs', async () => {
    const shared = blob('shared');
    const gone = artifact([shared, blob('gone')]);
    const stays = artifact([shared, blob('stays')]);
    await pushAll(layout, gone);
    await pushAll(layout, stays);
    await layout.delete(gone.root);
    expect((await blobs()).sort()).toEqual(stays.pieces.map((p) => hexOf(p.descriptor.digest)).sort());
    await layout.delete(stays.root);
    expect(await blobs()).toEqual([]);
    expect(await entries()).toEqual([]);
  });

  it('removes no blob when it cannot tell what the others need', async () => {
    const gone = artifact([blob('gone')]);
    const broken = artifact([blob('broken')]);
    await pushAll(layout, gone);
    await pushAll(layout, broken);
    await rm(layout.blobPath(broken.root.digest));
    await layout.delete(gone.root);
    expect(await layout.exists(blob('gone').descriptor)).toBe(true);
    expect((await entries()).map((e) => e.digest)).toEqual([broken.root.digest]);
  });

  it('removes a manifest whose blob was lost', async () => {
    const made = artifact([blob('x')]);
    await pushAll(layout, made);
    await layout.tag(made.root, 'v1');
    await rm(layout.blobPath(made.root.digest));
    await layout.delete(made.root);
    expect(await entries()).toEqual([]);
  });

  it('refuses to remove a blob that a manifest refers to', async () => {
    const layer = blob('needed');
    await pushAll(layout, artifact([layer]));
    expect(await codeOf(layout.delete(layer.descriptor))).toBe('conflict');
    expect(await layout.exists(layer.descriptor)).toBe(true);
    const stray = blob('stray');
    await layout.push(stray.descriptor, stray.content);
    await layout.delete(stray.descriptor);
    expect(await layout.exists(stray.descriptor)).toBe(false);
  });

  it('leaves the subject alone when a referrer goes, and the referrer when the subject goes', async () => {
    const subject = artifact([blob('subject')]);
    const signature = artifact([blob('signature')], { subject: subject.root, artifactType: 'a/b' });
    await pushAll(layout, subject);
    await pushAll(layout, signature);
    await layout.delete(subject.root);
    expect(await layout.exists(blob('subject').descriptor)).toBe(false);
    expect(await layout.exists(signature.root)).toBe(true);
    await layout.delete(signature.root);
    expect(await collect(layout.referrers(subject.root))).toEqual([]);
  });

  it('never lets a manifest in whose blobs were removed while it was on its way', async () => {
    const made = artifact([blob('weights')]);
    await pushAll(layout, made);
    await layout.delete(made.root);
    const last = made.pieces.at(-1);
    if (last === undefined) throw new Error('no manifest');
    const failure = await layout.push(last.descriptor, last.content).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'not-found', retryable: true });
    expect(await entries()).toEqual([]);
  });
});

describe('a hostile image layout', () => {
  const made = artifact([blob('weights')]);
  beforeEach(async () => {
    await pushAll(layout, made);
    await layout.tag(made.root, 'v1');
  });

  it.each([
    ['a duplicate key', '{"schemaVersion":2,"manifests":[],"manifests":[]}', 'manifest-invalid'],
    [
      'a digest that is a path',
      `{"schemaVersion":2,"manifests":[{"mediaType":"${MediaType.manifest}","size":1,"digest":"sha256:../../../../etc/passwd"}]}`,
      'manifest-invalid',
    ],
    ['no JSON', 'hello', 'manifest-invalid'],
    ['too many bytes', ' '.repeat(4 * 1024 * 1024 + 1), 'limit-exceeded'],
    ['nesting', `{"a":${'['.repeat(10_000)}`, 'limit-exceeded'],
  ])('with an index of %s is refused', async (_, text, code) => {
    await writeFile(join(path, 'index.json'), text);
    expect(await codeOf(layout.resolve('v1'))).toBe(code);
    expect(await codeOf(layout.tag(made.root, 'v2'))).toBe(code);
    expect(await readFile(join(path, 'index.json'), 'utf8')).toBe(text);
  });

  it('of another version is not written to', async () => {
    await writeFile(join(path, 'oci-layout'), '{"imageLayoutVersion":"2.0.0"}');
    const { descriptor, content } = blob('new');
    expect(await codeOf(layout.push(descriptor, content))).toBe('unsupported');
  });

  it('with other bytes in a blob is found out', async () => {
    const { descriptor } = blob('weights');
    await rm(layout.blobPath(descriptor.digest));
    await writeFile(layout.blobPath(descriptor.digest), 'weightz');
    expect(await codeOf(layout.fetch(descriptor).then(textOf))).toBe('digest-mismatch');
    expect(await codeOf(copyGraph(layout, made.root, new LayoutTarget(join(folder, 'copy'))))).toBe(
      'digest-mismatch',
    );
    await rm(layout.blobPath(descriptor.digest));
    await writeFile(layout.blobPath(descriptor.digest), 'weights and more');
    expect(await codeOf(layout.fetch(descriptor))).toBe('size-mismatch');
    expect(await layout.exists(descriptor)).toBe(false);
    await layout.push(descriptor, bytesContent(Buffer.from('weights')));
    expect(await textOf(await layout.fetch(descriptor))).toBe('weights');
  });

  it('with links or pipes for blobs is not followed', async () => {
    const { descriptor } = blob('weights');
    const blobFile = layout.blobPath(descriptor.digest);
    const elsewhere = join(folder, 'elsewhere');
    await writeFile(elsewhere, 'weights');
    await rm(blobFile);
    await symlink(elsewhere, blobFile);
    expect(await codeOf(layout.fetch(descriptor))).toBe('not-found');
    await rm(blobFile);
    execFileSync('mkfifo', [blobFile]);
    expect(await codeOf(layout.fetch(descriptor))).toBe('not-found');
  });

  it('with a manifest that is none hides no other referrer', async () => {
    const signature = artifact([blob('signature')], { subject: made.root, artifactType: 'a/b' });
    const broken = artifact([blob('broken')], { subject: made.root });
    await pushAll(layout, broken);
    await pushAll(layout, signature);
    await chmod(layout.blobPath(broken.root.digest), 0o644);
    await writeFile(layout.blobPath(broken.root.digest), 'x'.repeat(broken.root.size));
    expect((await collect(layout.referrers(made.root))).map((r) => r.digest)).toEqual([
      signature.root.digest,
    ]);
  });
});

describe('an image layout under many hands', () => {
  it('loses nothing when twelve processes write at once', { timeout: 120_000 }, async () => {
    const names = Array.from({ length: 12 }, (_, i) => `p${i}`);
    await Promise.all(names.map((name) => runChild('artifacts', path, name)));
    const tags = (await collect(layout.tags())).sort();
    expect(tags).toEqual(
      [...names.flatMap((n) => Array.from({ length: 8 }, (_, i) => `${n}-${i}`)), 'latest'].sort(),
    );
    for (const tag of tags)
      await copyGraph(layout, await layout.resolve(tag), new LayoutTarget(join(folder, 'copy')));
    expect((await readdir(path)).sort()).toEqual(['blobs', 'index.json', 'oci-layout']);
    expect((await blobs()).every((name) => /^[0-9a-f]{64}$/.test(name))).toBe(true);
  });

  it('takes a large blob that twelve processes write at once', { timeout: 120_000 }, async () => {
    await Promise.all(Array.from({ length: 12 }, () => runChild('blob', path)));
    const { descriptor } = blob(new Uint8Array(3_000_000).map((_, i) => i * 7));
    expect(digestOf(await readAll(await layout.fetch(descriptor), descriptor.size))).toBe(descriptor.digest);
    expect(await readdir(join(path, 'blobs'))).toEqual(['sha256']);
    expect(await blobs()).toEqual([hexOf(descriptor.digest)]);
  });

  it('is whole after a process was killed in the middle of a blob', { timeout: 60_000 }, async () => {
    const made = artifact([blob('before')]);
    await pushAll(layout, made);
    const unfinished = async () =>
      (await readdir(join(path, 'blobs'))).filter((name) => name.startsWith('.omlmd-'));
    const writing = async () => (await unfinished()).length > 0;
    await killChild('push', path, writing);
    expect(await layout.exists(blob('x').descriptor)).toBe(false);
    expect(await blobs()).toHaveLength(made.pieces.length);
    const after = artifact([blob('x')]);
    await pushAll(layout, after);
    await layout.tag(after.root, 'after');
    expect(await textOf(await layout.fetch(blob('x').descriptor))).toBe('x');
    // What was left unfinished is another process's until a day has passed; then the next push removes it.
    expect(await unfinished()).toHaveLength(1);
    const now = Date.now();
    vi.spyOn(Date, 'now').mockImplementation(() => now + 25 * 3600 * 1000);
    await pushAll(layout, artifact([blob('a day later')]));
    vi.restoreAllMocks();
    expect(await unfinished()).toEqual([]);
  });
});

describe('a full disk', () => {
  it.runIf(triesSmallDisk('the store on a full disk'))(
    'is said before or while writing, and leaves nothing half-done',
    { timeout: 30_000 },
    async () => {
      const result = JSON.parse(runOnSmallDisk('full', folder, 8 * 1024 * 1024));
      expect(result.codes).toEqual(['disk-full', 'disk-full', 'disk-full', 'disk-full']);
      expect(result.left).toEqual(['blobs', 'blobs/sha256', 'index.json', 'oci-layout']);
      expect(result.folder).toEqual(['layout']);
    },
  );
});

const has = (program: string) => spawnSync(program, ['--version']).error === undefined;

describe('other programs', () => {
  const run = (program: string, ...args: string[]) => execFileSync(program, args, { encoding: 'utf8' });

  it.runIf(has('skopeo'))(
    'skopeo reads it, and we read what skopeo copies',
    { timeout: 30_000 },
    async () => {
      const made = artifact([blob('weights')], { annotations: { a: 'b' } });
      await pushAll(layout, made);
      await layout.tag(made.root, 'v1');
      const raw = run('skopeo', 'inspect', '--raw', `oci:${path}:v1`);
      expect(digestOf(Buffer.from(raw))).toBe(made.root.digest);
      const theirs = join(folder, 'theirs');
      run('skopeo', 'copy', '-q', '--preserve-digests', `oci:${path}:v1`, `oci:${theirs}:v2`);
      const copied = new LayoutTarget(theirs);
      expect((await copied.resolve('v2')).digest).toBe(made.root.digest);
      await copied.tag(made.root, 'v3');
      await pushAll(copied, artifact([blob('more')]));
      expect(run('skopeo', 'inspect', '--raw', `oci:${theirs}:v2`)).toBe(raw);
      expect(run('skopeo', 'inspect', '--raw', `oci:${theirs}:v3`)).toBe(raw);
    },
  );

  it.runIf(has('oras'))('oras reads and writes it beside us', { timeout: 30_000 }, async () => {
    const made = artifact([blob('weights')]);
    await pushAll(layout, made);
    await layout.tag(made.root, 'v1');
    expect(digestOf(Buffer.from(run('oras', 'manifest', 'fetch', '--oci-layout', `${path}:v1`)))).toBe(
      made.root.digest,
    );
    const file = join(folder, 'model.bin');
    await writeFile(file, 'theirs');
    run(
      'oras',
      'push',
      '--oci-layout',
      `${path}:theirs`,
      '--disable-path-validation',
      `${file}:application/x-mlmodel`,
    );
    run(
      'oras',
      'attach',
      '--oci-layout',
      `${path}:v1`,
      '--artifact-type',
      'a/b',
      '--disable-path-validation',
      file,
    );
    await layout.tag(made.root, 'v2');
    expect((await collect(layout.tags())).sort()).toEqual(['theirs', 'v1', 'v2']);
    expect(await textOf(await layout.fetch(blob('theirs').descriptor))).toBe('theirs');
    expect((await collect(layout.referrers(made.root))).map((r) => r.artifactType)).toEqual(['a/b']);
    expect(run('oras', 'repo', 'tags', '--oci-layout', path).trim().split('\n').sort()).toEqual([
      'theirs',
      'v1',
      'v2',
    ]);
    expect(run('oras', 'discover', '--oci-layout', `${path}:v1`, '--format', 'json')).toContain('a/b');
  });
});

describe('hard links', () => {
  it('are only used between the repositories of one store', async () => {
    const { descriptor, content } = blob('weights');
    await layout.push(descriptor, content);
    const other = new LayoutTarget(join(folder, 'other'));
    expect(await other.mount(descriptor, layout)).toBe(false);
    expect(await readdir(folder)).toEqual(['layout']);
    await link(layout.blobPath(descriptor.digest), join(folder, 'second'));
    expect(await textOf(await layout.fetch(descriptor))).toBe('weights');
  });
});

it('a blob that the disk cannot hold is told of by the name of its file, not by a temporary one', async () => {
  const size = 2 ** 50;
  const content = { ...bytesContent(Buffer.alloc(0)), size };
  const { digest } = blob('x').descriptor;
  const pushing = layout.push({ mediaType: 'application/x', digest, size }, content, { name: 'big.onnx' });
  await expect(pushing).rejects.toMatchObject({
    code: 'disk-full',
    message: expect.stringMatching(/^store "big\.onnx": \d+ bytes are needed/),
  });
});
