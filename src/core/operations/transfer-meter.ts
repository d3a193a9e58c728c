import type { Progress } from '../oci/progress.ts';

/** What a person wants to know of a transfer, at one moment. */
export interface TransferState {
  readonly kind: Progress['kind'];
  /** The piece that moved last. Foreign text. */
  readonly name: string;
  readonly bytes: number;
  /** Null while any piece's size is unknown. */
  readonly total: number | null;
  /** Bytes a second over the last {@link WINDOW_MS}; null before there is a second sample. */
  readonly rate: number | null;
  readonly secondsLeft: number | null;
  readonly piecesDone: number;
  readonly pieces: number;
  readonly note?: string;
}

/** Over how long a rate is taken: long enough to be steady, short enough to follow a change. */
const WINDOW_MS = 4000;

interface Sample {
  readonly at: number;
  readonly bytes: number;
}

/** Adds up progress events into rate and time left. Phases (hash, then upload) are counted apart. */
export class TransferMeter {
  readonly #now: () => number;
  readonly #pieces = new Map<string, Progress>();
  /** Bytes that moved while this looked on. */
  #moved = 0;
  #samples: Sample[] = [];
  #last: Progress | undefined;

  /** @param now milliseconds of a clock that does not jump */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  update(progress: Progress): TransferState {
    if (this.#last?.kind !== progress.kind) this.#samples = [];
    const key = `${progress.kind} ${progress.id}`;
    this.#moved += movedBetween(this.#pieces.get(key), progress);
    this.#pieces.set(key, progress);
    this.#last = progress;
    const pieces = [...this.#pieces.values()].filter((piece) => piece.kind === progress.kind);
    const bytes = pieces.reduce((sum, piece) => sum + piece.bytes, 0);
    const total = pieces.reduce<number | null>(
      (sum, p) => (sum === null || p.total === null ? null : sum + p.total),
      0,
    );
    const rate = this.#rate(this.#moved);
    return {
      kind: progress.kind,
      name: progress.name,
      bytes,
      total,
      rate,
      secondsLeft: rate === null || rate <= 0 || total === null ? null : Math.max(0, (total - bytes) / rate),
      piecesDone: pieces.filter((piece) => piece.state !== 'active' && piece.state !== 'waiting').length,
      pieces: pieces.length,
      ...(progress.note === undefined ? {} : { note: progress.note }),
    };
  }

  #rate(bytes: number): number | null {
    const at = this.#now();
    this.#samples.push({ at, bytes });
    while (this.#samples.length > 2 && (this.#samples[0]?.at ?? at) < at - WINDOW_MS) this.#samples.shift();
    const first = this.#samples[0];
    if (first === undefined || at - first.at < 100) return null;
    return ((bytes - first.bytes) * 1000) / (at - first.at);
  }
}

/**
 * Bytes that moved between two events of a piece. What was there before counts as done but says nothing of the rate: a
 * piece that exists or was mounted, and what an earlier try has left, with which a piece that is gone on with begins.
 */
function movedBetween(before: Progress | undefined, { state, bytes }: Progress): number {
  if (state === 'exists' || state === 'mounted') return 0;
  const known = before?.bytes ?? 0;
  return known === 0 && state !== 'done' ? 0 : Math.max(0, bytes - known);
}

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'] as const;

/** `1.2 GB`: decimal units, as disks and networks are sold. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

/** `42 s`, `3 min`, `2 h 5 min`. */
export function formatDuration(seconds: number): string {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `model.onnx · 1.2 GB of 3.4 GB · 58 MB/s · 38 s left`. The name is the caller's to escape. */
export function formatTransfer(state: TransferState): string {
  const of = state.total === null ? '' : ` of ${formatBytes(state.total)}`;
  const parts = [`${formatBytes(state.bytes)}${of}`];
  if (state.note !== undefined) parts.push(state.note);
  else {
    if (state.rate !== null) parts.push(`${formatBytes(state.rate)}/s`);
    if (state.secondsLeft !== null && state.secondsLeft > 0)
      parts.push(`${formatDuration(state.secondsLeft)} left`);
  }
  return parts.join(' · ');
}
