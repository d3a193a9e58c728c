import * as vscode from 'vscode';
import type { ErrorCode, OmlmdError } from '../core/index.ts';
import { isCancellation } from './abort.ts';
import { TransferCanceled } from './running-transfers.ts';
import type { Services } from './services.ts';

/** What a person can do about an error, as a button or as the command of a tree node. */
export type ErrorAction = 'sign-in' | 'use-http' | 'open-settings' | 'try-again' | 'show-log';

/** How an error of one code is shown. */
interface ErrorForm {
  readonly severity: 'error' | 'warning';
  readonly actions: readonly ErrorAction[];
  /** What to do, in a sentence; a function, so that the language is known when it is asked. */
  readonly hint?: () => string;
}

const logged: ErrorForm = { severity: 'error', actions: ['show-log'] };
const retried: ErrorForm = { severity: 'error', actions: ['try-again', 'show-log'] };
const said: ErrorForm = { severity: 'warning', actions: [] };

/** Total: a new code of the core does not compile before it has a form here. */
export const ERROR_FORMS: Readonly<Record<ErrorCode, ErrorForm>> = {
  usage: said,
  'reference-invalid': said,
  'digest-invalid': said,
  'title-refused': {
    ...logged,
    hint: () => vscode.l10n.t('The artifact names a file that could leave the folder. Nothing was written.'),
  },
  'metadata-invalid': { ...said, hint: () => vscode.l10n.t('Open the metadata file to see where.') },
  'not-found': said,
  'already-exists': { ...said, hint: () => vscode.l10n.t('Choose another tag, or move the existing one.') },
  conflict: { ...said, hint: () => vscode.l10n.t('Choose another folder, or replace the files.') },
  unauthorized: {
    severity: 'error',
    actions: ['sign-in', 'show-log'],
    hint: () => vscode.l10n.t('The registry wants a login, or does not take the one it was given.'),
  },
  denied: {
    severity: 'error',
    actions: ['sign-in', 'show-log'],
    hint: () => vscode.l10n.t('The login may not do this. Ask for access, or sign in as someone who may.'),
  },
  'rate-limited': { ...retried, hint: () => vscode.l10n.t('The registry asks to wait before the next try.') },
  unreachable: {
    severity: 'error',
    actions: ['try-again', 'use-http', 'show-log'],
    hint: () => vscode.l10n.t('Check the name, the port and the network.'),
  },
  'timed-out': retried,
  'tls-untrusted': {
    severity: 'error',
    actions: ['open-settings', 'show-log'],
    hint: () =>
      vscode.l10n.t('If the registry has its own certificate authority, name its file in omlmd.caFile.'),
  },
  'registry-failed': retried,
  'digest-mismatch': {
    ...logged,
    hint: () => vscode.l10n.t('The bytes are not those that were asked for. Nothing of them was kept.'),
  },
  'size-mismatch': logged,
  'manifest-invalid': logged,
  'limit-exceeded': logged,
  unsupported: said,
  'file-unreadable': logged,
  'file-changed': {
    ...retried,
    hint: () => vscode.l10n.t('Wait until the file is written, then try again.'),
  },
  'unsafe-model': { ...said, hint: () => vscode.l10n.t('Nothing was sent.') },
  'verification-failed': logged,
  'disk-full': {
    severity: 'error',
    actions: ['try-again'],
    hint: () => vscode.l10n.t('Free some space first.'),
  },
  'store-busy': {
    ...retried,
    hint: () => vscode.l10n.t('Another program is writing to the local store.'),
  },
  'helper-failed': {
    severity: 'error',
    actions: ['sign-in', 'show-log'],
    hint: () =>
      vscode.l10n.t(
        'The credential helper of docker or podman did not answer. You can sign in here instead.',
      ),
  },
  canceled: said,
  internal: logged,
};

/** A registry that answers, but not in TLS: the code is that of any broken connection. */
const NOT_TLS: ErrorForm = {
  severity: 'error',
  actions: ['use-http', 'show-log'],
  hint: () => vscode.l10n.t('It seems to speak plain HTTP.'),
};

