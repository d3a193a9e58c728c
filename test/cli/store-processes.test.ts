import { readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { runOk } from '../support/processes.ts';
import { type CliSandbox, makeCliSandbox } from '../support/run-cli.ts';

const MAIN = resolve(import.meta.dirname, '../../src/cli/main.ts');
const PUSHES = 6;
const COLLECTIONS = 4;

let sandbox: CliSandbox;
beforeEach(async () => {
  sandbox = await makeCliSandbox();
});
afterEach(() => sandbox.remove());

function omlmd(...args: readonly string[]) {
  const env = { ...process.env, OMLMD_HOME: sandbox.home, DOCKER_CONFIG: sandbox.folder };
  return runOk(process.execPath, [MAIN, ...args], { env });
}

it('collects beside pushes that find their blobs as old garbage, and takes none of it from them (R27)', async () => {
  const push = (i: number) => ['push', `local/m:v${i}`, sandbox.path(`m${i}.bin`), '--empty-metadata'];
  const numbers = Array.from({ length: PUSHES }, (_, i) => i);
  for (const i of numbers) {
    await writeFile(sandbox.path(`m${i}.bin`), `weights ${i} `.repeat(1000));
    await sandbox.run(push(i));
  }
  // Nothing lists them any more, and they were last wanted long ago.
  const layout = join(sandbox.home, 'store', 'm');
  const index = JSON.parse(await readFile(join(layout, 'index.json'), 'utf8'));
  await writeFile(join(layout, 'index.json'), JSON.stringify({ ...index, manifests: [] }));
  const blobs = join(layout, 'blobs', 'sha256');
  const names = await readdir(blobs);
  for (const name of names) await utimes(join(blobs, name), 0, 0);
  const before = names.length;
  await Promise.all([
    ...numbers.map((i) => omlmd(...push(i))),
    ...Array.from({ length: COLLECTIONS }, () => omlmd('store', 'gc')),
  ]);
  await omlmd('store', 'verify');
  expect((await sandbox.run(['ls', 'local/m'])).stdout.split('\n').filter(Boolean)).toHaveLength(PUSHES);
  expect(await readdir(blobs)).toHaveLength(before);
  expect(await readdir(join(layout, 'blobs'))).toEqual(['sha256']);
}, 120_000);

it('frees what a push that was killed before its first artifact has left', async () => {
  await sandbox.run(['push', 'local/m:v1', await model(), '--empty-metadata']);
  await sandbox.run(['rm', 'local/m:v1', '--yes']);
  const blobs = join(sandbox.home, 'store', 'm', 'blobs', 'sha256');
  const stray = join(blobs, 'f'.repeat(64));
  await writeFile(stray, '1234567');
  await utimes(stray, 0, 0);
  expect(await gc('--dry-run')).toEqual({ freed: 7, removed: 1 });
  expect(await gc()).toEqual({ freed: 7, removed: 1 });
  expect(await readdir(blobs)).toEqual([]);
  expect(await gc()).toEqual({ freed: 0, removed: 0 });
});

async function model(): Promise<string> {
  await writeFile(sandbox.path('model.bin'), 'weights');
  return sandbox.path('model.bin');
}

async function gc(...args: readonly string[]) {
  return JSON.parse((await sandbox.run(['store', 'gc', ...args, '--format', 'json'])).stdout);
}
