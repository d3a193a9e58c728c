import { readdir, symlink, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answer, corrupt, on } from '../support/registry/registry-faults.ts';
import { startTestRegistry, TEST_LOGIN } from '../support/registry/test-registry.ts';
import { type CliSandbox, makeCliSandbox } from '../support/run-cli.ts';
import { writeSafetensors } from '../support/safetensors-file.ts';

let sandbox: CliSandbox;
beforeEach(async () => {
  sandbox = await makeCliSandbox();
  await writeSafetensors(sandbox.path('m.safetensors'), [1, 2, 3]);
});
afterEach(() => sandbox.remove());

const golden = (name: string) => `../golden/cli/${name}`;

describe('usage errors', () => {
  it.each([
    ['an unknown verb', ['frobnicate']],
    ['an unknown option', ['push', 'local/a', 'x', '--nope']],
    ['a missing argument', ['pull']],
    ['a name without a host', ['pull', 'team/model:v1']],
    ['a malformed tag', ['pull', 'local/a:-x']],
    ['a malformed digest', ['pull', 'local/a@sha256:zz']],
    ['an option as a reference', ['inspect', '--', '-rf']],
    ['rm without a terminal', ['rm', 'local/a:v1']],
    ['both kinds of metadata', ['push', 'local/a', 'x', '-m', 'y', '--empty-metadata']],
  ])('%s exits with 2, says so on stderr and prints nothing on stdout', async (name, args) => {
    const { status, stdout, stderr } = await sandbox.run(args);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    await expect(sandbox.plain(stderr)).toMatchFileSnapshot(
      golden(`error-${name.replaceAll(' ', '-')}.golden.txt`),
    );
  });

  it('quotes at most 256 characters of a reference and shows its controls', async () => {
    const { status, stderr } = await sandbox.run(['pull', `local/${'A'.repeat(5000)}\u001b[31m`]);
    expect(status).toBe(2);
    expect(stderr.length).toBeLessThan(1200);
    expect(stderr).not.toContain('\u001b');
  });
});