/** What was being done when an error happened. */
export interface ErrorContext {
  /** The registry it concerns, when it is one. */
  readonly host?: string | undefined;
  readonly retry?: (() => unknown) | undefined;
}

/** Tells the person of an error, with buttons for what they can do. Cancellation is not an error; a canceled transfer offers to go on. */
export async function showError(
  services: Services,
  error: unknown,
  context: ErrorContext = {},
): Promise<void> {
  if (error instanceof TransferCanceled) return offerResume(error, context);
  if (isCancellation(error)) return;
  const { message, form } = describeError(error);
  services.log.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
  const buttons = form.actions
    .filter((action) => isPossible(action, context))
    .map((action) => ({ action, title: titleOf(action) }));
  const show = form.severity === 'error' ? vscode.window.showErrorMessage : vscode.window.showWarningMessage;
  const chosen = await show(message, ...buttons);
  if (chosen !== undefined) await perform(services, chosen.action, context);
}

/** A canceled transfer says what becomes of it, unless it is one that cannot be gone on with. */
async function offerResume({ title }: TransferCanceled, { retry }: ErrorContext): Promise<void> {
  if (retry === undefined) return;
  const resume = vscode.l10n.t('Resume');
  const message = vscode.l10n.t(
    '{0} was canceled. What has arrived whole stays; Resume goes on with the rest.',
    title,
  );
  if ((await vscode.window.showInformationMessage(message, resume)) === resume) await retry();
}

/** An error as a sentence, with its form. What is not the core's own counts as `internal`. */
export function describeError(error: unknown): { readonly message: string; readonly form: ErrorForm } {
  const form = formOf(error);
  const text = error instanceof Error ? error.message : String(error);
  const sentence = text.charAt(0).toUpperCase() + text.slice(1).replace(/\.$/, '');
  return { message: form.hint === undefined ? sentence : `${sentence}. ${form.hint()}`, form };
}

function formOf(error: unknown): ErrorForm {
  if (!isCoreError(error)) return ERROR_FORMS.internal;
  return speaksNoTls(error.cause) ? NOT_TLS : ERROR_FORMS[error.code];
}

/** OpenSSL's word for an answer that is not TLS. */
function speaksNoTls(cause: unknown): boolean {
  return (
    cause instanceof Error && /wrong.version.number|packet.length.too.long|http.request/i.test(cause.message)
  );
}

/** By its name, not its class: the class lives in the core, which this module must not load. */
function isCoreError(error: unknown): error is OmlmdError {
  return (
    error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code in ERROR_FORMS
  );
}

function isPossible(action: ErrorAction, { host, retry }: ErrorContext): boolean {
  if (action === 'try-again') return retry !== undefined;
  return action === 'sign-in' || action === 'use-http' ? host !== undefined : true;
}

function titleOf(action: ErrorAction): string {
  switch (action) {
    case 'sign-in':
      return vscode.l10n.t('Sign In…');
    case 'use-http':
      return vscode.l10n.t('Use HTTP for This Host');
    case 'open-settings':
      return vscode.l10n.t('Open Settings');
    case 'try-again':
      return vscode.l10n.t('Try Again');
    case 'show-log':
      return vscode.l10n.t('Show Log');
  }
}

async function perform(
  services: Services,
  action: ErrorAction,
  { host, retry }: ErrorContext,
): Promise<void> {
  switch (action) {
    case 'sign-in':
      if ((await vscode.commands.executeCommand('omlmd.signIn', host)) === true) await retry?.();
      return;
    case 'use-http':
      if ((await vscode.commands.executeCommand('omlmd.useHttp', host)) === true) await retry?.();
      return;
    case 'open-settings':
      await vscode.commands.executeCommand('workbench.action.openSettings', 'omlmd.caFile');
      return;
    case 'try-again':
      await retry?.();
      return;
    case 'show-log':
      services.log.show();
  }
}
