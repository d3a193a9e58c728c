import { chmod, lstat, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type CliSandbox, makeCliSandbox } from '../support/run-cli.ts';

let sandbox: CliSandbox;
beforeEach(async () => {
  sandbox = await makeCliSandbox();
  await writeFile(sandbox.path('model.bin'), 'weights');
  for (const name of ['a', 'team/b'])
    await sandbox.run(['push', `local/${name}:v1`, sandbox.path('model.bin'), '--empty-metadata']);
});
afterEach(() => sandbox.remove());

it('says where it is and what is in it', async () => {
  expect((await sandbox.run(['store', 'path'])).stdout).toBe(`${join(sandbox.home, 'store')}\n`);
  const { stdout } = await sandbox.run(['store', 'ls', '--format', 'json']);
  expect(JSON.parse(stdout)).toMatchObject([
    { repository: 'a', tags: 1, blobs: 4 },
    { repository: 'team/b', tags: 1, blobs: 4 },
  ]);
});

it('counts what repositories share once in all', async () => {
  const [head, a, , all] = (await sandbox.run(['store', 'ls'])).stdout
    .split('\n')
    .map((l) => l.split(/ {2,}/));
  expect(head).toEqual(['REPOSITORY', 'TAGS', 'BLOBS', 'SIZE', 'OWN']);
  expect(all?.[0]).toBe('(all)');
  // The two hold the same artifact.
  expect(all?.[1]).toBe(a?.[3]);
  expect(a?.[4]).toBe('0 B');
});

it('tells of a repository whose index cannot be read, and lists the others', async () => {
  await writeFile(join(sandbox.home, 'store', 'a', 'index.json'), '{');
  const { status, stdout } = await sandbox.run(['store', 'verify', '--format', 'json']);
  expect(status).toBe(6);
  expect(JSON.parse(stdout)).toMatchObject([{ repository: 'a', digest: null }]);
  expect((await sandbox.run(['store', 'verify'])).stdout).toMatch(/^a {2}index {2}read .*index\.json/);
  expect((await sandbox.run(['store', 'ls'])).stdout).toMatch(/\na +\? .*\nteam\/b +1 /);
});

it('shows how far verifying is', async () => {
  const { stdout } = await sandbox.run(['store', 'verify', '--progress', 'jsonl']);
  const events = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const last = events.findLast(({ event }) => event === 'progress');
  expect(last).toMatchObject({ id: 'store', kind: 'verify' });
  expect(last.bytes).toBe(last.total);
});

it('verifies with 0 what is whole, and with 6 what is not, naming repository and digest', async () => {
  expect(await sandbox.run(['store', 'verify'])).toMatchObject({ status: 0 });
  const folder = join(sandbox.home, 'store', 'a', 'blobs', 'sha256');
  for (const name of await readdir(folder)) {
    if ((await lstat(join(folder, name))).size !== 7) continue;
    await chmod(join(folder, name), 0o644);
    await rm(join(folder, name));
    await writeFile(join(folder, name), 'Weights');
  }
  const { status, stdout } = await sandbox.run(['store', 'verify', '--format', 'json']);
  expect(status).toBe(6);
  expect(JSON.parse(stdout)).toMatchObject([{ repository: 'a', problem: expect.stringContaining('v1') }]);
});

it('collects nothing that is young, and says what it would', async () => {
  await sandbox.run(['rm', 'local/a:v1', '--yes']);
  const { stdout } = await sandbox.run(['store', 'gc', '--dry-run', '--format', 'json']);
  expect(JSON.parse(stdout)).toEqual({ freed: 0, removed: 0 });
  expect((await sandbox.run(['store', 'gc'])).stdout).toBe('Removed 0 files and freed 0 B\n');
});
