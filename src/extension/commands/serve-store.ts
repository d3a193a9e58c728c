import * as vscode from 'vscode';
import { DEFAULT_SERVE_PORT, OmlmdError } from '../../core/index.ts';
import { typeText } from '../quick-input/type-text.ts';
import type { Services } from '../services.ts';
import type { Serving, ServingOptions } from '../serving/store-server.ts';
import { requireTrust } from '../trust.ts';
import { optionsIn } from './command-call.ts';

/** The port that was used last, so that an address that others have written down stays. */
const PORT_KEY = 'omlmd.servePort';
const MAX_PORT = 65_535;

/** *Serve Local Store…*: a registry on loopback over the local store. Where it runs already: its address, and its end. */
export async function serveStore(services: Services, ...args: readonly unknown[]): Promise<string> {
  requireTrust();
  const options = optionsIn(args);
  if (options !== undefined) {
    const { port = DEFAULT_SERVE_PORT, readOnly = false } = options;
    return (await start(services, { port, readOnly })).url;
  }
  const running = services.server.serving;
  const serving = running ?? (await startByHand(services));
  void offerNext(serving);
  return serving.url;
}

async function start(services: Services, options: ServingOptions): Promise<Serving> {
  return services.server.start(await services.core(), await services.context(), options);
}

async function startByHand(services: Services): Promise<Serving> {
  const { globalState } = services.extension;
  const readOnly = await pickReadOnly();
  let port: number = globalState.get(PORT_KEY, DEFAULT_SERVE_PORT);
  for (;;) {
    try {
      const serving = await start(services, { port, readOnly });
      await globalState.update(PORT_KEY, Number(new URL(serving.url).port));
      return serving;
    } catch (error) {
      if (!isPortTaken(error)) throw error;
      port = await askForPort(port);
    }
  }
}

async function pickReadOnly(): Promise<boolean> {
  const rows = [
    {
      label: vscode.l10n.t('Pull Only'),
      detail: vscode.l10n.t('Programs on this machine can read what is in the local store'),
      iconPath: new vscode.ThemeIcon('lock'),
      readOnly: true,
    },
    {
      label: vscode.l10n.t('Pull and Push'),
      detail: vscode.l10n.t('They can also add to it and delete from it'),
      iconPath: new vscode.ThemeIcon('edit'),
      readOnly: false,
    },
  ];
  const chosen = await vscode.window.showQuickPick(rows, {
    title: vscode.l10n.t('Serve Local Store'),
    placeHolder: vscode.l10n.t('A registry for this machine only. What may other programs do?'),
    ignoreFocusOut: true,
  });
  if (chosen === undefined) throw new vscode.CancellationError();
  return chosen.readOnly;
}

function isPortTaken(error: unknown): boolean {
  const cause = error instanceof OmlmdError ? error.cause : undefined;
  return (
    cause instanceof Error && 'code' in cause && (cause.code === 'EADDRINUSE' || cause.code === 'EACCES')
  );
}

/** Says so, and lets the person choose. */
async function askForPort(port: number): Promise<number> {
  const free = vscode.l10n.t('Use a Free Port');
  const other = vscode.l10n.t('Choose a Port…');
  const message = vscode.l10n.t(
    'Port {0} is not free: another program uses it, or it needs more rights.',
    port,
  );
  const chosen = await vscode.window.showWarningMessage(message, free, other);
  if (chosen === free) return 0;
  if (chosen !== other) throw new vscode.CancellationError();
  const typed = await typeText({
    title: vscode.l10n.t('Serve Local Store'),
    placeholder: vscode.l10n.t('A port, 1 to 65535'),
    value: `${Math.min(port + 1, MAX_PORT)}`,
    check: (text) => (isPort(text) ? undefined : vscode.l10n.t('Type a number from 1 to 65535')),
  });
  return Number(typed);
}

function isPort(text: string): boolean {
  return /^[1-9]\d{0,4}$/.test(text) && Number(text) <= MAX_PORT;
}

async function offerNext({ host, readOnly }: Serving): Promise<void> {
  const copy = vscode.l10n.t('Copy Address');
  const stop = vscode.l10n.t('Stop');
  const message = readOnly
    ? vscode.l10n.t('The local store is served at {0}, read-only, to programs on this machine.', host)
    : vscode.l10n.t('The local store is served at {0} to programs on this machine.', host);
  const chosen = await vscode.window.showInformationMessage(message, copy, stop);
  if (chosen === copy) await vscode.commands.executeCommand('omlmd.copyServedAddress');
  if (chosen === stop) await vscode.commands.executeCommand('omlmd.stopServing');
}
