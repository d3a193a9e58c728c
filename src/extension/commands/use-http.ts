import * as vscode from 'vscode';
import { pickHost } from '../quick-input/pick-host.ts';
import type { Services } from '../services.ts';
import { addPlainHttpHost } from '../settings.ts';
import { hostIn } from './command-call.ts';

/** *Use HTTP for a Registry…*: asks first, since logins and models then travel in the open. True when it is set. */
export async function useHttp(services: Services, ...args: readonly unknown[]): Promise<boolean> {
  const host = hostIn(args) ?? (await pickHost(services, vscode.l10n.t('Use HTTP for a Registry')));
  const use = vscode.l10n.t('Use HTTP');
  const detail = vscode.l10n.t('Logins and models would travel to it unencrypted.');
  const question = vscode.l10n.t('Use plain HTTP for {0}?', host);
  if ((await vscode.window.showWarningMessage(question, { modal: true, detail }, use)) !== use) return false;
  await addPlainHttpHost(host);
  return true;
}
