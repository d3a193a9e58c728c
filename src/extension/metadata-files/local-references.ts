import * as vscode from 'vscode';
import { signalOf } from '../abort.ts';
import type { Services } from '../services.ts';

/** References that begin with a text, for completion: repositories, and tags once a repository is named. */
export type ReferenceSource = (prefix: string, signal: AbortSignal) => Promise<readonly string[]>;

/** Most references that are offered: completion is for picking one, not for browsing. */
const MAX_REFERENCES_OFFERED = 200;

const LOCAL = 'local/';

/** References of the local store. Registries are not asked while a person types. */
export function localReferences(services: Services): ReferenceSource {
  return async (prefix, signal) => {
    if (!LOCAL.startsWith(prefix.slice(0, LOCAL.length))) return [];
    const core = await services.core();
    const colon = prefix.indexOf(':');
    const listing = core.parseListing(colon < 0 ? 'local' : prefix.slice(0, colon));
    const references: string[] = [];
    for await (const { reference } of core.list(await services.context(), listing, { signal })) {
      references.push(reference);
      if (references.length >= MAX_REFERENCES_OFFERED) break;
    }
    return references;
  };
}

/** Completion items for references; none where they cannot be read: a half-typed name is no error. */
export async function completeReferences(
  source: ReferenceSource,
  prefix: string,
  range: vscode.Range,
  token: vscode.CancellationToken,
): Promise<vscode.CompletionItem[]> {
  const references = await source(prefix, signalOf(token)).catch(() => []);
  return references.map((reference) => {
    const item = new vscode.CompletionItem(reference, vscode.CompletionItemKind.Reference);
    item.range = range;
    item.filterText = reference;
    return item;
  });
}
