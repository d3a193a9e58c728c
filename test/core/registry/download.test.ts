import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/core/oci/digest.ts';
import type { Repository } from '../../../src/core/registry/repository.ts';
import {
  answer,
  breakDownload,
  corrupt,
  endless,
  ignoreRange,
  on,
  stallDownload,
  withHeaders,
} from '../../support/registry/registry-faults.ts';
import { startTestRegistry, type TestRegistry } from '../../support/registry/test-registry.ts';
import { codeOf } from '../target.contract.ts';
import { type Blob, bytesOf, clientOf, failureOf, randomBlob } from './test-client.ts';

const MIB = 1024 * 1024;
const GET_BLOB = on('GET', '/blobs/sha256');

let registry: TestRegistry;
let repository: Repository;
let large: Blob;
let waits: number[];

beforeEach(async () => {
  registry = await startTestRegistry();
  waits = [];
  repository = clientOf(registry, { waits, timeoutMs: 300 }).repository('team/model');
  large = randomBlob(3 * MIB + 17);
  await repository.push(large.descriptor, large.content);
  registry.requests.length = 0;
});

afterEach(() => registry.stop());

async function download(blob: Blob = large): Promise<boolean> {
  const content = await repository.fetch(blob.descriptor);
  return digestOf(await bytesOf(content)) === blob.descriptor.digest;
}

const ranges = () => registry.requests.map(({ headers }) => headers.range);

describe('a download', () => {
  it('goes on where a reset broke it, as often as bytes arrive', async () => {
    registry.faults.add(GET_BLOB, breakDownload(200_000), 8);
    expect(await download()).toBe(true);
    expect(registry.count('GET')).toBe(9);
    expect(ranges()[1]).toMatch(/^bytes=[1-9][0-9]*-3145744$/);
  });

  it('goes on after an end that came too early', async () => {
    registry.faults.add(GET_BLOB, breakDownload(MIB, 'close'), 1);
    expect(await download()).toBe(true);
  });

  it('gives up after five tries that brought nothing', async () => {
    registry.faults.add(GET_BLOB, breakDownload(0));
    const failure = await failureOf(download());
    expect(failure).toMatchObject({ code: 'unreachable', retryable: true });
    expect(registry.count('GET')).toBe(6);
    expect(waits).toHaveLength(5);
  });

  it('starts again where a range is answered with the whole', async () => {
    registry.faults.add(GET_BLOB, breakDownload(MIB), 1);
    registry.faults.add(GET_BLOB, ignoreRange());
    expect(await download()).toBe(true);
    expect(registry.count('GET')).toBe(2);
  });

  it('takes the whole where a range is answered with another one', async () => {
    registry.faults.add(GET_BLOB, breakDownload(MIB), 1);
    const lie = withHeaders({
      'content-range': `bytes 5-${large.descriptor.size - 1}/${large.descriptor.size}`,
    });
    registry.faults.add(GET_BLOB, lie, 1);
    expect(await download()).toBe(true);
    expect(ranges().at(-1)).toBeUndefined();
  });

  it('tries again after a stall, and only then', async () => {
    registry.faults.add(GET_BLOB, stallDownload(MIB), 1);
    expect(await download()).toBe(true);
    expect(registry.count('GET')).toBe(2);
  });

  it('tries again where no answer comes at all', async () => {
    registry.faults.add(GET_BLOB, () => new Promise(() => {}), 1);
    expect(await download()).toBe(true);
    registry.faults.add(GET_BLOB, () => new Promise(() => {}));
    const impatient = clientOf(registry, { timeoutMs: 100, retries: 1 }).repository('team/model');
    const failure = await failureOf(impatient.fetch(large.descriptor).then(bytesOf));
    expect(failure).toMatchObject({ code: 'timed-out', retryable: true });
    expect(String(failure)).toContain('no byte from');
  });

  it('does not take a slow reader for a stalled registry', async () => {
    let bytes = 0;
    let slow = true;
    for await (const chunk of (await repository.fetch(large.descriptor)).stream()) {
      if (slow) await new Promise((resolve) => setTimeout(resolve, 500));
      slow = false;
      bytes += chunk.byteLength;
    }
    expect(bytes).toBe(large.descriptor.size);
    expect(registry.count('GET')).toBe(1);
  });

  it('ends in digest-mismatch on a flipped bit, and a new stream may be right', async () => {
    registry.faults.add(GET_BLOB, corrupt(2 * MIB), 1);
    const content = await repository.fetch(large.descriptor);
    expect(await codeOf(bytesOf(content))).toBe('digest-mismatch');
    expect(digestOf(await bytesOf(content))).toBe(large.descriptor.digest);
  });

  it('asks once more for a small blob with a flipped bit, then fails', async () => {
    const small = randomBlob(1000);
    await repository.push(small.descriptor, small.content);
    registry.faults.add(GET_BLOB, corrupt(7), 1);
    expect(await download(small)).toBe(true);
    registry.faults.add(GET_BLOB, corrupt(7));
    registry.requests.length = 0;
    expect(await codeOf(repository.fetch(small.descriptor))).toBe('digest-mismatch');
    expect(registry.count('GET')).toBe(2);
  });

  it('stops at one byte more than promised, whatever the header says', async () => {
    const size = 2 * MIB;
    const lie = { ...large.descriptor, size };
    for (const [headers, code] of [
      [{}, 'size-mismatch'],
      [{ 'content-length': String(size) }, 'digest-mismatch'],
    ] as const) {
      registry.faults.clear();
      registry.faults.add(GET_BLOB, endless(headers));
      let bytes = 0;
      const read = (async () => {
        for await (const chunk of (await repository.fetch(lie)).stream()) bytes += chunk.byteLength;
      })();
      expect(await codeOf(read)).toBe(code);
      expect(bytes).toBeLessThanOrEqual(size);
    }
  });

  it('fails at once on a length that is not the promised one', async () => {
    const lie = { ...large.descriptor, size: large.descriptor.size - 1 };
    const content = await repository.fetch(lie);
    expect(await codeOf(bytesOf(content))).toBe('size-mismatch');
    expect(registry.count('GET')).toBe(1);
  });

  it('never inflates', async () => {
    registry.faults.add(GET_BLOB, withHeaders({ 'content-encoding': 'gzip' }));
    expect(await download()).toBe(true);
    expect(registry.requests[0]?.headers['accept-encoding']).toBe('identity');
  });

  it('asks for parts by range, each its own request', async () => {
    const content = await repository.fetch(large.descriptor);
    const part = await bytesOf(content.slice(MIB, MIB + 10));
    expect(part).toEqual(Buffer.from(large.bytes.subarray(MIB, MIB + 10)));
    expect(ranges()).toEqual([`bytes=${MIB}-${MIB + 9}`]);
    registry.faults.add(GET_BLOB, ignoreRange());
    expect(await bytesOf(content.slice(MIB, MIB + 10))).toEqual(part);
  });

  it('does not fetch what is at a foreign URL', async () => {
    const foreign = { ...large.descriptor, urls: ['http://169.254.169.254/latest'] };
    expect(await codeOf(repository.fetch(foreign))).toBe('unsupported');
    expect(registry.requests).toEqual([]);
  });

  it('stops when the caller does', async () => {
    registry.faults.add(GET_BLOB, stallDownload(MIB));
    const controller = new AbortController();
    const reason = new Error('enough');
    const content = await repository.fetch(large.descriptor);
    const read = (async () => {
      for await (const _ of content.stream({ signal: controller.signal }))
        setTimeout(() => controller.abort(reason), 20);
    })();
    expect(await failureOf(read)).toBe(reason);
  });
});

