import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Progress } from '../../../src/core/oci/progress.ts';
import { type CopyArtifactOptions, copyArtifact } from '../../../src/core/operations/copy-artifact.ts';
import { parseLocation } from '../../../src/core/operations/location.ts';
import { prepareModel } from '../../../src/core/operations/prepare-model.ts';
import { push } from '../../../src/core/operations/push.ts';
import { collectGarbage } from '../../../src/core/store/collect-garbage.ts';
import { formatIdentity, ownIdentity } from '../../../src/core/store/process-identity.ts';
import { verifyLayout } from '../../../src/core/store/verify-layout.ts';
import { corrupt, on, slowly } from '../../support/registry/registry-faults.ts';
import { startTestRegistry, type TestRegistry } from '../../support/registry/test-registry.ts';
import { codeOf } from '../target.contract.ts';
import { contextAt } from './context-at.ts';

const MIB = 1024 * 1024;
/** More than what comes with the first look at a blob, and more than one chunk of an upload. Bytes. */
const SIZE = 5 * MIB;
let folder: string;
let registry: TestRegistry;
let other: TestRegistry;
let digest: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'omlmd-copy-'));
  [registry, other] = await Promise.all([startTestRegistry(), startTestRegistry()]);
  await writeFile(join(folder, 'model.bin'), randomBytes(SIZE));
  const model = await prepareModel([{ path: join(folder, 'model.bin') }], { metadata: { kind: 'empty' } });
  const pushed = await push(contextAt(join(folder, 'home')), parseLocation(`${registry.host}/m:v1`), model);
  digest = pushed.result.files[0]?.digest ?? '';
  registry.requests.length = 0;
});
afterEach(async () => {
  await Promise.all([registry.stop(), other.stop()]);
  await rm(folder, { recursive: true });
});

function copyTo(place: string, options: CopyArtifactOptions = {}) {
  return copyArtifact(
    contextAt(join(folder, 'home')),
    parseLocation(`${registry.host}/m:v1`),
    parseLocation(place),
    options,
  );
}

/** How often the model was asked for from its first byte. */
function asked(): number {
  return registry.requests.filter(
    ({ method, path, headers }) =>
      method === 'GET' && path.endsWith(digest) && /^(?:undefined|bytes=0-)/.test(`${headers.range}`),
  ).length;
}

describe('a blob that comes damaged', () => {
  it('is asked for once more on its way to another registry (R12)', async () => {
    registry.faults.add(on('GET', digest), corrupt(SIZE - 7), 1);
    const result = await copyTo(`${other.host}/m:v1`);
    expect(result.files[0]).toMatchObject({ digest, state: 'uploaded' });
    expect(asked()).toBe(2);
  });

  it('is asked for once more on its way into a layout', async () => {
    registry.faults.add(on('GET', digest), corrupt(100), 1);
    await copyTo(`oci-layout:${join(folder, 'layout')}:v1`);
    const stored = await readFile(join(folder, 'layout', 'blobs', 'sha256', digest.slice('sha256:'.length)));
    expect(stored.equals(await readFile(join(folder, 'model.bin')))).toBe(true);
    expect(asked()).toBe(2);
  });

  it('again is refused, and nothing of it stays', async () => {
    registry.faults.add(on('GET', digest), corrupt(100));
    await expect(copyTo(`${other.host}/m:v1`)).rejects.toMatchObject({
      code: 'digest-mismatch',
      message: expect.stringContaining('copy "model.bin": expected sha256:'),
    });
    expect(asked()).toBe(2);
    expect(other.requests.filter(({ method }) => method === 'DELETE')).toHaveLength(2);
    expect(await codeOf(copyTo(`oci-layout:${join(folder, 'layout')}:v1`))).toBe('digest-mismatch');
    expect(asked()).toBe(4);
    const left = await readdir(join(folder, 'layout', 'blobs'), { recursive: true });
    expect(left.filter((name) => name.includes('.omlmd-') || name.includes(digest.slice(7)))).toEqual([]);
  });

  it('is not asked for again because of what the other side says', async () => {
    other.faults.add(on('PUT', '/uploads/'), async () => {
      const body = Buffer.from('{"errors":[{"code":"DIGEST_INVALID"}]}');
      return { status: 400, body };
    });
    expect(await codeOf(copyTo(`${other.host}/m:v1`))).toBe('digest-mismatch');
    expect(asked()).toBe(1);
  });
});

describe('a blob whose way into a layout broke off', () => {
  const layout = () => join(folder, 'layout');
  const hidden = async () =>
    (await readdir(join(layout(), 'blobs'))).filter((name) => name.startsWith('.omlmd-'));

  /** Stops when a good part has come, as a person does. */
  async function breakOff(): Promise<void> {
    const controller = new AbortController();
    const onProgress = ({ id, bytes }: Progress) =>
      id === digest && bytes > 2 * MIB && controller.abort(new Error('enough'));
    registry.faults.add(on('GET', digest), slowly(5, 1000), 1);
    await expect(
      copyTo(`oci-layout:${layout()}:v1`, { onProgress, signal: controller.signal }),
    ).rejects.toThrow('enough');
    registry.requests.length = 0;
  }

  async function expectGoneOnWith(): Promise<void> {
    await copyTo(`oci-layout:${layout()}:v1`);
    const ranges = registry.requests
      .filter(({ method, path }) => method === 'GET' && path.endsWith(digest))
      .map(({ headers }) => Number(/^bytes=([0-9]+)-/.exec(`${headers.range}`)?.[1]));
    expect(ranges).toEqual([expect.any(Number)]);
    expect(ranges[0]).toBeGreaterThan(2 * MIB);
    expect(await verifyLayout(layout())).toEqual([]);
    const stored = join(layout(), 'blobs', 'sha256', digest.slice('sha256:'.length));
    expect((await stat(stored)).mode & 0o777).toBe(0o444 & ~process.umask());
    expect(await hidden()).toEqual([]);
  }

  it('is gone on with by the next copy', async () => {
    await breakOff();
    expect(await hidden()).toEqual([expect.stringMatching(/^\.omlmd-unfinished-/)]);
    expect(await verifyLayout(layout())).toEqual([]);
    await expectGoneOnWith();
  });

  it('is gone on with after its process was killed', async () => {
    await breakOff();
    const [left = ''] = await hidden();
    const gone = formatIdentity({ ...(await ownIdentity()), pid: 2 ** 30 });
    await rename(join(layout(), 'blobs', left), join(layout(), 'blobs', `.omlmd-${gone}-Killed`));
    await expectGoneOnWith();
  });

  it('goes with the garbage after a day', async () => {
    await breakOff();
    expect((await collectGarbage([layout()])).removed).toBe(0);
    const [left = ''] = await hidden();
    const old = Date.now() / 1000 - 25 * 3600;
    await utimes(join(layout(), 'blobs', left), old, old);
    expect((await collectGarbage([layout()], { dryRun: true })).removed).toBe(2);
    expect((await collectGarbage([layout()])).removed).toBe(2);
    expect(await hidden()).toEqual([]);
  });
});
