import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runOk } from '../support/processes.ts';
import { type DockerRegistry, startDockerRegistry } from './support/docker-registry.ts';

const MAIN = path.resolve(import.meta.dirname, '../../src/cli/main.ts');
const WRITERS = 8;
const ROUNDS = 3;

let folder: string;
let registry: DockerRegistry;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'omlmd-attach-'));
  registry = await startDockerRegistry();
});
afterAll(async () => {
  await registry?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function omlmd(...args: readonly string[]) {
  const env = { ...process.env, OMLMD_HOME: path.join(folder, 'home'), DOCKER_CONFIG: folder };
  const { stdout } = await runOk(process.execPath, [MAIN, ...args, '--format', 'json'], { env });
  return JSON.parse(stdout);
}

it('keeps what eight processes attach at once, although distribution heeds no conditions (R19)', async () => {
  const file = path.join(folder, 'report.txt');
  await writeFile(file, 'all is well\n');
  for (let round = 0; round < ROUNDS; round += 1) {
    const reference = `${registry.host}/attach:v${round}`;
    await omlmd('push', reference, file, '--set', `round=${round}`);
    const attached = await Promise.all(
      Array.from({ length: WRITERS }, (_, i) =>
        omlmd('attach', reference, file, '--artifact-type', 'text/x-report', '-a', `writer=${i}`),
      ),
    );
    const { referrers } = await omlmd('discover', reference);
    const digests = (list: readonly { digest: string }[]) => list.map(({ digest }) => digest).sort();
    expect(digests(referrers)).toEqual(digests(attached));
  }
});
