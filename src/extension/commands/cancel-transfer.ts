import * as vscode from 'vscode';
import { OmlmdError } from '../../core/index.ts';
import type { RunningTransfer } from '../running-transfers.ts';
import type { Services } from '../services.ts';

/** *Cancel Transfer…*: the one that is under way, or one of several. */
export async function cancelTransfer({ transfers }: Services): Promise<void> {
  const running = transfers.all;
  const [only] = running;
  if (only === undefined)
    throw new OmlmdError('not-found', vscode.l10n.t('Nothing is being sent or received'));
  const chosen = running.length === 1 ? only : await pick(running);
  chosen?.cancel();
}

async function pick(running: readonly RunningTransfer[]): Promise<RunningTransfer | undefined> {
  const items = running.map((transfer) => ({ label: transfer.title, transfer }));
  const placeHolder = vscode.l10n.t('Which one?');
  const title = vscode.l10n.t('Cancel Transfer');
  return (await vscode.window.showQuickPick(items, { title, placeHolder }))?.transfer;
}
