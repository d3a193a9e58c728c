import type { Services } from '../services.ts';
import type { Roots } from './artifact-tree.ts';
import { type Node, repositoryNode } from './nodes.ts';

/** The local store: its repositories stand at the top, below its address while it is served. */
export function localRoots(services: Services): Roots {
  return {
    view: 'omlmd.local',
    async children(parent, pages) {
      const context = await services.context();
      const { list } = await services.core();
      const repositories = await pages.read(parent, async function* (): AsyncGenerator<Node> {
        for await (const { reference } of list(context, { kind: 'store' }))
          yield repositoryNode(undefined, reference);
      });
      const { serving } = services.server;
      return serving === undefined
        ? repositories
        : [{ kind: 'served', id: 'served!', serving }, ...repositories];
    },
  };
}
