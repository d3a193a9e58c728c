import { spawnSync } from 'node:child_process';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answer, on } from '../support/registry/registry-faults.ts';
import { startTestRegistry, type TestRegistry } from '../support/registry/test-registry.ts';
import { type CliSandbox, makeCliSandbox } from '../support/run-cli.ts';
import { writeSafetensors } from '../support/safetensors-file.ts';

let sandbox: CliSandbox;
let model: string;
beforeEach(async () => {
  sandbox = await makeCliSandbox();
  model = sandbox.path('m.safetensors');
  await writeSafetensors(model, [1, 2, 3]);
});
afterEach(() => sandbox.remove());

async function withRegistry(work: (registry: TestRegistry) => Promise<void>): Promise<void> {
  const registry = await startTestRegistry();
  try {
    await work(registry);
  } finally {
    await registry.stop();
  }
}

describe('options that cannot be meant are 2, and nothing is sent', () => {
  it.each([
    ['an annotation without "="', ['-a', 'novalue'], /-a "novalue": expected KEY=VALUE/],
    ['a config type that is no media type', ['--config-type', 'bad type'], /"bad type" is not a media type/],
    ['a user name without a password', ['-u', 'ci'], /--password-stdin/],
    ['an empty password', ['-u', 'ci', '--password-stdin'], /standard input is empty/],
  ])('%s', async (_name, options, message) => {
    const { status, stderr, stdout } = await sandbox.run(['push', 'local/m:v1', model, ...options]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/mistake in omlmd/);
    expect(await readdir(sandbox.home).catch(() => [])).toEqual([]);
  });

  it('a TYPE with a space, and a PATH that is empty', async () => {
    expect(await sandbox.run(['push', 'local/m:v1', `${model}:app lication/x`])).toMatchObject({ status: 2 });
    const empty = await sandbox.run(['push', 'local/m:v1', '']);
    expect(empty.status).toBe(2);
    expect(empty.stderr).toContain('a PATH is empty');
  });

  it('a file with the title of a metadata layer, in whatever case', async () => {
    const file = sandbox.path('Model_Metadata.omlmd.json');
    await writeFile(file, Buffer.alloc(5_000_000));
    await withRegistry(async ({ host, requests }) => {
      const { status, stderr } = await sandbox.run(['push', `${host}/m:v1`, file, '--empty-metadata']);
      expect(status).toBe(2);
      expect(stderr).toContain('names the same file');
      expect(requests).toEqual([]);
    });
  });

  it('help for a verb that is not there names it, in one line', async () => {
    const { status, stderr } = await sandbox.run(['help', 'bogus']);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^error: help "bogus": there is no such verb\n/);
  });

  it('ls of a bare name quotes what was typed', async () => {
    const { status, stderr } = await sandbox.run(['ls', 'churn']);
    expect(status).toBe(2);
    expect(stderr).toContain('list "churn"');
    expect(stderr).toContain('did you mean "local/churn"?');
  });
});

describe('metadata from standard input', () => {
  it('may be as long as a metadata file', async () => {
    const input = JSON.stringify({ name: 'x', description: 'y'.repeat(200_000) });
    expect(await sandbox.run(['push', 'local/m:v1', model, '-m', '-'], { input })).toMatchObject({
      status: 0,
    });
    const more = await sandbox.run(['push', 'local/m:v1', model, '-m', '-'], {
      input: 'y'.repeat(1_100_000),
    });
    expect(more).toMatchObject({ status: 2, stdout: '' });
    expect(more.stderr).toContain('metadata longer than');
  });
});

describe('files that are written for a person', () => {
  it('an exported manifest that cannot be written is told of in words', async () => {
    const { status, stderr } = await sandbox.run([
      ...['push', 'local/m:v1', model, '--export-manifest', sandbox.path('nowhere/x.json')],
    ]);
    expect(status).toBe(1);
    expect(stderr).toContain('no such file or folder');
    expect(stderr).not.toMatch(/mistake in omlmd|ENOENT/);
  });

  it('a folder in the place of the file stays, and nothing is left beside it', async () => {
    await sandbox.run(['push', 'local/m:v1', model]);
    await mkdir(sandbox.path('there'));
    const before = await readdir(sandbox.folder);
    const { status, stderr } = await sandbox.run([
      ...['get', 'file', 'local/m:v1', 'm.safetensors', '-o', sandbox.path('there')],
    ]);
    expect(status).toBe(1);
    expect(stderr).toContain('it is a folder');
    expect(await readdir(sandbox.folder)).toEqual(before);
  });

  it.skipIf(process.platform === 'win32')('a pipe is written to, not replaced', async () => {
    await sandbox.run(['push', 'local/m:v1', model]);
    const pipe = sandbox.path('pipe');
    spawnSync('mkfifo', [pipe]);
    const reading = readFile(pipe);
    const { status } = await sandbox.run(['get', 'file', 'local/m:v1', 'm.safetensors', '-o', pipe]);
    expect(status).toBe(0);
    expect(await reading).toEqual(await readFile(model));
  });

  it('a folder to pull into that is a file is told of in words', async () => {
    await sandbox.run(['push', 'local/m:v1', model]);
    await writeFile(sandbox.path('file'), '');
    const { status, stderr } = await sandbox.run(['pull', 'local/m:v1', '-o', sandbox.path('file')]);
    expect(status).toBe(1);
    expect(stderr).not.toContain('EEXIST');
  });
});

