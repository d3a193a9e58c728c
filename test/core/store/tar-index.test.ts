import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bytesContent, type Content, readAll } from '../../../src/core/oci/content.ts';
import { openFileContent } from '../../../src/core/oci/file-content.ts';
import { readTarIndex, type TarEntry } from '../../../src/core/store/tar-index.ts';
import { codeOf } from '../target.contract.ts';
import { type BuiltEntry, folder, pax, tar, tarEntry } from './tar-builder.ts';

let temporary = '';
beforeEach(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'omlmd-tar-'));
});
afterEach(() => rm(temporary, { recursive: true, force: true }));

async function list(content: Content): Promise<TarEntry[]> {
  const entries: TarEntry[] = [];
  for await (const entry of readTarIndex(content)) entries.push(entry);
  return entries;
}

const listBytes = (bytes: Uint8Array) => list(bytesContent(bytes));

async function texts(content: Content): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const { path, kind, offset, size } of await list(content))
    found[kind === 'folder' ? `${path}/` : path] = Buffer.from(
      await readAll(content.slice(offset, offset + size), 1_000_000),
    ).toString();
  return found;
}

const refusal = async (...entries: readonly BuiltEntry[]) =>
  listBytes(tar(...entries)).then(
    () => 'listed',
    (error: Error) => error.message,
  );

