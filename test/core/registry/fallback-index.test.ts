import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { copyGraph } from '../../../src/core/oci/copy.ts';
import { MemoryTarget } from '../../../src/core/store/memory.ts';
import { waitUntil } from '../../support/processes.ts';
import { on } from '../../support/registry/registry-faults.ts';
import { startTestRegistry, type TestRegistry } from '../../support/registry/test-registry.ts';
import { type Artifact, artifact, blob, collect, pushAll } from '../target.contract.ts';
import { clientOf } from './test-client.ts';

let registry: TestRegistry;
beforeEach(async () => {
  registry = await startTestRegistry({ referrersApi: false });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await registry.stop();
});

/** Milliseconds that a slow registry takes over the index. */
const SLOW_MS = 300;
const INDEX = '/manifests/sha256-';

/** A writer with connections of its own, that really waits. */
const writer = () => clientOf(registry, { sleep: undefined }).repository('m');

async function pushRoot({ pieces }: Artifact): Promise<void> {
  const root = pieces.at(-1);
  if (root !== undefined) await writer().push(root.descriptor, root.content);
}

it('is written for all at once when many referrers are copied (R19)', async () => {
  const source = new MemoryTarget();
  const subject = artifact([blob('weights')]);
  await pushAll(source, subject);
  const referrers = Array.from({ length: 40 }, (_, n) =>
    artifact([blob('report')], { subject: subject.root, annotations: { n: `${n}` } }),
  );
  for (const each of referrers) await pushAll(source, each);
  const target = writer();
  await copyGraph(source, subject.root, target, { withReferrers: true });
  expect(await collect(target.referrers(subject.root))).toHaveLength(40);
  expect(registry.count('PUT', INDEX)).toBeLessThan(10);
});

it('waits for those who read the index before it was written, also at a slow registry without conditions (R19)', async () => {
  const subject = artifact([blob('weights')]);
  await pushAll(writer(), subject);
  const [first, second] = ['first', 'second'].map((by) =>
    artifact([blob('report')], { subject: subject.root, annotations: { by } }),
  );
  if (first === undefined || second === undefined) throw new Error('two were made');
  await pushAll(writer(), { pieces: first.pieces.slice(0, -1) });
  registry.faults.add(on('PUT', INDEX), async (call, next) => {
    await sleep(SLOW_MS);
    return next({ ...call, headers: { ...call.headers, 'if-match': undefined, 'if-none-match': undefined } });
  });
  // Without chance: the pauses are as short as they can be.
  vi.spyOn(Math, 'random').mockReturnValue(0);
  const writing = pushRoot(first);
  await waitUntil('the first write', async () => registry.count('PUT', INDEX) > 0);
  await sleep(SLOW_MS / 2);
  await Promise.all([writing, pushRoot(second)]);
  const listed = await collect(writer().referrers(subject.root));
  expect(listed.map(({ annotations }) => annotations?.by).sort()).toEqual(['first', 'second']);
});