describe('logins', () => {
  it.each([
    ['crawl', (a: string, b: string) => ['crawl', a, b]],
    ['diff', (a: string, b: string) => ['diff', a, b]],
    ['cp', (a: string, b: string) => ['cp', a, b]],
  ])('%s does not show one login to two registries', async (_verb, words) => {
    await withRegistry(async (one) => {
      await withRegistry(async (other) => {
        const args = words(`${one.host}/m:v1`, `${other.host}/m:v1`);
        const { status, stderr } = await sandbox.run([...args, '-u', 'ci', '--password-stdin'], {
          input: 'hunter2\n',
        });
        expect(status).toBe(2);
        expect(stderr).toContain('one login cannot be for several registries');
        expect([...one.requests, ...other.requests]).toEqual([]);
      });
    });
  });

  it('a file of logins that cannot be read is told of, and the work goes on without it', async () => {
    await mkdir(sandbox.path('docker'));
    await writeFile(sandbox.path('docker/config.json'), '{not json');
    const registry = await startTestRegistry({ auth: 'basic' });
    try {
      const { status, stderr } = await sandbox.run(['ls', `${registry.host}/m`]);
      expect(status).toBe(4);
      expect(stderr).toMatch(/warning: .*config\.json: not JSON/);
    } finally {
      await registry.stop();
    }
  });
});

describe('folders', () => {
  it('a link with a name that is left out is left out, wherever it leads', async () => {
    await mkdir(sandbox.path('folder'));
    await writeFile(sandbox.path('folder/weights.txt'), 'x');
    await symlink('/', sandbox.path('folder/.venv'));
    await symlink('nowhere', sandbox.path('folder/ignored'));
    await writeFile(sandbox.path('folder/.omlmdignore'), 'ignored\n');
    const { status, stdout } = await sandbox.run(['push', 'local/f:v1', sandbox.path('folder')]);
    expect(status).toBe(0);
    expect(stdout).toContain('left out 3 entries');
  });
});

describe('messages', () => {
  it('name a missing repository by its reference, not by a folder of the store', async () => {
    const { status, stderr } = await sandbox.run(['ls', 'local/nothing']);
    expect(status).toBe(3);
    expect(stderr).toContain('local/nothing');
    expect(stderr).not.toContain(sandbox.home);
  });

  it('say in words why a file system call failed', async () => {
    await writeFile(sandbox.path('file'), '');
    const { stderr, status } = await sandbox.run(['push', 'local/m:v1', model], {
      env: { OMLMD_HOME: sandbox.path('file/home') },
    });
    expect(status).toBe(1);
    expect(stderr).toContain('a file is where a folder is needed');
  });

  it('a registry that does not delete gets a hint that can be acted on', async () => {
    await withRegistry(async ({ host, faults }) => {
      await sandbox.run(['push', `${host}/m:v1`, model]);
      faults.add(on('DELETE'), answer(405, {}, 'UNSUPPORTED'));
      const rm = await sandbox.run(['rm', `${host}/m:v1`, '--yes']);
      expect(rm.status).toBe(1);
      expect(rm.stderr).toMatch(/hint: Ask whoever runs the registry/);
      const untag = await sandbox.run(['untag', `${host}/m:v1`]);
      expect(untag.status).toBe(1);
      expect(untag.stderr).toMatch(/hint: Point the tag at something else/);
    });
  });
});

describe('a metadata file that came with a repository', () => {
  it('does not send what lies outside its folder, links followed, unless a person says so', async () => {
    await mkdir(sandbox.path('repository'));
    await writeFile(sandbox.path('secret.txt'), 'mine');
    await symlink(sandbox.path('secret.txt'), sandbox.path('repository/model.bin'));
    for (const file of ['../secret.txt', sandbox.path('secret.txt'), 'model.bin']) {
      const text = `artifact:\n  reference: local/taken:v1\n  files: [${JSON.stringify(file)}]\n`;
      await writeFile(sandbox.path('repository/m.omlmd.yaml'), text);
      const push = ['push', '-f', sandbox.path('repository/m.omlmd.yaml')];
      const { status, stderr } = await sandbox.run(push);
      expect({ file, status }).toEqual({ file, status: 7 });
      expect(stderr).toContain('outside its folder');
    }
    expect((await sandbox.run(['inspect', 'local/taken:v1'])).status).toBe(3);
    const allowed = ['push', '-f', sandbox.path('repository/m.omlmd.yaml'), '--allow-unsafe'];
    expect((await sandbox.run(allowed)).status).toBe(0);
  });

  it('an empty standard input is no metadata', async () => {
    await writeFile(sandbox.path('x.bin'), 'x');
    expect((await sandbox.run(['push', 'local/x', sandbox.path('x.bin'), '-m', '-'])).status).toBe(2);
  });
});
