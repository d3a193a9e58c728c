import * as vscode from 'vscode';
import { isOmlmdError, login } from '../../core/index.ts';
import { describeError, showError } from '../error-actions.ts';
import { pickHost } from '../quick-input/pick-host.ts';
import { typeText } from '../quick-input/type-text.ts';
import type { Services } from '../services.ts';
import { hostIn } from './command-call.ts';

/** *Sign In…*: the login is tried at the registry before it is stored. True when it is. */
export async function signIn(services: Services, ...args: readonly unknown[]): Promise<boolean> {
  const host = hostIn(args) ?? (await pickHost(services, vscode.l10n.t('Sign In')));
  let username = '';
  for (let complaint: string | undefined; ; ) {
    username = await typeText({
      title: vscode.l10n.t('Sign In to {0}', host),
      step: 1,
      totalSteps: 2,
      placeholder: vscode.l10n.t('User name'),
      value: username,
      ...(complaint === undefined ? {} : { prompt: complaint }),
      check: (typed) => (typed.trim() === '' ? vscode.l10n.t('Type the user name') : undefined),
    });
    const password = await typeText({
      title: vscode.l10n.t('Sign In to {0}', host),
      step: 2,
      totalSteps: 2,
      placeholder: vscode.l10n.t('Password or access token of {0}', username),
      password: true,
      check: (typed) => (typed === '' ? vscode.l10n.t('Type the password') : undefined),
    });
    try {
      await tryLogin(services, host, username.trim(), password);
      return true;
    } catch (error) {
      if (!isOmlmdError(error, 'unauthorized') && !isOmlmdError(error, 'denied')) {
        void showError(services, error, { host, retry: () => signIn(services, host) });
        return false;
      }
      complaint = vscode.l10n.t('{0} did not take this login. Try again.', host);
      services.log.warn(describeError(error).message);
    }
  }
}

async function tryLogin(services: Services, host: string, username: string, password: string): Promise<void> {
  const context = await services.context();
  const title = vscode.l10n.t('Signing in to {0}', host);
  await vscode.window.withProgress({ location: vscode.ProgressLocation.Window, title }, () =>
    login(context, host, { kind: 'basic', username, password }, services.logins),
  );
  services.resetContext();
  services.placeChanged(undefined);
  vscode.window.setStatusBarMessage(vscode.l10n.t('Signed in to {0} as {1}', host, username), 5000);
}
