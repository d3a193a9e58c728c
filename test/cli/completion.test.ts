import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VERBS } from '../../src/cli/verbs.ts';
import { type CliSandbox, makeCliSandbox } from '../support/run-cli.ts';

let sandbox: CliSandbox;
beforeEach(async () => {
  sandbox = await makeCliSandbox();
});
afterEach(() => sandbox.remove());

const onPath = (program: string) => spawnSync(program, ['--version']).error === undefined;

async function script(shell: string): Promise<string> {
  const { status, stdout, stderr } = await sandbox.run(['completion', shell]);
  expect([status, stderr]).toEqual([0, '']);
  return stdout;
}

describe('completion', () => {
  it.each(['bash', 'zsh', 'fish'])('knows every verb and its options, for %s', async (shell) => {
    const text = await script(shell);
    for (const verb of Object.keys(VERBS)) expect(text).toMatch(new RegExp(`\\b${verb}\\b`));
    for (const option of ['all-tags', 'no-digest-cache', 'artifact-type', 'password-stdin'])
      expect(text).toContain(option);
  });

  it('is one document in JSON, and refuses other shells', async () => {
    const { stdout } = await sandbox.run(['completion', 'bash', '--format', 'json']);
    expect(JSON.parse(stdout)).toEqual({ shell: 'bash', script: (await script('bash')).trimEnd() });
    for (const args of [['tcsh'], []]) {
      const { status, stdout: out } = await sandbox.run(['completion', ...args]);
      expect([status, out]).toEqual([2, '']);
    }
  });

  describe.runIf(onPath('bash'))('in bash', () => {
    async function complete(...words: readonly string[]): Promise<readonly string[]> {
      const asked = `eval "$SCRIPT"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _omlmd; printf '%s\\n' "\${COMPREPLY[@]}"`;
      const env = { ...process.env, SCRIPT: await script('bash') };
      const options = { cwd: sandbox.folder, env, encoding: 'utf8' } as const;
      const out = execFileSync('bash', ['-c', asked, 'bash', 'omlmd', ...words], options);
      return out.split('\n').filter((line) => line !== '');
    }

    it('completes verbs, and the options of each', async () => {
      expect(await complete('pu')).toEqual(['push', 'pull']);
      expect(await complete('cp', '--al')).toEqual(['--all-tags']);
      expect(await complete('pull', '--all-t')).toEqual([]);
      expect(await complete('push', 'local/m', '--dry')).toEqual(['--dry-run']);
    });

    it('completes files, also those with spaces in their names', async () => {
      await mkdir(sandbox.path('models'));
      await writeFile(sandbox.path('models/my model.onnx'), '');
      await writeFile(sandbox.path('models/other.onnx'), '');
      expect(await complete('push', 'local/m', 'models/m')).toEqual(['models/my model.onnx']);
      expect((await complete('push', 'local/m', 'models/')).length).toBe(2);
    });
  });

  it.runIf(onPath('zsh'))('is a script that zsh takes', async () => {
    const asked = 'autoload -U compinit && compinit -u -D && eval "$SCRIPT" && print $_comps[omlmd]';
    const env = { ...process.env, SCRIPT: await script('zsh') };
    expect(execFileSync('zsh', ['-f', '-c', asked], { env, encoding: 'utf8' })).toBe('_omlmd\n');
  });

  it.runIf(onPath('fish'))('completes in fish', async () => {
    const env = { ...process.env, HOME: sandbox.folder, SCRIPT: await script('fish') };
    const asked = 'echo $SCRIPT | source; complete -C "omlmd pu"; complete -C "omlmd cp --al"';
    const out = execFileSync('fish', ['-N', '-c', asked], { env, encoding: 'utf8' });
    const words = out.split('\n').map((line) => line.split('\t')[0]);
    expect(words).toEqual(expect.arrayContaining(['push', 'pull', '--all-tags']));
  });
});
