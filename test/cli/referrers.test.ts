import { access, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answer, on } from '../support/registry/registry-faults.ts';
import { startTestRegistry } from '../support/registry/test-registry.ts';
import { type CliSandbox, makeCliSandbox } from '../support/run-cli.ts';

let sandbox: CliSandbox;
beforeEach(async () => {
  sandbox = await makeCliSandbox();
  await writeFile(sandbox.path('model.bin'), 'weights');
  await writeFile(sandbox.path('sbom.json'), '{"spdxVersion": "SPDX-2.3"}');
});
afterEach(() => sandbox.remove());

async function json(...args: string[]) {
  const { status, stdout, stderr } = await sandbox.run([...args, '--format', 'json']);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout);
}

/** Files that are younger are not remembered, milliseconds. */
const SETTLED_MS = 200;
const SBOM = ['--artifact-type', 'application/spdx+json'];

async function attachAndFind(reference: string): Promise<void> {
  const pushed = await json('push', reference, sandbox.path('model.bin'), '--empty-metadata');
  const sbom = await json('attach', reference, `${sandbox.path('sbom.json')}:application/spdx+json`, ...SBOM);
  const again = await json(
    'attach',
    reference,
    `${sandbox.path('sbom.json')}:application/spdx+json`,
    ...SBOM,
  );
  expect(again.digest).toBe(sbom.digest);
  const place = reference.slice(0, reference.lastIndexOf(':'));
  const signature = ['--artifact-type', 'application/x-signature', '-a', 'by=Ada'];
  const signed = await json('attach', `${place}@${sbom.digest}`, sandbox.path('model.bin'), ...signature);
  const found = await json('discover', reference);
  expect(found).toMatchObject({
    digest: pushed.digest,
    referrers: [
      {
        digest: sbom.digest,
        artifactType: 'application/spdx+json',
        referrers: [
          {
            digest: signed.digest,
            artifactType: 'application/x-signature',
            annotations: { by: 'Ada' },
            referrers: [],
          },
        ],
      },
    ],
  });
  expect((await json('discover', reference, '--artifact-type', 'application/none')).referrers).toEqual([]);
  // The signature is of the other type, and refers to one of this.
  expect((await json('discover', reference, ...SBOM)).referrers).toMatchObject([
    { digest: sbom.digest, referrers: [] },
  ]);
  const { stdout } = await sandbox.run(['discover', reference]);
  expect(stdout).toMatch(/\n└── application\/spdx\+json .*\n {4}└── application\/x-signature /);
}

