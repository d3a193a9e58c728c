import { type ErrorCode, escapeControls, isOmlmdError, OmlmdError } from '../core/index.ts';
import { EXITS } from './exit-status.ts';

/** An error as a person and a program are told of it. */
export interface ErrorDescription {
  readonly code: ErrorCode;
  /** Escaped; one or a few lines. */
  readonly message: string;
  readonly hint: string | null;
  readonly retryable: boolean;
  readonly status: number;
}

/** What any thrown value means: our own errors by their code, the rest as `internal` or `canceled`. */
export function describeError(error: unknown): ErrorDescription {
  const known = isOmlmdError(error) ? error : wrap(error);
  const { status, hint } = EXITS[known.code];
  return { code: known.code, message: escapeLines(known.message), hint, retryable: known.retryable, status };
}

function wrap(error: unknown): OmlmdError {
  if (error instanceof Error && error.name === 'AbortError') return new OmlmdError('canceled', 'interrupted');
  if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') {
    return new OmlmdError('disk-full', error.message, { cause: error });
  }
  return new OmlmdError('internal', error instanceof Error ? error.message : String(error), { cause: error });
}

function escapeLines(message: string): string {
  return message.split('\n').map(escapeControls).join('\n');
}
