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

/** An error whose hint depends on what the verb was doing, not on the code alone. */
export class HintedError extends OmlmdError {
  readonly hint: string;

  constructor(error: OmlmdError, hint: string) {
    super(error.code, error.message, { cause: error, retryable: error.retryable });
    this.hint = hint;
  }
}

/** For `catch`: the same error with a hint, when the registry cannot do what was asked of it. */
export function hintIfUnsupported(hint: string): (error: unknown) => never {
  return (error) => {
    throw isOmlmdError(error, 'unsupported') ? new HintedError(error, hint) : error;
  };
}

/** What any thrown value means: our own errors by their code, the rest as `internal` or `canceled`. */
export function describeError(error: unknown): ErrorDescription {
  const known = isOmlmdError(error) ? error : wrap(error);
  const { status, hint: usual } = EXITS[known.code];
  const hint = known instanceof HintedError ? known.hint : usual;
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