describe('what is attached to an artifact', () => {
  it('is found in the local store, in a tree', async () => {
    await attachAndFind('local/m:v1');
  });

  it.each([true, false])('is found in a registry, with the referrers API: %s', async (referrersApi) => {
    const registry = await startTestRegistry({ referrersApi });
    try {
      await attachAndFind(`${registry.host}/m:v1`);
      // The tags that stand for referrers are not versions.
      expect((await sandbox.run(['ls', `${registry.host}/m`])).stdout).toBe('v1\n');
    } finally {
      await registry.stop();
    }
  });

  it('goes along with a recursive copy', async () => {
    await attachAndFind('local/m:v1');
    await json('cp', '-r', 'local/m:v1', 'local/copy:v1');
    const [from, to] = [await json('discover', 'local/m:v1'), await json('discover', 'local/copy:v1')];
    expect(to.referrers).toEqual(from.referrers);
  });

  it('is hashed anew where the digests of before are not to be used', async () => {
    const remembered = () =>
      access(`${sandbox.home}/digests.json`).then(
        () => true,
        () => false,
      );
    await sleep(SETTLED_MS);
    await json('push', 'local/m:v1', sandbox.path('model.bin'), '--empty-metadata', '--no-digest-cache');
    const attach = ['attach', 'local/m:v1', sandbox.path('sbom.json'), ...SBOM];
    const { digest } = await json(...attach, '--no-digest-cache');
    expect(await remembered()).toBe(false);
    expect((await json(...attach)).digest).toBe(digest);
    expect(await remembered()).toBe(true);
  });

  it('needs a type that is one', async () => {
    await json('push', 'local/m:v1', sandbox.path('model.bin'), '--empty-metadata');
    expect((await sandbox.run(['attach', 'local/m:v1', sandbox.path('sbom.json')])).status).toBe(2);
    const bad = ['attach', 'local/m:v1', sandbox.path('sbom.json'), '--artifact-type', 'not a type'];
    expect((await sandbox.run(bad)).status).toBe(2);
    expect((await sandbox.run(['attach', 'local/m:nope', sandbox.path('sbom.json'), ...SBOM])).status).toBe(
      3,
    );
  });

  it('is listed by a second try, when the first was interrupted after its manifest was stored', async () => {
    const registry = await startTestRegistry({ referrersApi: false });
    try {
      const reference = `${registry.host}/m:v1`;
      await json('push', reference, sandbox.path('model.bin'), '--empty-metadata');
      const attach = ['attach', reference, sandbox.path('sbom.json'), ...SBOM];
      registry.faults.add(on('PUT', '/manifests/sha256-'), answer(403), 1);
      expect((await sandbox.run(attach)).status).toBe(4);
      expect((await json('discover', reference)).referrers).toEqual([]);
      const { digest } = await json(...attach);
      expect((await json('discover', reference)).referrers).toMatchObject([{ digest }]);
    } finally {
      await registry.stop();
    }
  });

  it('is listed by a second copy, when the first was interrupted between storing and listing', async () => {
    const registry = await startTestRegistry({ referrersApi: false });
    try {
      await attachAndFind('local/m:v1');
      const copy = ['cp', '-r', 'local/m:v1', `${registry.host}/m:v1`];
      registry.faults.add(on('PUT', '/manifests/sha256-'), answer(403), 1);
      expect((await sandbox.run(copy)).status).toBe(4);
      expect((await sandbox.run(copy)).status).toBe(0);
      const { referrers } = await json('discover', 'local/m:v1');
      expect((await json('discover', `${registry.host}/m:v1`)).referrers).toEqual(referrers);
      // Where all is listed, nothing is written again.
      registry.requests.length = 0;
      expect((await sandbox.run(copy)).status).toBe(0);
      expect(registry.count('PUT', '/manifests/sha256')).toBe(0);
    } finally {
      await registry.stop();
    }
  });

  it('is shown to eight levels, with a warning that there may be more (S12)', async () => {
    let { digest } = await json('push', 'local/m:v1', sandbox.path('model.bin'), '--empty-metadata');
    for (let level = 0; level < 9; level += 1)
      ({ digest } = await json('attach', `local/m@${digest}`, sandbox.path('sbom.json'), ...SBOM));
    const { status, stdout, stderr } = await sandbox.run(['discover', 'local/m:v1']);
    expect([status, stdout.trimEnd().split('\n').length]).toEqual([0, 1 + 8]);
    expect(stderr).toMatch(/^warning: discover "local\/m:v1": what is deeper than 8 levels is not shown\n$/);
  });

  it('is each shown once, whatever a registry says of circles (S12)', async () => {
    const registry = await startTestRegistry();
    try {
      const reference = `${registry.host}/m:v1`;
      await json('push', reference, sandbox.path('model.bin'), '--empty-metadata');
      const { digest } = await json('attach', reference, sandbox.path('sbom.json'), ...SBOM);
      // Asked for anything, it names the same one.
      const list = registry.memory.handle.bind(registry.memory);
      const pathname = '/v2/m/referrers/';
      const subject = (await json('discover', reference)).digest;
      registry.faults.add(on('GET', pathname), (call) =>
        list({ ...call, url: new URL(`${pathname}${subject}`, call.url) }),
      );
      expect((await json('discover', reference)).referrers).toMatchObject([{ digest, referrers: [] }]);
    } finally {
      await registry.stop();
    }
  });

  it('keeps all of eight that attach at once to a registry without the referrers API (R19)', async () => {
    const registry = await startTestRegistry({ referrersApi: false });
    try {
      const reference = `${registry.host}/m:v1`;
      await json('push', reference, sandbox.path('model.bin'), '--empty-metadata');
      await Promise.all(
        Array.from({ length: 8 }, (_, i) =>
          json('attach', reference, sandbox.path('sbom.json'), ...SBOM, '-a', `writer=${i}`),
        ),
      );
      expect((await json('discover', reference)).referrers).toHaveLength(8);
    } finally {
      await registry.stop();
    }
  });
});
