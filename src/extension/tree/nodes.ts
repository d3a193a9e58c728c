import type { Digest } from '../../core/index.ts';
import type { ErrorAction } from '../error-actions.ts';
import type { Serving } from '../serving/store-server.ts';

/** What the two trees are made of. Text in nodes is escaped already; `reference`, `place` and `host` are what they name. */
export type Node =
  | ServedNode
  | RegistryNode
  | RepositoryNode
  | TagNode
  | GroupNode
  | FileNode
  | ValueNode
  | ReferrerNode
  | MoreNode
  | MessageNode;

/** That the local store is served, and where. */
export interface ServedNode {
  readonly kind: 'served';
  readonly id: string;
  readonly parent?: undefined;
  readonly serving: Serving;
}

export interface RegistryNode {
  readonly kind: 'registry';
  readonly id: string;
  readonly parent?: undefined;
  readonly host: string;
}

export interface RepositoryNode {
  readonly kind: 'repository';
  readonly id: string;
  readonly parent: RegistryNode | undefined;
  /** `local/iris`, `host/team/iris`. */
  readonly place: string;
  readonly label: string;
  /** Named in the settings: shown also where the registry lists nothing. */
  readonly pinned: boolean;
}

export interface TagNode {
  readonly kind: 'tag';
  readonly id: string;
  readonly parent: RepositoryNode;
  readonly reference: string;
  readonly label: string;
  readonly digest?: Digest | undefined;
  /** Bytes. */
  readonly size?: string | undefined;
}

export interface GroupNode {
  readonly kind: 'group';
  readonly id: string;
  readonly parent: TagNode;
  readonly group: 'files' | 'metadata' | 'referrers';
  readonly children: readonly Node[];
}

export interface FileNode {
  readonly kind: 'file';
  readonly id: string;
  readonly parent: Node;
  readonly reference: string;
  readonly label: string;
  readonly size: string;
  readonly mediaType: string;
  readonly digest: Digest;
  /** Called like a model: it can be looked into by ranges. */
  readonly isModel: boolean;
}

export interface ValueNode {
  readonly kind: 'value';
  readonly id: string;
  readonly parent: Node;
  readonly label: string;
  readonly value: string;
}

export interface ReferrerNode {
  readonly kind: 'referrer';
  readonly id: string;
  readonly parent: Node;
  /** By digest. */
  readonly reference: string;
  readonly label: string;
  readonly digest: Digest;
  readonly size: string;
}

/** Asks for the next page of its parent. */
export interface MoreNode {
  readonly kind: 'more';
  readonly id: string;
  readonly parent: Node | undefined;
  readonly load: () => Promise<void>;
}

/** Why there is nothing, or nothing more, and what can be done. */
export interface MessageNode {
  readonly kind: 'message';
  readonly id: string;
  readonly parent: Node | undefined;
  readonly level: 'error' | 'info';
  readonly label: string;
  readonly detail: string;
  readonly action?: ErrorAction | 'add-repository' | undefined;
  readonly host?: string | undefined;
}

export function registryNode(host: string): RegistryNode {
  return { kind: 'registry', id: host, host };
}

/** @param place `local/iris`, `host/team/iris` */
export function repositoryNode(
  parent: RegistryNode | undefined,
  place: string,
  pinned = false,
): RepositoryNode {
  const label = place.slice(place.indexOf('/') + 1);
  return { kind: 'repository', id: `${place}/`, parent, place, label, pinned };
}

export function tagNode(
  parent: RepositoryNode,
  tag: string,
  facts: { readonly digest?: Digest | undefined; readonly size?: string | undefined } = {},
): TagNode {
  const reference = `${parent.place}:${tag}`;
  return { kind: 'tag', id: reference, parent, reference, label: tag, ...facts };
}
