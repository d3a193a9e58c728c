import { type Context, formatBytes, list, parseLocation } from '../../core/index.ts';
import { newestNameFirst } from './natural-order.ts';
import { type Node, type RepositoryNode, tagNode } from './nodes.ts';

/** The tags of a repository as nodes. Only the local store's are looked into: a registry would get a request a tag. */
export async function* listTags(context: Context, repository: RepositoryNode): AsyncGenerator<Node> {
  const location = parseLocation(repository.place);
  const long = location.kind === 'local';
  for await (const { tag, digest, size } of list(context, { kind: 'repository', location }, { long })) {
    if (tag === undefined) continue;
    yield tagNode(repository, tag, { digest, size: size === undefined ? undefined : formatBytes(size) });
  }
}

/** A list that is there in full, newest-looking first; one that is not keeps the registry's order. */
export function orderTags(nodes: readonly Node[]): readonly Node[] {
  if (nodes.some((node) => node.kind !== 'tag')) return nodes;
  return nodes.toSorted((a, b) => newestNameFirst(a.id, b.id));
}
