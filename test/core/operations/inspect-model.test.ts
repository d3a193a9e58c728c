import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/core/oci/digest.ts';
import type { Context } from '../../../src/core/operations/context.ts';
import { inspectModel } from '../../../src/core/operations/inspect-model.ts';
import { parseLocation } from '../../../src/core/operations/location.ts';
import { prepareModel } from '../../../src/core/operations/prepare-model.ts';
import { push } from '../../../src/core/operations/push.ts';
import { startTestRegistry, type TestRegistry } from '../../support/registry/test-registry.ts';
import { writeSafetensors } from '../../support/safetensors-file.ts';
import { contextAt } from './context-at.ts';

let folder: string;
let context: Context;
let registry: TestRegistry;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'omlmd-layer-'));
  registry = await startTestRegistry();
  context = contextAt(join(folder, 'home'));
});
afterEach(async () => {
  await registry.stop();
  await rm(folder, { recursive: true, force: true });
});

async function pushFiles(...names: readonly string[]): Promise<string> {
  const model = await prepareModel(names.map((name) => ({ path: join(folder, name) })));
  const reference = `${registry.host}/team/m:v1`;
  await push(context, parseLocation(reference), model);
  return reference;
}

describe('one layer of an artifact', () => {
  it('is read by few ranges, and is said to be unverified', async () => {
    await writeSafetensors(join(folder, 'm.safetensors'), new Array(1_000_000).fill(0.5));
    const reference = await pushFiles('m.safetensors');
    const before = registry.requests.length;
    const report = await inspectModel(context, parseLocation(reference), undefined);
    expect(report).toMatchObject({
      title: 'm.safetensors',
      format: { name: 'safetensors' },
      verified: false,
      reference,
    });
    expect(report.size).toBeGreaterThan(4_000_000);
    const reads = registry.requests
      .slice(before)
      .filter(({ path, method }) => method === 'GET' && path.endsWith(`/blobs/${report.digest}`));
    expect(reads.length).toBeLessThanOrEqual(3);
    expect(reads.every(({ headers }) => headers.range !== undefined)).toBe(true);
  });

  it('is the one that is asked for, or the largest model', async () => {
    await writeSafetensors(join(folder, 'small.safetensors'), [1]);
    await writeSafetensors(join(folder, 'large.safetensors'), new Array(1000).fill(1));
    const location = parseLocation(await pushFiles('small.safetensors', 'large.safetensors'));
    const largest = await inspectModel(context, location, undefined);
    expect(largest.title).toBe('large.safetensors');
    const asked = await inspectModel(context, location, largest.digest);
    expect(asked.details).toEqual(largest.details);
  });

  it('that is not there is said so', async () => {
    await writeFile(join(folder, 'notes.txt'), 'words');
    const location = parseLocation(await pushFiles('notes.txt'));
    await expect(inspectModel(context, location, digestOf(Buffer.from('other')))).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringContaining('has no layer sha256:'),
    });
  });
});
