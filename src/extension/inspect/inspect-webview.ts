import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import { type ActionView, parseFromWebview, type ToWebview } from '../../webview/contract.ts';
import { isCancellation } from '../abort.ts';
import { describeError, showError } from '../error-actions.ts';
import type { Services } from '../services.ts';
import type { InspectSubject } from './inspect-subject.ts';

/** Shows a subject in a panel: reads it when the page is there, and again on *Refresh*. */
export function showSubject(services: Services, panel: vscode.WebviewPanel, subject: InspectSubject): void {
  const { webview } = panel;
  const closed = new AbortController();
  panel.onDidDispose(() => closed.abort(new vscode.CancellationError()));
  const post = (message: ToWebview) => void webview.postMessage(message);
  const read = async () => {
    post({ type: 'loading', text: vscode.l10n.t('Reading {0}…', subject.title) });
    try {
      post({ type: 'report', report: await subject.read(closed.signal) });
    } catch (error) {
      if (isCancellation(error)) return;
      services.log.warn(error instanceof Error ? (error.stack ?? error.message) : String(error));
      post({ type: 'failure', text: describeError(error).message, actions: failureActions(error, subject) });
    }
  };
  webview.onDidReceiveMessage(async (message: unknown) => {
    const said = parseFromWebview(message);
    if (said === undefined) return;
    if (said.type === 'ready' || said.id === 'refresh') await read();
    else if (said.id === 'show-log') services.log.show();
    else if (said.id === 'sign-in') {
      if ((await vscode.commands.executeCommand('omlmd.signIn', subject.host)) === true) await read();
    } else await subject.perform(said.id).catch((error: unknown) => showError(services, error));
  });
  webview.options = { enableScripts: true, localResourceRoots: [pagesOf(services)] };
  webview.html = page(services, webview);
}

function failureActions(error: unknown, { host }: InspectSubject): readonly ActionView[] {
  const signIn = host !== undefined && describeError(error).form.actions.includes('sign-in');
  return [
    ...(signIn ? [{ id: 'sign-in', title: vscode.l10n.t('Sign In…'), primary: true } as const] : []),
    { id: 'refresh', title: vscode.l10n.t('Try Again') },
    { id: 'show-log', title: vscode.l10n.t('Show Log') },
  ];
}

function pagesOf({ extension }: Services): vscode.Uri {
  return vscode.Uri.joinPath(extension.extensionUri, 'dist', 'webview');
}

/** The page: one script, one style sheet, nothing else may load or run (S23). */
function page(services: Services, webview: vscode.Webview): string {
  const nonce = randomBytes(16).toString('base64url');
  const address = (name: string) =>
    webview.asWebviewUri(vscode.Uri.joinPath(pagesOf(services), name)).toString();
  const policy = `default-src 'none'; style-src ${webview.cspSource}; script-src 'nonce-${nonce}'`;
  return `<!DOCTYPE html>
<html lang="${vscode.env.language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width">
<link rel="stylesheet" href="${address('inspect.css')}">
</head>
<body><script nonce="${nonce}" src="${address('inspect.js')}"></script></body>
</html>`;
}
