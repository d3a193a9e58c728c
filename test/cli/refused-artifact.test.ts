import { readFile, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MediaType } from '../../src/core/oci/media-types.ts';
import { answer, type Fault, on } from '../support/registry/registry-faults.ts';
import { readCall } from '../support/registry/registry-handler.ts';
import { startTestRegistry, type TestRegistry } from '../support/registry/test-registry.ts';
import { type CliSandbox, makeCliSandbox } from '../support/run-cli.ts';

let sandbox: CliSandbox;
let registry: TestRegistry;
beforeEach(async () => {
  sandbox = await makeCliSandbox();
  registry = await startTestRegistry();
  registry.faults.add(on('PUT', '/manifests/'), imagesOnly);
});
afterEach(async () => {
  await registry.stop();
  await sandbox.remove();
});

/** As registries with a list of config types do. */
const imagesOnly: Fault = async (call, next) => {
  const body = await readCall(call);
  const { mediaType } = JSON.parse(body.toString()).config;
  if (mediaType !== MediaType.imageConfig)
    return answer(400, {}, 'MANIFEST_INVALID', `config.mediaType ${mediaType} is not allowed`)(call, next);
  return next({
    ...call,
    body: (async function* () {
      yield body;
    })(),
  });
};

describe('an artifact that a registry refuses for its config type', () => {
  async function push(...more: readonly string[]) {
    await writeFile(sandbox.path('m.bin'), 'weights');
    const reference = `${registry.host}/team/churn:v1`;
    const set = ['--set', 'name=churn', '--set', 'accuracy=0.97'];
    return sandbox.run(['push', reference, sandbox.path('m.bin'), ...set, ...more]);
  }

  it('is said with the field and the registry’s words, and has no tag', async () => {
    const { status, stderr } = await push();
    expect(status).not.toBe(0);
    expect(stderr).toContain('config.mediaType');
    const [stored] = registry.memory.repositories.values();
    expect(stored?.manifests.size).toBe(0);
  });

  it('is pushed with a type that the registry knows, and is the same model to who pulls it', async () => {
    expect((await push('--config-type', MediaType.imageConfig)).status).toBe(0);
    const reference = `${registry.host}/team/churn:v1`;
    const inspected = await sandbox.run(['inspect', reference, '--format', 'json']);
    expect(JSON.parse(inspected.stdout)).toMatchObject({
      format: 'omlmd',
      config: { mediaType: MediaType.imageConfig },
      metadata: { name: 'churn', customProperties: { accuracy: 0.97 } },
    });
    expect((await sandbox.run(['pull', reference, '-o', sandbox.path('out')])).status).toBe(0);
    expect(await readFile(sandbox.path('out/m.bin'), 'utf8')).toBe('weights');
  });
});
