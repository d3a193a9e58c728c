import * as vscode from 'vscode';
import {
  escapeControls,
  formatTransfer,
  type OnProgress,
  type Progress,
  TransferMeter,
  type TransferState,
} from '../core/index.ts';
import { signalOf } from './abort.ts';

/** What a transfer is given: the person's cancel button, and where to say how far it is. */
export interface TransferCall {
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress;
}

export type TreeViewId = 'omlmd.local' | 'omlmd.registries';

/** Milliseconds between two updates: a fast transfer would otherwise send thousands a second to the window. */
const UPDATE_MS = 100;

/** Share of a bar, in percent, that each phase ends at. A file is hashed before it is sent. */
const PHASE_END: Readonly<Record<Progress['kind'], number>> = {
  read: 5,
  hash: 25,
  upload: 100,
  copy: 100,
  download: 90,
  verify: 100,
};

/** Runs a transfer that a person started, with its progress in a notification that can cancel it, and in the view. */
export async function withTransfer<T>(
  title: string,
  view: TreeViewId,
  transfer: (call: TransferCall) => Promise<T>,
): Promise<T> {
  const location = vscode.ProgressLocation.Notification;
  return vscode.window.withProgress({ location, cancellable: true, title }, (progress, token) => {
    const onProgress = reporter((report) => progress.report(report));
    const running = transfer({ signal: signalOf(token), onProgress });
    void vscode.window.withProgress({ location: { viewId: view } }, () => settled(running));
    return running;
  });
}

async function settled(running: Promise<unknown>): Promise<void> {
  await running.catch(() => undefined);
}

interface BarUpdate {
  readonly message: string;
  /** Percent. */
  readonly increment: number;
}

/** Turns the core's events into updates of a progress bar, the last event of a piece always, the others now and then. */
export function reporter(
  report: (update: BarUpdate) => void,
  now: () => number = () => performance.now(),
): OnProgress {
  const meter = new TransferMeter(now);
  let shown = 0;
  let last = Number.NEGATIVE_INFINITY;
  return (progress) => {
    const state = meter.update(progress);
    if (progress.state === 'active' && now() - last < UPDATE_MS) return;
    last = now();
    const percent = Math.max(shown, percentOf(state));
    report({ message: messageOf(state), increment: percent - shown });
    shown = percent;
  };
}

function percentOf({ kind, bytes, total }: TransferState): number {
  const end = PHASE_END[kind];
  const start =
    kind === 'upload' || kind === 'copy' ? PHASE_END.hash : kind === 'verify' ? PHASE_END.download : 0;
  const done = total === null || total === 0 ? 0 : Math.min(1, bytes / total);
  return start + (end - start) * done;
}

function messageOf(state: TransferState): string {
  const files = state.pieces > 1 ? ` · ${state.piecesDone}/${state.pieces}` : '';
  return `${verbOf(state.kind)} ${escapeControls(state.name)} ${formatTransfer(state)}${files}`;
}

function verbOf(kind: Progress['kind']): string {
  switch (kind) {
    case 'hash':
      return vscode.l10n.t('hashing');
    case 'upload':
    case 'copy':
      return vscode.l10n.t('sending');
    case 'download':
      return vscode.l10n.t('receiving');
    case 'verify':
      return vscode.l10n.t('checking');
    case 'read':
      return vscode.l10n.t('reading');
  }
}
