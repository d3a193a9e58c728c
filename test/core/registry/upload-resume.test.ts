import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { openFileContent } from '../../../src/core/oci/file-content.ts';
import type { Progress } from '../../../src/core/oci/progress.ts';
import type { PushOptions } from '../../../src/core/oci/target.ts';
import { unfinishedUploads } from '../../../src/core/operations/unfinished-uploads.ts';
import { CHUNK_BYTES } from '../../../src/core/registry/chunk-size.ts';
import type { Repository } from '../../../src/core/registry/repository.ts';
import { formatIdentity, ownIdentity } from '../../../src/core/store/process-identity.ts';
import { answer, on, resetUpload } from '../../support/registry/registry-faults.ts';
import { ConnectionEnd } from '../../support/registry/registry-handler.ts';
import { startTestRegistry, type TestRegistry } from '../../support/registry/test-registry.ts';
import { codeOf } from '../target.contract.ts';
import { clientOf, credentialsOf, LOGIN } from './test-client.ts';

const MIB = 1024 * 1024;

let registry: TestRegistry;
let folder = '';
let model = '';

beforeEach(async () => {
  registry = await startTestRegistry();
  folder = await mkdtemp(join(tmpdir(), 'omlmd-upload-'));
  model = join(folder, 'model.bin');
});

afterEach(async () => {
  await registry.stop();
  await rm(folder, { recursive: true, force: true });
});

/** A repository as a new process has it: nothing is known but what is in the data folder. */
function repositoryOf(options: Parameters<typeof clientOf>[1] = {}, name = 'team/model'): Repository {
  const uploads = unfinishedUploads(join(folder, 'home'));
  return clientOf(registry, { retries: 0, uploads, ...options }).repository(name);
}

async function makeModel(size: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(randomBytes(size));
  await writeFile(model, bytes);
  return bytes;
}

/** Pushes the model as a new process would, and tells how many bytes that sent. */
async function push(options: PushOptions = {}, repository = repositoryOf()): Promise<number> {
  const before = sent();
  await repository.ingest(await openFileContent(model), options);
  return sent() - before;
}

const sent = () => registry.requests.reduce((sum, { bytes }) => sum + bytes, 0);
const left = () => readdir(join(folder, 'home', 'uploads')).catch(() => []);

async function leftFile(): Promise<string> {
  const [name, ...more] = await left();
  expect(more).toEqual([]);
  return join(folder, 'home', 'uploads', name ?? 'none');
}

/** Lets `chunks` of them through and resets the next one in its middle. */
async function breakOff(chunks: number): Promise<void> {
  let seen = 0;
  const when = (call: Parameters<ReturnType<typeof on>>[0]) => call.method === 'PATCH' && ++seen > chunks;
  registry.faults.add(when, resetUpload(100_000));
  expect(await codeOf(push())).toBe('unreachable');
  registry.faults.clear();
}

async function expectStored(bytes: Uint8Array): Promise<void> {
  const descriptor = { mediaType: 'application/x-mlmodel', digest: digestOf(bytes), size: bytes.byteLength };
  expect(await repositoryOf().exists(descriptor)).toBe(true);
  expect(await left()).toEqual([]);
}

describe('an upload that broke off', () => {
  it.each([
    ['small enough to be hashed on the way', 13 * MIB + 5, 2],
    ['hashed in the background', 65 * MIB + 5, 5],
  ])('is gone on with by the next process: a file %s', async (_, size, chunks) => {
    const bytes = await makeModel(size);
    await breakOff(chunks);
    expect((await stat(await leftFile())).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, 'home', 'uploads'))).mode & 0o777).toBe(0o700);
    const progress: Progress[] = [];
    const posts = registry.count('POST');
    const again = await push({ onProgress: (p) => progress.push(p) });
    expect(again).toBeLessThanOrEqual(size - chunks * CHUNK_BYTES);
    expect(registry.count('POST')).toBe(posts);
    expect(progress[1]?.bytes).toBeGreaterThanOrEqual(chunks * CHUNK_BYTES);
    await expectStored(bytes);
  });

  it('is gone on with where the digest is known by now', async () => {
    const bytes = await makeModel(33 * MIB);
    await breakOff(3);
    const expected = { mediaType: 'application/x-mlmodel', digest: digestOf(bytes), size: 33 * MIB };
    const before = sent();
    await repositoryOf().push(expected, await openFileContent(model));
    expect(sent() - before).toBeLessThanOrEqual(21 * MIB);
    await expectStored(bytes);
  });

  it('may have come whole', async () => {
    for (const size of [9 * MIB, 66 * MIB]) {
      const bytes = await makeModel(size);
      registry.faults.add(on('PUT', '/blobs/'), answer(503));
      expect(await codeOf(push())).toBe('registry-failed');
      registry.faults.clear();
      expect(await push()).toBe(0);
      await expectStored(bytes);
    }
  });

  it('is gone on with as often as it breaks', async () => {
    const bytes = await makeModel(33 * MIB);
    const before = sent();
    for (let i = 0; i < 6; i += 1) await breakOff(1);
    await push();
    expect(sent() - before).toBeLessThanOrEqual(33 * MIB + 7 * 100_000);
    await expectStored(bytes);
  });

  it('is stopped within 200 ms, and can be gone on with', async () => {
    const bytes = await makeModel(33 * MIB);
    const controller = new AbortController();
    let aborted = 0;
    const onProgress = ({ bytes: done }: Progress) => {
      if (done < 16 * MIB) return;
      aborted ||= performance.now();
      controller.abort(new Error('enough'));
    };
    await expect(push({ onProgress, signal: controller.signal })).rejects.toThrow('enough');
    expect(performance.now() - aborted).toBeLessThan(200);
    expect(await push()).toBeLessThanOrEqual(17 * MIB);
    await expectStored(bytes);
  });

  it('keeps no login in its file', async () => {
    await registry.stop();
    registry = await startTestRegistry({ auth: 'bearer' });
    await makeModel(13 * MIB);
    let seen = 0;
    registry.faults.add((call) => call.method === 'PATCH' && ++seen > 2, resetUpload(100_000));
    const repository = repositoryOf({ credentials: credentialsOf(LOGIN) });
    expect(await codeOf(push({}, repository))).toBe('unreachable');
    const text = await readFile(await leftFile(), 'utf8');
    const secrets = registry.requests.flatMap(({ headers }) => headers.authorization?.split(' ')[1] ?? []);
    expect(secrets.length).toBeGreaterThan(0);
    for (const secret of secrets) expect(text).not.toContain(secret);
  });
});

