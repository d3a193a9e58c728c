import {
  escapeControls,
  formatTransfer,
  type OnProgress,
  type Progress,
  TransferMeter,
} from '../core/index.ts';
import { encodeEvent } from './protocol.ts';
import type { Terminal } from './terminal.ts';

export const PROGRESS_MODES = ['auto', 'plain', 'jsonl', 'none'] as const;

/** Shows progress; `clear` removes what is live so that other text can be written. */
export interface ProgressReporter {
  readonly onProgress: OnProgress;
  clear(): void;
}

/** Milliseconds between two redraws or events of one piece: what an eye can follow, and no flood for a program. */
const INTERVAL_MS = 100;
/** Milliseconds between two lines of `plain` progress. */
const PLAIN_INTERVAL_MS = 5000;

/** Lets the first, the last and one in between a piece every so often through. */
function throttle(show: (progress: Progress) => void, interval: number): OnProgress {
  const shown = new Map<string, number>();
  return (progress) => {
    const key = `${progress.kind} ${progress.id}`;
    const now = performance.now();
    if (progress.state === 'active' && now - (shown.get(key) ?? Number.NEGATIVE_INFINITY) < interval) return;
    shown.set(key, now);
    show(progress);
  };
}

const VERBS: Readonly<Record<Progress['kind'], string>> = {
  hash: 'hashing',
  upload: 'sending',
  download: 'receiving',
  copy: 'copying',
  verify: 'verifying',
  read: 'reading',
};

export const silentProgress: ProgressReporter = { onProgress() {}, clear() {} };

/** JSON-lines events on stdout. */
export function eventProgress(terminal: Terminal): ProgressReporter {
  const meter = new TransferMeter();
  const show = (progress: Progress) => {
    const { rate } = meter.update(progress);
    const { id, name, kind, total } = progress;
    const bytes = total === null ? progress.bytes : Math.min(progress.bytes, total);
    terminal.stdout.write(encodeEvent({ event: 'progress', id, name, kind, bytes, total, rate }));
  };
  return { onProgress: throttle(show, INTERVAL_MS), clear() {} };
}

/** A line now and then on stderr, for logs. */
export function plainProgress(terminal: Terminal): ProgressReporter {
  const meter = new TransferMeter();
  const show = (progress: Progress) => {
    const state = meter.update(progress);
    const what =
      progress.state === 'active' || progress.state === 'waiting' ? VERBS[progress.kind] : progress.state;
    terminal.stderr.write(`${what} ${escapeControls(progress.name)}: ${formatTransfer(state)}\n`);
  };
  return { onProgress: throttle(show, PLAIN_INTERVAL_MS), clear() {} };
}

/** One line on a terminal's stderr, redrawn in place. */
export function liveProgress(terminal: Terminal): ProgressReporter {
  const meter = new TransferMeter();
  let drawn = false;
  const show = (progress: Progress) => {
    const state = meter.update(progress);
    const pieces = state.pieces > 1 ? ` · ${state.piecesDone}/${state.pieces}` : '';
    const name = escapeControls(progress.name);
    const line = `${VERBS[progress.kind]} ${name.length > 40 ? `…${name.slice(-39)}` : name}  ${formatTransfer(state)}${pieces}`;
    const width = (terminal.stderr.columns || 80) - 1;
    terminal.stderr.write(`\r\u001b[2K${line.slice(0, width)}`);
    drawn = true;
  };
  return {
    onProgress: throttle(show, INTERVAL_MS),
    clear() {
      if (drawn) terminal.stderr.write('\r\u001b[2K');
      drawn = false;
    },
  };
}
