import type { Services } from '../services.ts';
import type { Roots } from './artifact-tree.ts';
import { type Node, repositoryNode } from './nodes.ts';

/** The local store: its repositories stand at the top. */
export function localRoots(services: Services): Roots {
  return {
    view: 'omlmd.local',
    async children(parent, pages) {
      const context = await services.context();
      const { list } = await services.core();
      return pages.read(parent, async function* (): AsyncGenerator<Node> {
        for await (const { reference } of list(context, { kind: 'store' }))
          yield repositoryNode(undefined, reference);
      });
    },
  };
}
