import type { Services } from '../services.ts';

/** *Load more…* at the end of a branch; only a tree calls it. */
export async function loadMore(_: Services, node: unknown): Promise<void> {
  if (typeof node === 'object' && node !== null && 'load' in node && typeof node.load === 'function')
    await node.load();
}
