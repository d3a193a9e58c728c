import * as vscode from 'vscode';
import type { PushRecord, Services } from '../services.ts';
import { ArtifactTree, localTagNode } from './artifact-tree.ts';
import { findingBadges } from './finding-badges.ts';
import { localRoots } from './local-roots.ts';
import type { Node } from './nodes.ts';
import { registryRoots } from './registry-roots.ts';

/** The two views of the activity bar. They read nothing until they are shown. */
export function registerTrees(services: Services): void {
  const local = addTree(services, localRoots(services));
  const registries = addTree(services, registryRoots(services));
  services.extension.subscriptions.push(
    vscode.window.registerFileDecorationProvider(findingBadges(services)),
    services.onDidChangePlace((place) => {
      if (place === undefined || place.startsWith('local/')) local.tree.refresh();
      if (place === undefined || !place.startsWith('local/')) registries.tree.refresh();
    }),
    services.server.onDidChange(() => local.tree.refresh()),
    services.server.onDidWrite(() => local.tree.refresh()),
    services.transfers.onDidChange(() => {
      for (const { view, id } of [local, registries]) sayAbove(view, services.transfers.textOf(id));
    }),
    services.onDidPush((record) => void revealPushed(local.view, record)),
  );
}

function addTree(services: Services, roots: ReturnType<typeof localRoots>) {
  const tree = new ArtifactTree(services, roots);
  const view = vscode.window.createTreeView(roots.view, { treeDataProvider: tree, showCollapseAll: true });
  services.extension.subscriptions.push(view);
  return { tree, view, id: roots.view };
}

/** An empty message is none. */
function sayAbove(view: vscode.TreeView<Node>, text = ''): void {
  if ((view.message ?? '') !== text) view.message = text;
}

/** Selects what was pushed to the local store, without taking the focus from what the person does. */
async function revealPushed(view: vscode.TreeView<Node>, { result, reveal }: PushRecord): Promise<void> {
  if (!reveal || !result.reference.startsWith('local/') || result.tags.length === 0) return;
  await view.reveal(localTagNode(result.reference), { select: true, focus: false, expand: true });
}
