import { execFileSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CliSandbox, makeCliSandbox } from '../support/run-cli.ts';
import { writeSafetensors } from '../support/safetensors-file.ts';

let sandbox: CliSandbox;
beforeEach(async () => {
  sandbox = await makeCliSandbox();
});
afterEach(() => sandbox.remove());

/** The status of a command on a path, and what it says, which is one line. */
async function said(verb: 'inspect' | 'push', path: string) {
  const args = verb === 'inspect' ? ['inspect', path] : ['push', 'local/a:v1', path];
  const { status, stdout, stderr } = await sandbox.run(args);
  expect(stdout).toBe('');
  const [line = '', ...more] = stderr.trimEnd().split('\n');
  // What a person got wrong comes with how to get it right.
  expect(more).toHaveLength(status === 1 ? 0 : 1);
  return `${status} ${line.replace(JSON.stringify(path), 'PATH')}`;
}

describe('a path that is no model', () => {
  it.each(['inspect', 'push'] as const)('is refused with what is wrong with it: %s', async (verb) => {
    await symlink('loop.pkl', sandbox.path('loop.pkl'));
    await symlink('nowhere', sandbox.path('dangling.pkl'));
    await mkdir(sandbox.path('empty'));
    await writeFile(sandbox.path('m.pkl'), 'N.');
    execFileSync('mkfifo', [sandbox.path('pipe')]);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(sandbox.path('socket'), resolve));
    try {
      expect(await said(verb, sandbox.path('loop.pkl'))).toBe(`1 error: ${verb} PATH: its links form a loop`);
      expect(await said(verb, sandbox.path('dangling.pkl'))).toBe(
        `3 error: ${verb} PATH: no such file or folder`,
      );
      expect(await said(verb, sandbox.path('nope.pkl'))).toBe(
        `3 error: ${verb} PATH: no such file or folder`,
      );
      expect(await said(verb, sandbox.path('m.pkl/x'))).toBe(
        `3 error: ${verb} PATH: a file is where a folder is needed`,
      );
      expect(await said(verb, sandbox.path('empty'))).toBe(
        `2 error: ${verb} PATH: there is no file in the folder`,
      );
      for (const path of [sandbox.path('pipe'), sandbox.path('socket'), '/dev/null'])
        expect(await said(verb, path)).toBe(`1 error: ${verb} PATH: neither a file nor a folder`);
    } finally {
      server.close();
    }
  });

  it('is a file by its name alone where a link of that name is there', async () => {
    const here = process.cwd();
    process.chdir(sandbox.folder);
    try {
      await symlink('loop.pkl', 'loop.pkl');
      expect(await said('inspect', 'loop.pkl')).toBe('1 error: inspect PATH: its links form a loop');
    } finally {
      process.chdir(here);
    }
  });
});

describe('links between folders', () => {
  const inspect = async (path: string) => {
    const { status, stdout } = await sandbox.run(['inspect', path, '--format', 'json']);
    expect(status).toBe(0);
    return JSON.parse(stdout).findings;
  };

  beforeEach(async () => {
    await mkdir(sandbox.path('model/a/deep'), { recursive: true });
    await mkdir(sandbox.path('model/b'));
    await writeSafetensors(sandbox.path('model/a/m.safetensors'), [1]);
    await writeSafetensors(sandbox.path('model/b/n.safetensors'), [2]);
  });

  it('that lead to a folder they are in are not followed, which is no danger', async () => {
    await symlink('.', sandbox.path('model/self'));
    await symlink('../..', sandbox.path('model/a/deep/up'));
    const low = { severity: 'low', code: 'malformed' };
    expect(await inspect(sandbox.path('model'))).toMatchObject([
      { ...low, where: 'a/deep/up', message: expect.stringContaining('a folder that it is in') },
      { ...low, where: 'self' },
    ]);
    const { status, stdout } = await sandbox.run([
      'push',
      'local/m:v1',
      sandbox.path('model'),
      '--format',
      'json',
    ]);
    expect(status).toBe(0);
    const titles = JSON.parse(stdout).files.map(({ title }: { title: string }) => title);
    expect(titles.filter((title: string) => title.endsWith('.safetensors'))).toEqual([
      'a/m.safetensors',
      'b/n.safetensors',
    ]);
  });

  it('to each other are followed once, not for ever', async () => {
    await symlink('../b', sandbox.path('model/a/other'));
    await symlink('../a', sandbox.path('model/b/other'));
    expect(await inspect(sandbox.path('model'))).toMatchObject([
      { severity: 'low', where: 'a/other/other' },
      { severity: 'low', where: 'b/other/other' },
    ]);
  });

  it('that lead out of the folder stay critical', async () => {
    await symlink('..', sandbox.path('model/out'));
    await symlink('../..', sandbox.path('model/a/out'));
    expect(await inspect(sandbox.path('model/a'))).toMatchObject([{ severity: 'critical', where: 'out' }]);
    expect(await inspect(sandbox.path('model'))).toMatchObject([
      { severity: 'critical', where: 'a/out' },
      { severity: 'critical', where: 'out' },
    ]);
  });

  it('that multiply folders are given up', async () => {
    const names = Array.from({ length: 10 }, (_, i) => `f${i}`);
    for (const name of names) {
      await mkdir(sandbox.path(`many/${name}`), { recursive: true });
      for (const other of names) await symlink(`../${other}`, sandbox.path(`many/${name}/${other}`));
    }
    expect(await said('inspect', sandbox.path('many'))).toMatch(
      /^1 error: inspect: links lead to more than 1000 folders in /,
    );
  });
});
