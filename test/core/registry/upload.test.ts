import type { IncomingHttpHeaders } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Progress } from '../../../src/core/oci/progress.ts';
import { CHUNK_BYTES } from '../../../src/core/registry/chunk-size.ts';
import type { Repository } from '../../../src/core/registry/repository.ts';
import { answer, loseAnswer, on, resetUpload, withHeaders } from '../../support/registry/registry-faults.ts';
import { startTestRegistry, type TestRegistry } from '../../support/registry/test-registry.ts';
import { codeOf } from '../target.contract.ts';
import { type Blob, chunked, clientOf, credentialsOf, failureOf, LOGIN, randomBlob } from './test-client.ts';

const MIB = 1024 * 1024;

let registry: TestRegistry;
let repository: Repository;
let large: Blob;
let waits: number[];

beforeEach(async () => {
  registry = await startTestRegistry();
  waits = [];
  repository = clientOf(registry, { waits }).repository('team/model');
  large = randomBlob(13 * MIB + 5);
});

afterEach(() => registry.stop());

async function push(blob: Blob = large): Promise<void> {
  await repository.push(blob.descriptor, blob.content);
  expect(await repository.exists(blob.descriptor)).toBe(true);
}

const sent = () => registry.requests.reduce((sum, { bytes }) => sum + bytes, 0);

