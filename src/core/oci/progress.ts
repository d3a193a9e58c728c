/** The one progress type. Hosts turn it into a line, an event or a notification; callbacks are synchronous and never throw. */
export interface Progress {
  /** What is moving: a digest, or a path while the digest is not known. */
  readonly id: string;
  /** For people: a file title or a media type. Foreign text. */
  readonly name: string;
  readonly kind: 'hash' | 'upload' | 'download' | 'copy' | 'verify' | 'read';
  /** Bytes done, those that did not have to move included; at most `total`. */
  readonly bytes: number;
  /** Bytes in all; null when unknown. */
  readonly total: number | null;
  readonly state: 'active' | 'waiting' | 'done' | 'exists' | 'mounted';
  /** Why a transfer waits: `waiting 12 s, the registry asked for it`. */
  readonly note?: string;
}

export type OnProgress = (progress: Progress) => void;
