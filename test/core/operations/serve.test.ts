import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { silentLog } from '../../../src/core/log.ts';
import { type Context, createContext } from '../../../src/core/operations/context.ts';
import { type ServedStore, serveStore } from '../../../src/core/operations/serve.ts';
import { artifact, blob, pushAll } from '../target.contract.ts';

let home: string;
let context: Context;
let served: ServedStore;
let writes: number;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'omlmd-serve-'));
  context = createContext({
    home,
    credentials: { get: async () => undefined },
    log: silentLog,
    registryOptions: () => ({ retries: 0 }),
  });
  writes = 0;
  served = await serveStore(context, { port: 0, onWrite: () => (writes += 1) });
});
afterEach(async () => {
  await served.stop();
  await rm(home, { recursive: true });
});

it('tells of each manifest and tag that a client writes or deletes, and of nothing else', async () => {
  const remote = context.registry(new URL(served.url).host).repository('team/iris');
  const { root, pieces } = artifact([blob('weights')]);
  await pushAll(remote, { pieces: pieces.slice(0, -1) });
  expect(writes).toBe(0);
  await pushAll(remote, { pieces: pieces.slice(-1) });
  expect(writes).toBe(1);
  await remote.tag(root, 'v1');
  expect(writes).toBe(2);
  await remote.resolve('v1');
  await expect(remote.untag('none')).rejects.toThrow();
  expect(writes).toBe(2);
  await remote.delete(root);
  expect(writes).toBe(3);
});
