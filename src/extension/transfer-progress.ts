import { setTimeout as sleep } from 'node:timers/promises';
import * as vscode from 'vscode';
import {
  escapeControls,
  formatTransfer,
  type OnProgress,
  type Progress,
  TransferMeter,
  type TransferState,
} from '../core/index.ts';
import { TransferCanceled } from './running-transfers.ts';
import type { Services } from './services.ts';
import type { TreeViewId } from './subject.ts';

/** What a transfer is given: the person's cancel button, and where to say how far it is. */
export interface TransferCall {
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress;
}

/** Milliseconds between two updates: more could not be read, and a fast transfer would flood the window. */
const UPDATE_MS = 250;

/** Milliseconds until a transfer gets a notification: one that is over by then has only its result to tell. */
const NOTIFY_AFTER_MS = 1_000;

/** Share of a bar, in percent, that each phase ends at. A file is hashed before it is sent. */
const PHASE_END: Readonly<Record<Progress['kind'], number>> = {
  read: 5,
  hash: 25,
  upload: 100,
  copy: 100,
  download: 90,
  verify: 100,
};

/**
 * Runs a transfer that a person started. How far it is stands in the view at once, and in a notification when it
 * takes longer; both can cancel it, which rejects with {@link TransferCanceled}.
 */
export async function withTransfer<T>(
  { transfers }: Pick<Services, 'transfers'>,
  title: string,
  view: TreeViewId,
  transfer: (call: TransferCall) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const cancel = () => controller.abort(new TransferCanceled(title));
  const tale = transfers.begin({ title, view, cancel });
  const bar = new LateBar();
  const onProgress = reporter((update) => {
    tale.say(update.message);
    bar.report(update);
  });
  const running = transfer({ signal: controller.signal, onProgress });
  void vscode.window.withProgress({ location: { viewId: view } }, () => settled(running));
  void notifyLater(running, title, bar, cancel);
  try {
    return await running;
  } finally {
    tale.end();
  }
}

async function notifyLater(
  running: Promise<unknown>,
  title: string,
  bar: LateBar,
  cancel: () => void,
): Promise<void> {
  const over = settled(running).then(() => true);
  if (await Promise.race([over, sleep(NOTIFY_AFTER_MS, false, { ref: false })])) return;
  const location = vscode.ProgressLocation.Notification;
  await vscode.window.withProgress({ location, cancellable: true, title }, (progress, token) => {
    token.onCancellationRequested(cancel);
    bar.show((update) => progress.report(update));
    return settled(running);
  });
}

async function settled(running: Promise<unknown>): Promise<void> {
  await running.catch(() => undefined);
}

/** A bar that may be shown after it began: it then starts where the transfer is. */
class LateBar {
  #report: ((update: BarUpdate) => void) | undefined;
  #missed: BarUpdate | undefined;

  report(update: BarUpdate): void {
    if (this.#report !== undefined) this.#report(update);
    else this.#missed = { ...update, increment: (this.#missed?.increment ?? 0) + update.increment };
  }

  show(report: (update: BarUpdate) => void): void {
    this.#report = report;
    if (this.#missed !== undefined) report(this.#missed);
  }
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
