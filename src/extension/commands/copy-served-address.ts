import * as vscode from 'vscode';
import { OmlmdError } from '../../core/index.ts';
import type { Services } from '../services.ts';

/** *Copy Served Address*: `127.0.0.1:5000`, with which references to the served store begin. */
export async function copyServedAddress({ server }: Services): Promise<string> {
  const host = server.serving?.host;
  if (host === undefined) throw new OmlmdError('not-found', vscode.l10n.t('The local store is not served'));
  await vscode.env.clipboard.writeText(host);
  vscode.window.setStatusBarMessage(vscode.l10n.t('Copied {0}', host), 3000);
  return host;
}