describe('readTarIndex', () => {
  const long = `${'long/'.repeat(30)}name-${'x'.repeat(120)}.bin`;

  it.each(['USTAR', 'GNU', 'PAX'])('lists what Python writes as %s', async (format) => {
    const names = ['a.txt', 'd/é-模型.bin', format === 'USTAR' ? `${'part/'.repeat(25)}b.bin` : long];
    const program = [
      'import io, json, sys, tarfile',
      'path, format, names = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])',
      'with tarfile.open(path, "w", format=getattr(tarfile, format + "_FORMAT")) as t:',
      '  d = tarfile.TarInfo("d"); d.type = tarfile.DIRTYPE; d.mode = 0o755; t.addfile(d)',
      '  for i, name in enumerate(names):',
      '    data = (name + "\\n").encode() * (i * 700)',
      '    f = tarfile.TarInfo("./" + name if i == 0 else name); f.size = len(data)',
      '    f.mode = 0o4755 if i == 1 else 0o640; f.mtime = 1.5 if format == "PAX" else 1',
      '    t.addfile(f, io.BytesIO(data))',
    ];
    const path = join(temporary, 'python.tar');
    execFileSync('python3', ['-c', program.join('\n'), path, format, JSON.stringify(names)]);
    const content = await openFileContent(path);
    expect(await texts(content)).toEqual({
      'd/': '',
      ...Object.fromEntries(names.map((name, i) => [name, `${name}\n`.repeat(i * 700)])),
    });
    const entries = await list(content);
    expect(entries.filter((e) => e.isExecutable).map((e) => e.path)).toEqual([names[1]]);
  });

  it('lists what GNU tar writes of a folder by the name "."', async () => {
    execFileSync('sh', ['-c', 'mkdir -p in/deep && echo a >in/deep/a && tar -C in -cf dot.tar .'], {
      cwd: temporary,
    });
    const content = await openFileContent(join(temporary, 'dot.tar'));
    expect(await texts(content)).toEqual({ '/': '', 'deep/': '', 'deep/a': 'a\n' });
  });

  it('reads archives older than ustar, where a slash makes a folder', async () => {
    const old = { magic: '' };
    const bytes = tar({ path: 'd/', ...old }, { path: 'd/a', data: 'x', type: '\0', prefix: 'no', ...old });
    expect(await texts(bytesContent(bytes))).toEqual({ 'd/': '', 'd/a': 'x' });
  });

  it('joins the two parts of a ustar path, and GNU has other things in the second', async () => {
    const bytes = tar(
      { path: 'a', prefix: 'some/folder' },
      { path: 'b', prefix: '12345', magic: 'ustar  \0' },
    );
    expect((await listBytes(bytes)).map((e) => e.path)).toEqual(['some/folder/a', 'b']);
  });

  it('lets pax and GNU records override one entry and no more', async () => {
    const bytes = tar(
      pax({ path: 'by pax', size: '3', mtime: '1.5', 'SCHILY.xattr.user.a': 'x' }),
      { path: 'cut', data: 'abc', size: '00000000001\0' },
      { path: '././@LongLink', type: 'L', data: 'by GNU\0' },
      { path: Buffer.from('cut \xc3', 'latin1'), data: 'd' },
      { path: '././@LongLink', type: 'L', data: 'by GNU, too\0' },
      pax({ path: 'by both' }),
      { path: 'cut' },
      pax({ comment: 'of git archive' }, 'g'),
      pax({ path: '' }),
      { path: 'itself' },
    );
    expect(await texts(bytesContent(bytes))).toEqual({
      'by pax': 'abc',
      'by GNU': 'd',
      'by both': '',
      itself: '',
    });
  });

  it.each([
    ['1', 'a hard link'],
    ['2', 'a symbolic link'],
    ['3', 'a device'],
    ['4', 'a device'],
    ['6', 'a named pipe'],
    ['S', 'a sparse file'],
    ['V', 'of the unknown type "V"'],
    ['\u001b', 'of the unknown type "\\u001b"'],
  ])('refuses type %j, and says it is %s', async (type, what) => {
    const message = `entry "f/x" is ${what}; only files and folders are unpacked`;
    expect(await refusal({ path: 'f/a' }, { path: 'f/x', type, link: '/etc/passwd' })).toBe(message);
    // A name that looks like a folder's changes nothing.
    expect(await refusal({ path: 'f/x/', type, link: '/etc' })).toContain(what);
  });

  it('refuses files with holes, which only GNU tar would read right', async () => {
    const sparse = pax({ 'GNU.sparse.major': '1', 'GNU.sparse.name': 'x' });
    expect(await refusal(sparse, { path: 'x', data: 'x' })).toContain('a sparse file');
  });

  it('refuses what programs read in different ways', async () => {
    expect(await refusal(pax({ path: 'x' }, 'g'), { path: 'a' })).toContain('global header');
    expect(await refusal({ path: 'd', type: '5', data: 'x' })).toContain('a folder with content');
    expect(await refusal({ path: 'd/', data: 'x' })).toContain('a folder with content');
    expect(await refusal({ path: 'a' }, pax({ path: 'x' }))).toContain('gap');
    const gap = Buffer.concat([tarEntry({ path: 'a' }), Buffer.alloc(512), tar({ path: 'b' })]);
    await expect(listBytes(gap)).rejects.toThrow('gap');
  });

  it('refuses sizes that no file can have', async () => {
    const base256 = (...bytes: number[]) =>
      Buffer.concat([Buffer.alloc(12 - bytes.length), Buffer.from(bytes)]);
    const huge = Buffer.from([0x80, ...base256().subarray(0, 3), ...Array(8).fill(0xff)]);
    const negative = Buffer.alloc(12, 0xff);
    for (const size of [huge, negative, '0000000009\0\0', '-0000000001\0', '0x000000001\0'])
      expect(await refusal({ path: 'a', size })).toContain('a number that no file can have');
    const plain = Buffer.from([0x80, ...Array(10).fill(0), 3]);
    expect(await texts(bytesContent(tar({ path: 'a', data: 'abc', size: plain })))).toEqual({ a: 'abc' });
    for (const size of ['99999999999999999', '-1', '1e3', '0x1', ' 1'])
      expect(await refusal(pax({ size }), { path: 'a' })).toContain('a size that no file can have');
  });

  it('refuses a size beyond the end of the archive', async () => {
    expect(await refusal({ path: 'a', size: '77777777777\0' })).toContain('ends before its end mark');
    expect(await refusal(pax({ size: '9007199254740991' }), { path: 'a' })).toContain('ends before');
  });

  it('refuses an archive that was cut anywhere', async () => {
    const whole = tar(folder('d'), { path: 'd/a', data: 'x'.repeat(700) }, pax({ path: 'd/p' }), {
      path: 'p',
    });
    const withoutMark = whole.byteLength - 1024;
    for (const end of [0, 1, 511, 512, 1000, 1536, 2000, 2048, 2560, 3000, withoutMark, withoutMark + 511])
      expect(await codeOf(listBytes(whole.subarray(0, end)))).toBe('unsupported');
    expect((await listBytes(whole.subarray(0, withoutMark + 512))).map((e) => e.path)).toEqual([
      'd',
      'd/a',
      'd/p',
    ]);
  });

  it('refuses a damaged header, and takes old checksums of signed bytes', async () => {
    expect(await refusal({ path: 'a', damaged: true })).toContain('damaged or missing');
    await expect(listBytes(Buffer.alloc(2048, 'x'))).rejects.toThrow('damaged or missing');
    const bytes = tar({ path: 'é' });
    const signed = Number.parseInt(bytes.toString('latin1', 148, 154), 8) - 2 * 256;
    bytes.write(`${signed.toString(8).padStart(6, '0')}\0 `, 148);
    expect((await listBytes(bytes)).map((e) => e.path)).toEqual(['é']);
  });

  it('refuses damaged and oversized records', async () => {
    const record = (data: string | Uint8Array) => refusal({ path: 'x', type: 'x', data }, { path: 'a' });
    for (const data of [
      'x',
      '5 a=b',
      '99 a=b\n',
      '0 a=b\n',
      '6 =bc\n',
      '-6 a=b\n',
      '6 abc\n',
      '6 a=bc',
      '\n',
    ])
      expect(await record(data), data).toContain('extended header of the tar archive is damaged');
    expect(await record(Buffer.alloc(1024 * 1024 + 1))).toContain('larger than 1048576 bytes');
    expect(await record('9'.repeat(1024 * 1024))).toContain('damaged');
  });

  it('refuses a path that is not UTF-8, whichever field has it', async () => {
    const bytes = Buffer.from('a\xff', 'latin1');
    for (const entries of [[{ path: bytes }], [{ path: 'L', type: 'L', data: bytes }, { path: 'a' }]])
      expect(await codeOf(listBytes(tar(...entries)))).toBe('title-refused');
  });

  it('refuses a path that would fill memory', async () => {
    const data = `a/${'x'.repeat(4095)}`;
    const list = (path: string) => listBytes(tar({ path: 'L', type: 'L', data: path }, { path: 'a' }));
    expect((await list(data.slice(0, 4096)))[0]?.path).toBe(data.slice(0, 4096));
    await expect(list(data)).rejects.toMatchObject({
      code: 'title-refused',
      message: expect.stringMatching(/its path is longer than 4096 bytes$/),
    });
  });

  it('stops when the caller has had enough', async () => {
    const reason = new Error('enough');
    const run = async () => {
      for await (const _ of readTarIndex(bytesContent(tar({ path: 'a' })), {
        signal: AbortSignal.abort(reason),
      }));
    };
    await expect(run()).rejects.toBe(reason);
  });
});