describe('a process that was killed', () => {
  async function setOwner(owner: unknown): Promise<void> {
    const path = await leftFile();
    await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), owner }));
  }

  it('leaves an upload that is gone on with', async () => {
    const bytes = await makeModel(13 * MIB);
    await breakOff(2);
    await setOwner({ ...(await ownIdentity()), pid: 2 ** 30 });
    expect(await push()).toBeLessThanOrEqual(5 * MIB);
    await expectStored(bytes);
  });

  it('may leave what it was about to write, which goes with the next push', async () => {
    const bytes = await makeModel(13 * MIB);
    await breakOff(2);
    const gone = formatIdentity({ ...(await ownIdentity()), pid: 2 ** 30 });
    await writeFile(join(folder, 'home', 'uploads', `.omlmd-${gone}-0123abcd`), '{"own');
    await push();
    await expectStored(bytes);
  });

  it('is not one that still runs: its upload is its own', async () => {
    await makeModel(13 * MIB);
    await breakOff(2);
    await setOwner(await ownIdentity());
    expect(await push()).toBe(13 * MIB);
  });
});

describe('an unfinished upload is begun anew', () => {
  it('when the registry has forgotten it', async () => {
    const bytes = await makeModel(13 * MIB);
    await breakOff(2);
    registry.faults.add(on('GET', '/blobs/uploads/'), answer(404, {}, 'BLOB_UPLOAD_UNKNOWN'), 1);
    expect(await push()).toBe(13 * MIB);
    await expectStored(bytes);
  });

  it('when the registry does not take what it has come to', async () => {
    const bytes = await makeModel(13 * MIB);
    await breakOff(2);
    registry.faults.add(on('PUT', '/blobs/'), answer(400, {}, 'DIGEST_INVALID'), 1);
    await push();
    await expectStored(bytes);
  });

  it('when the file has changed, or goes elsewhere', async () => {
    await makeModel(13 * MIB);
    await breakOff(2);
    expect(await push({}, repositoryOf({}, 'team/other'))).toBe(13 * MIB);
    const bytes = await makeModel(13 * MIB);
    expect(await push()).toBe(13 * MIB);
    const old = Date.now() / 1000 - 25 * 3600;
    await utimes(await leftFile(), old, old);
    expect(await push()).toBe(13 * MIB);
    await expectStored(bytes);
  });

  it('when it is older than a day, or its file is damaged', async () => {
    await makeModel(13 * MIB);
    await breakOff(2);
    const old = Date.now() / 1000 - 25 * 3600;
    await utimes(await leftFile(), old, old);
    expect(await push()).toBe(13 * MIB);
    await breakOff(2);
    await writeFile(await leftFile(), '{"owner":null,"upload":{"url":3}}');
    expect(await push()).toBe(13 * MIB);
    expect(await left()).toEqual([]);
  });

  it('when its content was wrong', async () => {
    await makeModel(13 * MIB);
    const content = await openFileContent(model);
    const onProgress = ({ bytes }: Progress) => {
      if (bytes === CHUNK_BYTES) void utimes(model, 1, 1);
    };
    expect(await codeOf(repositoryOf().ingest(content, { onProgress }))).toBe('file-changed');
    expect(registry.count('DELETE', '/blobs/uploads/')).toBe(1);
    expect(await left()).toEqual([]);
  });
});

describe('connections that do not last', () => {
  const atomic = (bytes: number) => {
    // Keeps nothing of a chunk that did not come whole, and forgets its session, as CNCF distribution does.
    registry.faults.add(
      (call) => call.method === 'PATCH' && Number(call.headers['content-length']) > bytes,
      async () => {
        registry.memory.dropSessions();
        throw new ConnectionEnd('reset');
      },
    );
  };

  it('get smaller chunks where they cost the session', async () => {
    const bytes = await makeModel(13 * MIB);
    for (const limit of [3, 1.5]) {
      atomic(limit * MIB);
      await push({}, repositoryOf({ retries: 5 }, `team/model-${limit * 10}`));
      registry.faults.clear();
    }
    const apart = registry.requests.filter(({ method, status }) => method === 'PATCH' && status === 202);
    expect(apart.every(({ headers }) => headers.connection === 'close')).toBe(true);
    expect(bytes.byteLength).toBe(13 * MIB);
  });

  it('get a small blob in chunks', async () => {
    const bytes = await makeModel(3.5 * MIB);
    registry.faults.add((call) => Number(call.headers['content-length']) > 3 * MIB, resetUpload(3 * MIB));
    await push({}, repositoryOf({ retries: 5 }));
    await expectStored(bytes);
  });
});
