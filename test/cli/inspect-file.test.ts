import { writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CliSandbox, makeCliSandbox } from '../support/run-cli.ts';

let sandbox: CliSandbox;
beforeEach(async () => {
  sandbox = await makeCliSandbox();
});
afterEach(() => sandbox.remove());

describe('the card of a model file or folder', () => {
  it.each([
    'models/mlp.onnx',
    'models/external.onnx',
    'models/tiny-llama.Q4_K_M.gguf',
    'models/pipeline.pkl',
    'models/adapter.safetensors',
    'folders/llama',
    'folders/mlflow-sklearn',
    'folders/diffusers',
    'folders/splits/tiny-00002-of-00003.gguf',
  ])('shows what it is and what is in it: %s', async (model) => {
    const { status, stdout } = await sandbox.run(['inspect', `test/fixtures/${model}`]);
    expect(status).toBe(0);
    await expect(stdout).toMatchFileSnapshot(
      `../golden/cli/inspect-${model.replaceAll('/', '-')}.golden.txt`,
    );
  });

  it('names the place of a finding, the gravest first, and escapes what the file says', async () => {
    // A pickle that calls os.system, and after its end another that imports a name with a control character.
    const evil = "cos\nsystem\n(S'true'\ntR.";
    const odd = 'cmine\nna\u001bme\n.';
    await writeFile(sandbox.path('evil.pkl'), evil + odd);
    const { stdout } = await sandbox.run(['inspect', sandbox.path('evil.pkl')]);
    const [, findings = ''] = stdout.split('\nFindings\n');
    expect(findings).toMatch(/^ {2}critical {2}unsafe-import .*\(offset \d+\)/);
    expect(findings.split('\n').at(-2)).toMatch(/^ {2}info {6}runs-code-when-loaded/);
    expect(stdout).not.toContain('\u001b');
  });
});
