import { writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { on } from '../support/registry/registry-faults.ts';
import { startTestRegistry, type TestRegistry } from '../support/registry/test-registry.ts';
import { type CliSandbox, makeCliSandbox } from '../support/run-cli.ts';

let sandbox: CliSandbox;
let registry: TestRegistry;
beforeEach(async () => {
  sandbox = await makeCliSandbox();
  registry = await startTestRegistry();
});
afterEach(async () => {
  await registry.stop();
  await sandbox.remove();
});

const push = (place: string, file: string) =>
  sandbox.run(['push', place, sandbox.path(file), '--empty-metadata', '--tag-if-absent', '--format', 'json']);

it.each(['registry', 'local store'])('one of eight pushes at once gets the new tag: %s', async (where) => {
  const place = where === 'registry' ? `${registry.host}/m:v1` : 'local/m:v1';
  const files = Array.from({ length: 8 }, (_, i) => `model-${i}.bin`);
  for (const file of files) await writeFile(sandbox.path(file), file);
  const ended = await Promise.all(files.map((file) => push(place, file)));
  expect(ended.map(({ status }) => status).sort()).toEqual([0, 8, 8, 8, 8, 8, 8, 8]);
  const winner = ended.find(({ status }) => status === 0);
  const { stdout } = await sandbox.run(['inspect', place, '--format', 'json']);
  expect(JSON.parse(stdout).digest).toBe(JSON.parse(winner?.stdout ?? '').digest);
});

it('a tag that somebody else sets between the look and the write is left alone', async () => {
  for (const name of ['mine', 'theirs']) await writeFile(sandbox.path(name), name);
  let theirs = '';
  registry.faults.add(
    on('PUT', '/m/manifests/v1'),
    async (call, next) => {
      const { stdout } = await push(`${registry.host}/m:v1`, 'theirs');
      theirs = JSON.parse(stdout).digest;
      return next(call);
    },
    1,
  );
  const { status, stderr } = await push(`${registry.host}/m:v1`, 'mine');
  expect(status).toBe(8);
  expect(stderr).toContain(`the tag "v1" exists and names ${theirs}`);
});

it('a tag whose first answer was lost is set, and no error', async () => {
  await writeFile(sandbox.path('model.bin'), 'weights');
  registry.faults.add(
    on('PUT', '/m/manifests/v1'),
    async (call, next) => {
      await next(call);
      return { status: 503, headers: {} };
    },
    1,
  );
  expect((await push(`${registry.host}/m:v1`, 'model.bin')).status).toBe(0);
});
