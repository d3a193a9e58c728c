import type { FindingCode } from '../reader.ts';

/** Why a parser could not go on. */
export type StopCode = Extract<FindingCode, 'truncated' | 'malformed' | 'too-large-to-show'>;

/**
 * Thrown inside readers where a file cannot be read further. It never leaves a reader: what was found so far is
 * returned, with this as a finding.
 */
export class ParseStop extends Error {
  readonly code: StopCode;
  /** Byte offset in the file (or in what it inflates to). */
  readonly offset: number | undefined;

  constructor(code: StopCode, message: string, offset?: number) {
    super(message);
    this.name = 'ParseStop';
    this.code = code;
    this.offset = offset;
  }
}

/** A {@link ParseStop} for bytes that cannot be what the format says. */
export function malformed(message: string, offset?: number): ParseStop {
  return new ParseStop('malformed', message, offset);
}
