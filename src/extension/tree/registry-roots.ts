import * as vscode from 'vscode';
import { PushMemory } from '../push-flow/push-memory.ts';
import type { Services } from '../services.ts';
import { readSettings } from '../settings.ts';
import type { Pages, Roots } from './artifact-tree.ts';
import { errorNode } from './error-node.ts';
import { type MessageNode, type Node, type RegistryNode, registryNode, repositoryNode } from './nodes.ts';

/** The registries of the settings, and those that were pushed to; below each what is pinned, then what it lists. */
export function registryRoots(services: Services): Roots {
  return {
    view: 'omlmd.registries',
    children: async (parent, pages) =>
      parent?.kind === 'registry' ? repositories(services, parent, pages) : hosts(services).map(registryNode),
  };
}

function hosts(services: Services): readonly string[] {
  const named = readSettings().registries.map(({ host }) => host);
  return [
    ...new Set([...named, ...recentPlaces(services).map((place) => place.slice(0, place.indexOf('/')))]),
  ];
}

function recentPlaces(services: Services): readonly string[] {
  const { workspaceState } = services.extension;
  return new PushMemory(workspaceState).recent().filter((place) => !/^(local\/|oci-layout:)/.test(place));
}

async function repositories(
  services: Services,
  registry: RegistryNode,
  pages: Pages,
): Promise<readonly Node[]> {
  const { host } = registry;
  const setting = readSettings().registries.find((entry) => entry.host === host);
  const pinned = (setting?.repositories ?? []).map((name) =>
    repositoryNode(registry, `${host}/${name}`, true),
  );
  const recent = recentPlaces(services)
    .filter((place) => place.startsWith(`${host}/`))
    .map((place) => repositoryNode(registry, place));
  const listed = await catalog(services, registry, pages, pinned.length + recent.length > 0);
  return uniqueById([...pinned, ...recent, ...listed]);
}

/** What the registry itself lists. Many do not: where there are other repositories, that is a remark, not an error (R22). */
async function catalog(
  services: Services,
  registry: RegistryNode,
  pages: Pages,
  hasOthers: boolean,
): Promise<readonly Node[]> {
  const { list, isOmlmdError } = await services.core();
  const context = await services.context();
  try {
    const nodes = await pages.read(registry, async function* (): AsyncGenerator<Node> {
      for await (const { reference } of list(context, { kind: 'registry', registry: registry.host }))
        yield repositoryNode(registry, reference);
    });
    return nodes.length > 0 || hasOthers ? nodes : [emptyNode(registry)];
  } catch (error) {
    const refused =
      isOmlmdError(error, 'unsupported') || isOmlmdError(error, 'denied') || isOmlmdError(error, 'not-found');
    if (refused) return [unlistedNode(registry)];
    return [errorNode(registry, error, registry.host)];
  }
}

function emptyNode(registry: RegistryNode): MessageNode {
  const label = vscode.l10n.t('No repositories yet');
  const detail = vscode.l10n.t(
    '{0} lists no repository. Push a model to it, or add one by its name.',
    registry.host,
  );
  return message(registry, label, detail);
}

function unlistedNode(registry: RegistryNode): MessageNode {
  const label = vscode.l10n.t('The registry does not list its repositories');
  const detail = vscode.l10n.t(
    '{0} does not say which repositories it has. Add those you use by name.',
    registry.host,
  );
  return message(registry, label, detail);
}

function message(registry: RegistryNode, label: string, detail: string): MessageNode {
  const { host } = registry;
  const action = 'add-repository';
  return {
    kind: 'message',
    id: `${registry.id}!`,
    parent: registry,
    level: 'info',
    label,
    detail,
    action,
    host,
  };
}

function uniqueById(nodes: readonly Node[]): readonly Node[] {
  const seen = new Set<string>();
  return nodes.filter(({ id }) => {
    if (seen.has(id)) return false;
    seen.add(id);
    return true;
  });
}
