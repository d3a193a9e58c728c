import * as vscode from 'vscode';
import { OmlmdError } from '../core/index.ts';

/** Nothing is sent or written for a folder that the person does not trust (S26). */
export function requireTrust(): void {
  if (vscode.workspace.isTrusted) return;
  throw new OmlmdError(
    'unsupported',
    vscode.l10n.t('Trust this workspace first: pushing and pulling are off in restricted mode'),
  );
}
