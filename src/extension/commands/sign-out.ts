import * as vscode from 'vscode';
import { OmlmdError } from '../../core/index.ts';
import type { Services } from '../services.ts';
import { hostIn } from './command-call.ts';

/** *Sign Out*: forgets a login that is kept here; those of docker and podman are theirs. */
export async function signOut(services: Services, ...args: readonly unknown[]): Promise<void> {
  const host = hostIn(args) ?? (await pickLogin(services));
  if (!(await services.logins.delete(host))) {
    throw new OmlmdError(
      'not-found',
      vscode.l10n.t('There is no login for {0} here; one of docker or podman is used, if there is one', host),
    );
  }
  services.resetContext();
  services.placeChanged(undefined);
  vscode.window.setStatusBarMessage(vscode.l10n.t('Signed out of {0}', host), 5000);
}

async function pickLogin({ logins }: Services): Promise<string> {
  const hosts = logins.hosts();
  if (hosts.length === 0) throw new OmlmdError('not-found', vscode.l10n.t('You are not signed in anywhere'));
  const chosen = await vscode.window.showQuickPick([...hosts], {
    title: vscode.l10n.t('Sign Out'),
    placeHolder: vscode.l10n.t('Of which registry?'),
  });
  if (chosen === undefined) throw new vscode.CancellationError();
  return chosen;
}
