import * as vscode from 'vscode';
import { isRegistryHost } from '../../core/index.ts';
import type { Services } from '../services.ts';
import { readSettings } from '../settings.ts';
import { typeText } from './type-text.ts';

/** Asks for a registry: one of the settings, or one that is typed. */
export async function pickHost({ logins }: Services, title: string): Promise<string> {
  const hosts = [...new Set([...readSettings().registries.map(({ host }) => host), ...logins.hosts()])];
  if (hosts.length === 0) return typeHost(title);
  const other = vscode.l10n.t('$(edit) Another registry…');
  const chosen = await vscode.window.showQuickPick([...hosts, other], {
    title,
    placeHolder: vscode.l10n.t('Which registry?'),
  });
  if (chosen === undefined) throw new vscode.CancellationError();
  return chosen === other ? typeHost(title) : chosen;
}

function typeHost(title: string): Promise<string> {
  return typeText({
    title,
    placeholder: vscode.l10n.t('host or host:port, for example quay.io or localhost:5000'),
    check: (typed) =>
      isRegistryHost(typed) ? undefined : vscode.l10n.t('Type a host, with its port if it has one'),
  });
}
