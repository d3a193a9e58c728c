import * as vscode from 'vscode';
import { isRegistryHost } from '../../core/index.ts';
import { showError } from '../error-actions.ts';
import { typeText } from '../quick-input/type-text.ts';
import type { Services } from '../services.ts';
import { readSettings, writeRegistries } from '../settings.ts';
import { hostIn } from './command-call.ts';

/** *Add Registry…*: adds it to the person's settings, looks whether it answers, and offers a login where it wants one. */
export async function addRegistry(services: Services, ...args: readonly unknown[]): Promise<void> {
  const host = hostIn(args) ?? (await typeHost());
  const { registries } = readSettings();
  if (!registries.some((entry) => entry.host === host)) {
    await writeRegistries([...registries, { host, repositories: [] }]);
  }
  await lookAt(services, host);
}

async function typeHost(): Promise<string> {
  const text = await typeText({
    title: vscode.l10n.t('Add Registry'),
    placeholder: vscode.l10n.t('host or host:port, for example quay.io or localhost:5000'),
    check: (typed) =>
      isRegistryHost(bareHost(typed)) ? undefined : vscode.l10n.t('Type a host, with its port if it has one'),
  });
  return bareHost(text);
}

/** People paste addresses: `https://quay.io/` is the host `quay.io`. */
function bareHost(typed: string): string {
  return typed
    .trim()
    .replace(/^(https?|oci):\/\//, '')
    .replace(/\/+$/, '');
}

async function lookAt(services: Services, host: string): Promise<void> {
  try {
    const context = await services.context();
    const title = vscode.l10n.t('Looking at {0}', host);
    const { auth } = await vscode.window.withProgress(
      { location: { viewId: 'omlmd.registries' }, title },
      () => context.registry(host).ping(),
    );
    if (auth === 'none' || (await context.credentials.get(host)) !== undefined) return;
    const signIn = vscode.l10n.t('Sign In…');
    const message = vscode.l10n.t('{0} takes logins. Without one you see only what is public.', host);
    void vscode.window.showInformationMessage(message, signIn).then((chosen) => {
      if (chosen === signIn) return vscode.commands.executeCommand('omlmd.signIn', host);
    });
  } catch (error) {
    void showError(services, error, { host, retry: () => lookAt(services, host) });
  }
}
