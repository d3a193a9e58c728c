import { isOmlmdError } from '../errors.ts';

/** One line of `doctor` (docs/cli.md). Foreign text in it is escaped. */
export interface HealthCheck {
  /** What was looked at, in a word. */
  readonly check: string;
  readonly status: 'ok' | 'warning' | 'failure';
  readonly message: string;
  /** What to do; null where nothing is. */
  readonly hint: string | null;
}

export function okCheck(check: string, message: string): HealthCheck {
  return { check, status: 'ok', message, hint: null };
}

export function warningCheck(check: string, message: string, hint: string): HealthCheck {
  return { check, status: 'warning', message, hint };
}

export function failureCheck(check: string, message: string, hint: string): HealthCheck {
  return { check, status: 'failure', message, hint };
}

/** A step that failed, in its own words. Cancellation, and mistakes of ours, get out. */
export function failedCheck(check: string, error: unknown, hint: string): HealthCheck {
  if (!isOmlmdError(error)) throw error;
  return failureCheck(check, error.message, hint);
}
