import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runOk } from '../support/processes.ts';
import { type DockerRegistry, startDockerRegistry } from './support/docker-registry.ts';
import { Omlmd } from './support/omlmd.ts';

describe('skopeo', () => {
  let registry: DockerRegistry;
  let omlmd: Omlmd;
  let manifest: string;
  let inStore: string;
  let inRegistry: string;

  beforeAll(async () => {
    registry = await startDockerRegistry();
    omlmd = new Omlmd();
    omlmd.write('model.bin', 'weights\n');
    await omlmd.text(['push', 'local/churn:v1', 'model.bin', '--set', 'name=churn']);
    await omlmd.text(['cp', 'local/churn:v1', `${registry.host}/team/churn:v1`]);
    manifest = await omlmd.text(['get', 'manifest', 'local/churn:v1']);
    inStore = `oci:${path.join(omlmd.home, 'store', 'churn')}:v1`;
    inRegistry = `docker://${registry.host}/team/churn:v1`;
  });
  afterAll(async () => {
    omlmd.remove();
    await registry.stop();
  });

  const skopeo = (...args: string[]) =>
    runOk('skopeo', ['--insecure-policy', ...args], { cwd: omlmd.work, env: omlmd.env() });

  it('inspects the raw manifest in a registry and in the local store', async () => {
    expect((await skopeo('inspect', '--tls-verify=false', '--raw', inRegistry)).stdout).toBe(manifest);
    expect((await skopeo('inspect', '--raw', inStore)).stdout).toBe(manifest);
  });

  it('copies out of the registry and out of the local store, every byte as it was', async () => {
    await skopeo('copy', '--src-tls-verify=false', inRegistry, 'dir:from-registry');
    await skopeo('copy', inStore, 'dir:from-store');
    for (const copied of ['from-registry', 'from-store']) {
      const folder = path.join(omlmd.work, copied);
      expect(readFileSync(path.join(folder, 'manifest.json'), 'utf8')).toBe(manifest);
      const blobs = readdirSync(folder).filter((name) => /^[0-9a-f]{64}$/.test(name));
      expect(blobs.sort()).toEqual(digestsIn(manifest));
    }
  });

  it('copies into a registry and into an image layout that we read', async () => {
    const copied = `${registry.host}/team/by-skopeo:v1`;
    await skopeo('copy', '--dest-tls-verify=false', inStore, `docker://${copied}`);
    expect(await omlmd.text(['get', 'manifest', copied])).toBe(manifest);
    await skopeo('copy', inStore, 'oci:layout:v1');
    expect(await omlmd.text(['get', 'manifest', 'oci-layout:layout:v1'])).toBe(manifest);
    await omlmd.text(['pull', 'oci-layout:layout:v1', '-o', 'pulled']);
    expect(readFileSync(path.join(omlmd.work, 'pulled', 'model.bin'), 'utf8')).toBe('weights\n');
  });
});

/** The hexadecimal parts of a manifest's digests, each once, sorted. */
function digestsIn(manifest: string): readonly string[] {
  return [...new Set([...manifest.matchAll(/sha256:([0-9a-f]{64})/g)].map((match) => match[1] ?? ''))].sort();
}