describe('an upload', () => {
  it('is one PUT up to 4 MiB, and PATCHes of 4 MiB above', async () => {
    await push(randomBlob(CHUNK_BYTES));
    expect([registry.count('PATCH'), registry.count('PUT')]).toEqual([0, 1]);
    await push();
    expect(registry.requests.filter(({ method }) => method === 'PATCH').map(({ bytes }) => bytes)).toEqual([
      CHUNK_BYTES,
      CHUNK_BYTES,
      CHUNK_BYTES,
      MIB + 5,
    ]);
  });

  it('sends at most one chunk again after a reset', async () => {
    for (const at of [0, 100_000, CHUNK_BYTES - 1]) registry.faults.add(on('PATCH'), resetUpload(at), 1);
    await push();
    expect(sent()).toBeLessThanOrEqual(large.descriptor.size + 3 * CHUNK_BYTES);
    expect(registry.count('POST')).toBe(1);
  });

  describe('that is long', () => {
    const blob = randomBlob(90 * MIB + 3);
    const sizes = () =>
      registry.requests.filter(({ method }) => method === 'PATCH').map(({ bytes }) => bytes);
    const isGrown = ({ method, headers }: { method: string; headers: IncomingHttpHeaders }) =>
      method === 'PATCH' && Number(headers['content-length']) > CHUNK_BYTES;

    it('sends more at once the more has come, but little beside that', async () => {
      await push(blob);
      expect(sizes()).toEqual([
        ...Array(16).fill(CHUNK_BYTES),
        ...Array(3).fill(2 * CHUNK_BYTES),
        2 * MIB + 3,
      ]);
      expect(sent()).toBe(blob.descriptor.size);
    });

    it('goes back to the usual after a break, and on from where the registry is', async () => {
      registry.faults.add(isGrown, resetUpload(5 * MIB), 1);
      await push(blob);
      expect(sizes().filter((bytes) => bytes > CHUNK_BYTES).length).toBeLessThanOrEqual(1);
      expect(sent() - blob.descriptor.size).toBeLessThanOrEqual(2 * CHUNK_BYTES);
      expect(registry.count('POST')).toBe(1);
    });

    it('goes back to the usual where the registry takes no more than that', async () => {
      registry.faults.add(isGrown, answer(413));
      await push(blob);
      expect(sent() - blob.descriptor.size).toBeLessThanOrEqual(2 * CHUNK_BYTES);
      expect(registry.count('POST')).toBe(1);
    });
  });

  it('sends nothing again where only the answer was lost', async () => {
    registry.faults.add(on('PATCH'), loseAnswer(), 2);
    await push();
    expect(sent()).toBe(large.descriptor.size);
  });

  it('sends a small blob again after a reset', async () => {
    registry.faults.add(on('PUT'), resetUpload(1000), 2);
    await push(randomBlob(100_000));
  });

  it('takes up a session that another 416 moved', async () => {
    const out = answer(416, {}, 'RANGE_INVALID', 'out of order');
    registry.faults.add(on('PATCH'), out, 1);
    await push();
    expect(registry.count('POST')).toBe(1);
  });

  it('starts anew when 416 does not end, once', async () => {
    registry.faults.add(on('PATCH'), answer(416, {}, 'RANGE_INVALID', 'out of order'), 4);
    await push();
    expect(registry.count('POST')).toBe(2);
    registry.faults.add(on('PATCH'), answer(416, {}, 'RANGE_INVALID', 'out of order'));
    expect(await codeOf(push(randomBlob(5 * MIB)))).toBe('registry-failed');
  });

  it('starts anew when its session is gone', async () => {
    let patches = 0;
    registry.faults.add(on('PATCH'), (call, next) => {
      patches += 1;
      if (patches === 2) registry.memory.dropSessions();
      return next(call);
    });
    await push();
    expect(registry.count('POST')).toBe(2);
  });

  describe('that is told where it is', () => {
    const starts = () =>
      registry.requests
        .filter(({ method }) => method === 'PATCH')
        .map(({ headers }) => headers['content-range']?.split('-')[0]);

    it('begins again at 0 where an empty session says 0-0, as one byte would', async () => {
      registry.faults.add(on('PATCH'), resetUpload(0), 1);
      registry.faults.add(on('GET', '/uploads/'), withHeaders({ range: '0-0' }));
      await push();
      expect(starts().slice(0, 3)).toEqual(['0', '0', `${CHUNK_BYTES}`]);
    });

    it('leaves out no byte where a session does have the one that 0-0 means', async () => {
      registry.faults.add(on('PATCH'), resetUpload(1), 1);
      await push();
      expect(registry.count('POST')).toBe(2); // the one byte cannot be gone on from, so all begins anew
    });

    it.each([1, -1])('is right in the end where each Range is wrong by %i', async (off) => {
      registry.faults.add(on('PATCH'), resetUpload(100_000), 1);
      registry.faults.add(on('GET', '/uploads/'), async (call, next) => {
        const reply = await next(call);
        const last = Number(reply.headers?.range?.split('-')[1]);
        return { ...reply, headers: { ...reply.headers, range: `0-${last + off}` } };
      });
      await push();
      expect(registry.count('POST')).toBe(2);
      expect(registry.count('PATCH')).toBeLessThanOrEqual(12);
    });
  });

  it('believes a success whose Range does not move, or whose status is 201', async () => {
    const stuck = withHeaders({ range: '0-0' });
    registry.faults.add(on('PATCH'), async (call, next) => ({ ...(await stuck(call, next)), status: 201 }));
    await push();
    expect(registry.count('PATCH')).toBe(4);
  });

  it('makes chunks smaller where they are refused as too large', async () => {
    registry.faults.add(
      (call) => call.method === 'PATCH' && Number(call.headers['content-length']) > MIB,
      answer(416, {}, 'RANGE_INVALID', 'chunk exceeds the maximum of 1 MiB'),
    );
    await push();
    expect(sent() - large.descriptor.size).toBeLessThan(CHUNK_BYTES * 2);
  });

  it('is given up where a registry refuses the chunks that it demands', async () => {
    registry.faults.add(on('POST'), withHeaders({ 'oci-chunk-min-length': String(8 * MIB) }));
    registry.faults.add(on('PATCH'), answer(413));
    expect(await codeOf(push())).toBe('limit-exceeded');
    expect(registry.count('PATCH')).toBeLessThan(6);
  });

  it('goes from one PUT to chunks where that is refused as too large', async () => {
    registry.faults.add((call) => Number(call.headers['content-length']) > 2 * MIB, answer(413));
    await push(randomBlob(3 * MIB));
  });

  it('makes chunks as large as the registry wants them', async () => {
    const wants = await startTestRegistry({ minimumChunk: 5 * MIB });
    await clientOf(wants).repository('team/model').push(large.descriptor, large.content);
    await wants.stop();
    expect(wants.requests.find(({ method }) => method === 'PATCH')?.bytes).toBe(5 * MIB);
  });

  it('is one streamed PUT where PATCH is refused', async () => {
    registry.faults.add(on('PATCH'), answer(405, {}, 'UNSUPPORTED'));
    registry.faults.add(on('PUT'), resetUpload(5 * MIB), 1);
    await push();
    expect(registry.count('PATCH')).toBe(1);
  });

  it('is streamed once more where its session is gone', async () => {
    registry.faults.add(on('PATCH'), answer(405, {}, 'UNSUPPORTED'));
    registry.faults.add(
      on('PUT'),
      (call, next) => {
        registry.memory.dropSessions();
        return next(call);
      },
      1,
    );
    await push();
    expect(registry.count('PUT')).toBe(2);
  });

  it('takes relative and absolute Locations with state, and keeps the state', async () => {
    let posted = '';
    registry.faults.add(on('POST'), async (call, next) => {
      const reply = await next(call);
      posted = `${registry.origin}${reply.headers?.location}?_state=a%2Fb%3D&x=1`;
      return { ...reply, headers: { ...reply.headers, location: posted } };
    });
    await push(randomBlob(1000));
    const { query } = registry.requests.find(({ method }) => method === 'PUT') ?? {};
    expect(query?.get('_state')).toBe('a/b=');
    registry.faults.clear();
    registry.faults.add(on('POST'), async (call, next) => {
      const reply = await next(call);
      return { ...reply, headers: { location: `./${reply.headers?.location?.split('/').at(-1)}` } };
    });
    await push(randomBlob(1000));
  });

  it('gets a new token when the old one runs out in the middle', async () => {
    const secure = await startTestRegistry({ auth: 'bearer' });
    secure.faults.add(on('PATCH'), (call, next) => {
      secure.auth?.expireTokens();
      secure.faults.clear();
      return next(call);
    });
    const target = clientOf(secure, { credentials: credentialsOf(LOGIN) }).repository('team/model');
    await target.push(large.descriptor, large.content);
    expect(await target.exists(large.descriptor)).toBe(true);
    expect(secure.count('GET', '/token')).toBe(2);
    expect(secure.requests.filter(({ status }) => status === 401)).toHaveLength(2);
    await secure.stop();
  });

  it('closes no session with other bytes than promised', async () => {
    const other = randomBlob(large.descriptor.size);
    expect(await codeOf(repository.push(large.descriptor, other.content))).toBe('digest-mismatch');
    expect(registry.count('PUT')).toBe(0);
    expect(registry.count('DELETE')).toBe(1);
    registry.faults.add(on('PATCH'), answer(405));
    expect(await codeOf(repository.push(large.descriptor, other.content))).toBe('digest-mismatch');
    expect(await repository.exists(large.descriptor)).toBe(false);
  });

  it('passes on the failure of its source', async () => {
    const broken = { ...chunked(large.bytes), stream: () => failing() };
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield large.bytes.subarray(0, 6 * MIB);
      throw new RangeError('source');
    }
    expect(await failureOf(repository.push(large.descriptor, broken))).toBeInstanceOf(RangeError);
  });

  it('tells how far it is, and why it waits', async () => {
    registry.faults.add(on('PATCH'), answer(429, { 'retry-after': '3' }), 1);
    const told: Progress[] = [];
    await repository.push(large.descriptor, large.content, {
      name: 'model.onnx',
      onProgress: (p) => told.push(p),
    });
    expect(told.every(({ bytes, total, kind }) => bytes <= (total ?? 0) && kind === 'upload')).toBe(true);
    expect(told.at(-1)).toMatchObject({ name: 'model.onnx', bytes: large.descriptor.size });
    expect(told.find(({ state }) => state === 'waiting')?.note).toBe(
      'waiting 3 s: the registry asked for it',
    );
    expect(waits).toEqual([3000]);
  });

  it('stops when the caller does', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    registry.faults.add(on('PATCH'), async (call, next) => {
      setTimeout(() => controller.abort(reason), 10);
      await new Promise((resolve) => setTimeout(resolve, 100));
      return next(call);
    });
    const work = repository.push(large.descriptor, large.content, { signal: controller.signal });
    expect(await failureOf(work)).toBe(reason);
  });
});
