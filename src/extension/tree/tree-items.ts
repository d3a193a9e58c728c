import * as vscode from 'vscode';
import type { ErrorAction } from '../error-actions.ts';
import type { Serving } from '../serving/store-server.ts';
import { layerUri } from './layer-uri.ts';
import type { FileNode, MessageNode, Node, RepositoryNode, TagNode } from './nodes.ts';

const { Collapsed, Expanded, None } = vscode.TreeItemCollapsibleState;

/** How a node is drawn, and what a screen reader says. Tooltips are plain text: what a registry says is not Markdown (S23). */
export function treeItem(node: Node): vscode.TreeItem {
  const item = draw(node);
  item.id = node.id;
  return item;
}

function draw(node: Node): vscode.TreeItem {
  switch (node.kind) {
    case 'served':
      return drawServed(node.serving);
    case 'registry':
      return build(node.host, Collapsed, {
        icon: 'server',
        context: 'registry',
        tooltip: node.host,
        says: vscode.l10n.t('registry {0}', node.host),
      });
    case 'repository':
      return drawRepository(node);
    case 'tag':
      return drawTag(node);
    case 'group':
      return drawGroup(node.group, node.children.length);
    case 'file':
      return drawFile(node);
    case 'value':
      return build(node.label, None, {
        icon: 'symbol-field',
        context: 'value',
        description: node.value,
        tooltip: `${node.label}: ${node.value}`,
        says: `${node.label}: ${node.value}`,
      });
    case 'referrer':
      return build(node.label, None, {
        icon: 'references',
        context: 'referrer',
        description: node.size,
        tooltip: `${node.label}\n${node.digest}`,
        says: vscode.l10n.t('referrer {0}', node.label),
      });
    case 'more':
      return build(vscode.l10n.t('Load more…'), None, {
        icon: 'ellipsis',
        context: 'more',
        command: { command: 'omlmd.loadMore', title: vscode.l10n.t('Load More'), arguments: [node] },
        says: vscode.l10n.t('Load more'),
      });
    case 'message':
      return drawMessage(node);
  }
}

function drawServed({ host, url, readOnly }: Serving): vscode.TreeItem {
  const what = vscode.l10n.t('The local store is served at {0} to programs on this machine.', host);
  return build(host, None, {
    icon: 'broadcast',
    context: 'served',
    description: readOnly ? vscode.l10n.t('served, read-only') : vscode.l10n.t('served'),
    tooltip: `${url}\n${what}`,
    says: what,
  });
}

function drawRepository(node: RepositoryNode): vscode.TreeItem {
  const local = node.place.startsWith('local/');
  return build(node.label, Collapsed, {
    icon: node.pinned ? 'pinned' : 'package',
    context: local ? 'repository.local' : node.pinned ? 'repository.remote.pinned' : 'repository.remote',
    tooltip: node.place,
    says: vscode.l10n.t('repository {0}', node.place),
  });
}

function drawTag(node: TagNode): vscode.TreeItem {
  const digest = node.digest?.slice(0, node.digest.indexOf(':') + 13);
  const facts = [node.size, digest].filter((fact) => fact !== undefined);
  return build(node.label, Collapsed, {
    icon: 'tag',
    context: node.reference.startsWith('local/') ? 'tag.local' : 'tag.remote',
    description: facts.join(' · '),
    says: vscode.l10n.t('version {0} of {1}', node.label, node.parent.place),
  });
}

/** A model opens in the viewer, and has a badge where something dangerous is in it. */
function drawFile(node: FileNode): vscode.TreeItem {
  const open = {
    command: 'omlmd.openModelViewer',
    title: vscode.l10n.t('Open Model Viewer'),
    arguments: [node],
  };
  const item = build(node.label, None, {
    icon: 'file-binary',
    context: node.isModel ? 'file.model' : 'file',
    description: node.size,
    tooltip: `${node.label}\n${node.size}\n${node.mediaType}\n${node.digest}`,
    says: vscode.l10n.t('file {0}, {1}', node.label, node.size),
    ...(node.isModel ? { command: open } : {}),
  });
  if (node.isModel) item.resourceUri = layerUri(node);
  return item;
}

function drawGroup(group: 'files' | 'metadata' | 'referrers', count: number): vscode.TreeItem {
  const drawn = {
    files: { label: vscode.l10n.t('Files'), icon: 'files', state: Expanded },
    metadata: { label: vscode.l10n.t('Metadata'), icon: 'list-tree', state: Collapsed },
    referrers: { label: vscode.l10n.t('Referrers'), icon: 'references', state: Collapsed },
  }[group];
  const says = vscode.l10n.t('{0}, {1} entries', drawn.label, count);
  return build(drawn.label, drawn.state, {
    icon: drawn.icon,
    context: `group.${group}`,
    description: `${count}`,
    says,
  });
}

function drawMessage(node: MessageNode): vscode.TreeItem {
  const command = commandOf(node);
  return build(node.label, None, {
    icon: node.level,
    context: 'message',
    tooltip: command === undefined ? node.detail : `${node.detail}\n\n${command.title}`,
    says: command === undefined ? node.detail : `${node.detail} ${command.title}`,
    ...(command === undefined ? {} : { command }),
  });
}

function commandOf({ action, host, parent }: MessageNode): vscode.Command | undefined {
  if (action === undefined) return undefined;
  const commands: Readonly<Record<ErrorAction | 'add-repository', vscode.Command>> = {
    'sign-in': { command: 'omlmd.signIn', title: vscode.l10n.t('Click to sign in.'), arguments: [host] },
    'use-http': { command: 'omlmd.useHttp', title: vscode.l10n.t('Click to use HTTP.'), arguments: [host] },
    'open-settings': {
      command: 'workbench.action.openSettings',
      title: vscode.l10n.t('Click to open the settings.'),
      arguments: ['omlmd'],
    },
    'try-again': {
      command: 'omlmd.refresh',
      title: vscode.l10n.t('Click to try again.'),
      arguments: [parent],
    },
    'show-log': { command: 'omlmd.showLog', title: vscode.l10n.t('Click to show the log.') },
    'add-repository': {
      command: 'omlmd.addRepository',
      title: vscode.l10n.t('Click to add one by its name.'),
      arguments: [parent],
    },
  };
  return commands[action];
}

interface Drawing {
  readonly icon: string;
  readonly context: string;
  readonly description?: string;
  readonly tooltip?: string;
  readonly command?: vscode.Command;
  /** What a screen reader says. */
  readonly says: string;
}

function build(label: string, state: vscode.TreeItemCollapsibleState, drawing: Drawing): vscode.TreeItem {
  const item = new vscode.TreeItem(label, state);
  item.iconPath = new vscode.ThemeIcon(drawing.icon);
  item.contextValue = drawing.context;
  item.accessibilityInformation = { label: drawing.says };
  if (drawing.description !== undefined) item.description = drawing.description;
  if (drawing.tooltip !== undefined) item.tooltip = drawing.tooltip;
  if (drawing.command !== undefined) item.command = drawing.command;
  return item;
}
