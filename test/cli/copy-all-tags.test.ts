import { writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTestRegistry } from '../support/registry/test-registry.ts';
import { type CliSandbox, makeCliSandbox } from '../support/run-cli.ts';

let sandbox: CliSandbox;
beforeEach(async () => {
  sandbox = await makeCliSandbox();
  for (const [file, reference] of [
    ['one.bin', 'local/m:v1,stable'],
    ['two.bin', 'local/m:v2'],
  ] as const) {
    await writeFile(sandbox.path(file), file);
    await sandbox.run(['push', reference, sandbox.path(file), '--empty-metadata']);
  }
});
afterEach(() => sandbox.remove());

async function tagsOf(repository: string): Promise<readonly string[]> {
  return (await sandbox.run(['ls', repository])).stdout.trimEnd().split('\n').sort();
}

describe('cp --all-tags', () => {
  it('copies every tag, and lists what was copied', async () => {
    const registry = await startTestRegistry();
    try {
      const copy = ['cp', '--all-tags', 'local/m', `${registry.host}/team/m`];
      const { status, stdout } = await sandbox.run([...copy, '--format', 'json']);
      expect(status).toBe(0);
      const results = new Map(
        JSON.parse(stdout).map((result: { readonly tags: readonly string[] }) => [
          result.tags.join(),
          result,
        ]),
      );
      const there = `${registry.host}/team/m`;
      expect([...results.keys()].sort()).toEqual(['stable', 'v1', 'v2']);
      const files = [{ title: 'two.bin', size: 7, state: 'uploaded' }, {}, {}];
      expect(results.get('v2')).toMatchObject({ reference: `${there}:v2`, tags: ['v2'], files });
      const { digest } = JSON.parse(
        (await sandbox.run(['inspect', 'local/m:v1', '--format', 'json'])).stdout,
      );
      for (const tag of ['v1', 'stable'])
        expect(results.get(tag)).toMatchObject({ reference: `${there}:${tag}`, digest });
      expect(await tagsOf(`${registry.host}/team/m`)).toEqual(['stable', 'v1', 'v2']);
      const again = await sandbox.run([...copy.slice(0, 2), `${registry.host}/team/m`, 'local/back']);
      expect(again.stdout.match(/^Copied to local\/back:/gm)).toHaveLength(3);
      expect(await tagsOf('local/back')).toEqual(['stable', 'v1', 'v2']);
    } finally {
      await registry.stop();
    }
  });

  it('leaves out the tags that stand for referrers, which go along with -r', async () => {
    const attach = ['attach', 'local/m:v1', sandbox.path('two.bin'), '--artifact-type', 'text/note'];
    expect((await sandbox.run(attach)).status).toBe(0);
    const registry = await startTestRegistry({ referrersApi: false });
    try {
      const there = `${registry.host}/team/m`;
      expect((await sandbox.run(['cp', '-r', '--all-tags', 'local/m', there])).status).toBe(0);
      expect(await sandbox.run(['cp', '-r', '--all-tags', there, 'local/back'])).toMatchObject({ status: 0 });
      expect(await tagsOf('local/back')).toEqual(['stable', 'v1', 'v2']);
      const { stdout } = await sandbox.run(['discover', 'local/back:v1', '--format', 'json']);
      expect(JSON.parse(stdout).referrers).toMatchObject([{ artifactType: 'text/note' }]);
    } finally {
      await registry.stop();
    }
  });

  it.each([
    ['local/m:v1', 'local/copy'],
    ['local/m', 'local/copy:v1'],
    [`local/m@sha256:${'0'.repeat(64)}`, 'local/copy'],
    ['local/m', `local/copy@sha256:${'0'.repeat(64)}`],
  ])('refuses %s to %s, and copies nothing', async (from, to) => {
    const { status, stdout, stderr } = await sandbox.run(['cp', '--all-tags', from, to]);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain('two repositories, without tag or digest');
    expect((await sandbox.run(['ls', 'local'])).stdout).not.toContain('copy');
  });
});