describe('a manifest', () => {
  it('is read up to 4 MiB, by counting', async () => {
    registry.faults.add(on('GET', '/manifests/'), endless({ 'content-length': String(2 ** 40) }));
    const before = process.memoryUsage().rss;
    expect(await codeOf(repository.resolve('v1'))).toBe('limit-exceeded');
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * MIB);
  });
});

describe('an answer that asks for patience', () => {
  it('is waited for as long as it says, in seconds or until a date', async () => {
    registry.faults.add(GET_BLOB, answer(429, { 'retry-after': '7' }), 1);
    const date = new Date(Date.now() + 60_000).toUTCString();
    registry.faults.add(GET_BLOB, answer(503, { 'retry-after': date }), 1);
    expect(await download()).toBe(true);
    expect(waits[0]).toBeGreaterThanOrEqual(7000);
    expect(waits[1]).toBeGreaterThan(55_000);
  });

  it('is an error where it asks for more than 300 s', async () => {
    registry.faults.add(GET_BLOB, answer(429, { 'retry-after': '301' }));
    const failure = await failureOf(download());
    expect(failure).toMatchObject({ code: 'rate-limited' });
    expect(String(failure)).toContain('asked to wait 301 s, the limit is 300 s');
    expect(registry.count('GET')).toBe(1);
  });

  it('is tried again without being asked to, and then passed on with the registry’s words', async () => {
    registry.faults.add(GET_BLOB, answer(500, {}, 'UNKNOWN', 'disk on fire'));
    const failure = await failureOf(download());
    expect(failure).toMatchObject({ code: 'registry-failed', retryable: true, response: { status: 500 } });
    expect(String(failure)).toContain('UNKNOWN "disk on fire"');
    expect(registry.count('GET')).toBe(6);
    expect(Math.max(...waits)).toBeLessThanOrEqual(30_000);
  });

  it('does not outlast five minutes of waiting in all', async () => {
    registry.faults.add(GET_BLOB, answer(503, { 'retry-after': '200' }));
    expect(await codeOf(download())).toBe('registry-failed');
    expect(waits).toHaveLength(1);
  });
});
