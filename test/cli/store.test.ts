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
  expect((await sandbox.run(['store', 'gc'])).stdout).toBe('Removed 0 blobs and freed 0 B\n');
});