describe('failures', () => {
  it('a missing artifact is 3, a missing file is 3', async () => {
    expect((await sandbox.run(['pull', 'local/a:v1'])).status).toBe(3);
    expect((await sandbox.run(['push', 'local/a:v1', sandbox.path('nope.onnx')])).status).toBe(3);
  });

  it('a wrong password is 4 with what to do, and no secret in the text', async () => {
    const registry = await startTestRegistry({ auth: 'bearer' });
    try {
      const { status, stderr } = await sandbox.run(
        [
          'push',
          `${registry.host}/a:v1`,
          sandbox.path('m.safetensors'),
          '-u',
          'ci',
          '--password-stdin',
          '--retries',
          '0',
        ],
        { input: 'hunter2\n' },
      );
      expect(status).toBe(4);
      expect(stderr).toMatch(/hint: .*omlmd login/);
      expect(stderr).not.toContain('hunter2');
      const login = await sandbox.run(
        ['login', registry.host, '-u', TEST_LOGIN.username, '--password-stdin'],
        { input: `${TEST_LOGIN.password}\n` },
      );
      expect(login).toMatchObject({ status: 0 });
      expect(
        (await sandbox.run(['push', `${registry.host}/a:v1`, sandbox.path('m.safetensors')])).status,
      ).toBe(0);
      expect((await sandbox.run(['logout', registry.host])).status).toBe(0);
      expect((await sandbox.run(['pull', `${registry.host}/a:v1`, '-o', sandbox.path('o')])).status).toBe(4);
    } finally {
      await registry.stop();
    }
  });

  it('a refused connection is 5', async () => {
    const { status, stderr } = await sandbox.run(['pull', '127.0.0.1:1/a:v1', '--retries', '0']);
    expect(status).toBe(5);
    expect(stderr).toMatch(/^error: .*127\.0\.0\.1:1/);
  });

  it('corrupt bytes are 6 and leave the folder clean', async () => {
    const registry = await startTestRegistry();
    try {
      await sandbox.run(['push', `${registry.host}/a:v1`, sandbox.path('m.safetensors')]);
      registry.faults.add(on('GET', '/blobs/'), corrupt(10));
      const before = registry.count('GET', '/blobs/');
      const { status } = await sandbox.run([
        'pull',
        `${registry.host}/a:v1`,
        '-o',
        sandbox.path('out'),
        '-m',
        'application/x-mlmodel',
      ]);
      expect(status).toBe(6);
      // The findings' own look, then the pull, each asked once more (R12).
      expect(registry.count('GET', '/blobs/') - before).toBeLessThanOrEqual(4);
      expect(await readdir(sandbox.path('out')).catch(() => [])).toEqual([]);
    } finally {
      await registry.stop();
    }
  });

  it('a wait that the registry asks for is told, once for all that wait, also where no progress is shown (R9)', async () => {
    const registry = await startTestRegistry();
    try {
      for (const tag of ['v1', 'v2'])
        await sandbox.run(['push', `${registry.host}/a:${tag}`, sandbox.path('m.safetensors')]);
      const asked = answer(429, { 'retry-after': '2' });
      for (const tag of ['v1', 'v2']) registry.faults.add(on('GET', `/manifests/${tag}`), asked, 1);
      const { status, stderr } = await sandbox.run(['ls', '--long', `${registry.host}/a`]);
      expect([status, stderr]).toEqual([
        0,
        `warning: ${registry.host}: waiting 2 s, the registry asked for it\n`,
      ]);
    } finally {
      await registry.stop();
    }
  });

  it('a Retry-After above the limit is 5 and is told', async () => {
    const registry = await startTestRegistry();
    try {
      registry.faults.add(on('HEAD', '/manifests/'), answer(429, { 'retry-after': '100000' }));
      registry.faults.add(on('GET', '/manifests/'), answer(429, { 'retry-after': '100000' }));
      const { status, stderr } = await sandbox.run(['pull', `${registry.host}/a:v1`]);
      expect(status).toBe(5);
      expect(stderr).toContain('100000');
    } finally {
      await registry.stop();
    }
  });

  it('files in the way are 8, named, and nothing is written', async () => {
    await sandbox.run(['push', 'local/a:v1', sandbox.path('m.safetensors')]);
    await writeFile(sandbox.path('model_metadata.omlmd.json'), 'mine');
    const { status, stderr } = await sandbox.run(['pull', 'local/a:v1', '-o', sandbox.folder]);
    expect(status).toBe(8);
    expect(stderr).toContain('model_metadata.omlmd.json');
    expect(await readdir(sandbox.folder)).not.toContain('model_metadata.omlmd.yaml');
    expect((await sandbox.run(['pull', 'local/a:v1', '-o', sandbox.folder, '-k'])).status).toBe(0);
  });

  it('a tag that exists is 8 with --tag-if-absent', async () => {
    await sandbox.run(['push', 'local/a:v1', sandbox.path('m.safetensors')]);
    const { status } = await sandbox.run([
      'push',
      'local/a:v1',
      sandbox.path('m.safetensors'),
      '--tag-if-absent',
    ]);
    expect(status).toBe(8);
  });

  it('a model that would run a command is 7 and nothing is sent', async () => {
    await writeFile(sandbox.path('evil.pkl'), "cos\nsystem\n(S'echo hi'\ntR.");
    const push = ['push', 'local/evil:v1', sandbox.path('evil.pkl')];
    const { status, stderr } = await sandbox.run(push);
    expect(status).toBe(7);
    expect(stderr).toMatch(/os.*system/);
    expect((await sandbox.run(['inspect', 'local/evil:v1'])).status).toBe(3);
    expect((await sandbox.run([...push, '--allow-unsafe'])).status).toBe(0);
  });

  it('a pull of a model that would run a command goes on, and says so on stderr', async () => {
    await writeFile(sandbox.path('evil.pkl'), "cos\nsystem\n(S'echo hi'\ntR.");
    await sandbox.run(['push', 'local/evil:v1', sandbox.path('evil.pkl'), '--allow-unsafe']);
    const { status, stdout, stderr } = await sandbox.run([
      'pull',
      'local/evil:v1',
      '-o',
      sandbox.path('out'),
    ]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Pulled local\/evil:v1\n/);
    expect(stderr).toMatch(/^warning: critical: evil\.pkl: .*"os\.system".*$/m);
  });

  it('a link that leaves a pushed folder is refused', async () => {
    const { mkdir } = await import('node:fs/promises');
    await mkdir(sandbox.path('net'));
    await symlink('/etc/hostname', sandbox.path('net/a.txt'));
    const { status, stderr } = await sandbox.run(['push', 'local/a:v1', sandbox.path('net')]);
    expect(status).toBe(7);
    expect(stderr).toContain('leaves the folder');
    expect((await sandbox.run(['inspect', 'local/a:v1'])).status).toBe(3);
    const inspected = await sandbox.run(['inspect', sandbox.path('net'), '--format', 'json']);
    expect(JSON.parse(inspected.stdout).findings).toMatchObject([
      { severity: 'critical', code: 'external-path', where: 'a.txt' },
    ]);
  });

  it('an interrupt is 130', async () => {
    const aborted = AbortSignal.abort();
    const { status } = await sandbox.run(['push', 'local/a:v1', sandbox.path('m.safetensors')], {
      signal: aborted,
    });
    expect(status).toBe(130);
  });
});

describe('JSON lines', () => {
  const events = (stdout: string) =>
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));

  it('begin with start and end with exactly one result', async () => {
    const { stdout, stderr } = await sandbox.run([
      'push',
      'local/a:v1',
      sandbox.path('m.safetensors'),
      '--progress',
      'jsonl',
    ]);
    const all = events(stdout);
    expect(stderr).toBe('');
    expect(all.every((event) => event.v === 1)).toBe(true);
    expect(all[0]).toMatchObject({ event: 'start' });
    expect(all.at(-1)).toMatchObject({ event: 'result', data: { tags: ['v1'] } });
    expect(all.filter((e) => e.event === 'result')).toHaveLength(1);
    for (const event of all.filter((e) => e.event === 'progress')) {
      expect(Object.keys(event).sort()).toEqual([
        'bytes',
        'event',
        'id',
        'kind',
        'name',
        'rate',
        'total',
        'v',
      ]);
      expect(event.bytes).toBeLessThanOrEqual(event.total);
    }
  });

  it('end with exactly one error, for usage errors too', async () => {
    for (const args of [
      ['pull', 'local/a:v9', '--progress', 'jsonl'],
      ['pull', '--progress', 'jsonl'],
    ]) {
      const { stdout, status } = await sandbox.run(args);
      const last = events(stdout).at(-1);
      expect(last).toMatchObject({ event: 'error', retryable: false });
      expect(Object.keys(last).sort()).toEqual(['code', 'event', 'hint', 'message', 'retryable', 'v']);
      expect(status).toBeGreaterThan(0);
    }
  });
});
