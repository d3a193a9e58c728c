import * as vscode from 'vscode';
import type { Services } from '../services.ts';
import type { TreeViewId } from '../subject.ts';
import { errorNode } from './error-node.ts';
import type { MessageNode, Node, RepositoryNode, TagNode } from './nodes.ts';
import { repositoryNode, tagNode } from './nodes.ts';
import { Pager } from './pager.ts';
import { treeItem } from './tree-items.ts';

/** Entries that one look at a branch reads; the next page waits for *Load more…*. */
const PAGE_SIZE = 50;

/** The part in which the two trees differ: what stands at the top, and what a registry holds. */
export interface Roots {
  readonly view: TreeViewId;
  children(parent: Node | undefined, pages: Pages): Promise<readonly Node[]>;
}

/** Lists that were begun, by the node that they belong to; a refresh begins them anew. */
export class Pages {
  readonly #pagers = new Map<string, Pager<Node>>();
  readonly #load: (parent: Node | undefined) => Promise<void>;

  /** @param load what *Load more…* does */
  constructor(load: (parent: Node | undefined) => Promise<void>) {
    this.#load = load;
  }

  /** The nodes read so far, at least one page, and *Load more…* when there are more. */
  async read(parent: Node | undefined, source: () => AsyncIterable<Node>): Promise<readonly Node[]> {
    const key = keyOf(parent);
    const pager = this.#pagers.get(key) ?? new Pager(source());
    this.#pagers.set(key, pager);
    if (pager.items.length === 0 && !pager.done) await this.#next(key, pager);
    return pager.done
      ? pager.items
      : [...pager.items, { kind: 'more', id: `${key}…`, parent, load: () => this.#load(parent) }];
  }

  async more(parent: Node | undefined): Promise<void> {
    const key = keyOf(parent);
    const pager = this.#pagers.get(key);
    if (pager !== undefined) await this.#next(key, pager);
  }

  clear(): void {
    this.#pagers.clear();
  }

  /** A list that failed is begun anew at the next look. */
  async #next(key: string, pager: Pager<Node>): Promise<void> {
    try {
      await pager.more(PAGE_SIZE);
    } catch (error) {
      this.#pagers.delete(key);
      throw error;
    }
  }
}

function keyOf(parent: Node | undefined): string {
  return parent?.id ?? '';
}

/** A tree of artifacts. Reads a branch when it is opened; a branch that fails is a node that says why. */
export class ArtifactTree implements vscode.TreeDataProvider<Node> {
  readonly #services: Services;
  readonly #roots: Roots;
  readonly #pages = new Pages((parent) => this.#loadMore(parent));
  readonly #changed = new vscode.EventEmitter<Node | undefined>();
  readonly onDidChangeTreeData = this.#changed.event;

  constructor(services: Services, roots: Roots) {
    this.#services = services;
    this.#roots = roots;
  }

  refresh(): void {
    this.#pages.clear();
    this.#changed.fire(undefined);
  }

  async #loadMore(parent: Node | undefined): Promise<void> {
    const location = { viewId: this.#roots.view };
    await vscode.window.withProgress({ location }, () => this.#pages.more(parent));
    this.#changed.fire(parent);
  }

  getTreeItem(node: Node): vscode.TreeItem {
    return treeItem(node);
  }

  getParent(node: Node): Node | undefined {
    return node.parent;
  }

  async getChildren(parent?: Node): Promise<Node[]> {
    try {
      return [...(await this.#children(parent))];
    } catch (error) {
      const { log } = this.#services;
      log.warn(
        `${this.#roots.view} ${keyOf(parent)}: ${error instanceof Error ? error.message : String(error)}`,
      );
      return [errorNode(parent, error, hostOf(parent))];
    }
  }

  async resolveTreeItem(
    item: vscode.TreeItem,
    node: Node,
    token: vscode.CancellationToken,
  ): Promise<vscode.TreeItem> {
    if (node.kind !== 'tag' || token.isCancellationRequested) return item;
    try {
      const { artifactTooltip } = await import('./artifact-children.ts');
      item.tooltip = await artifactTooltip(await this.#services.context(), node);
    } catch (error) {
      item.tooltip = error instanceof Error ? error.message : String(error);
    }
    return item;
  }

  async #children(parent: Node | undefined): Promise<readonly Node[]> {
    if (parent?.kind === 'group') return parent.children;
    if (parent?.kind === 'repository') return this.#tags(parent);
    if (parent?.kind === 'tag') {
      const { artifactChildren } = await import('./artifact-children.ts');
      return artifactChildren(await this.#services.context(), parent);
    }
    return this.#roots.children(parent, this.#pages);
  }

  async #tags(repository: RepositoryNode): Promise<readonly Node[]> {
    const { listTags, orderTags } = await import('./tag-list.ts');
    const context = await this.#services.context();
    const tags = orderTags(await this.#pages.read(repository, () => listTags(context, repository)));
    return tags.length > 0 ? tags : [untaggedNode(repository)];
  }
}

function hostOf(node: Node | undefined): string | undefined {
  if (node === undefined) return undefined;
  return node.kind === 'registry' ? node.host : hostOf(node.parent);
}

function untaggedNode(repository: RepositoryNode): MessageNode {
  return {
    kind: 'message',
    id: `${repository.id}!`,
    parent: repository,
    level: 'info',
    label: vscode.l10n.t('No tags'),
    detail: vscode.l10n.t('Nothing in {0} has a tag. A push gives it one.', repository.place),
  };
}

/** The node of a reference of the local store, for `reveal`. */
export function localTagNode(reference: string): TagNode {
  const colon = reference.lastIndexOf(':');
  return tagNode(repositoryNode(undefined, reference.slice(0, colon)), reference.slice(colon + 1));
}
