import { type ErrorCode, OmlmdError } from '../errors.ts';
import { errorReply, type RegistryErrorCode, type RegistryReply } from './registry-call.ts';

interface Failure {
  readonly status: number;
  readonly code: RegistryErrorCode;
  /** In place of the error's own message, which may name paths of this machine. */
  readonly message: string;
  /** Seconds. */
  readonly retryAfter?: number;
}

/** What the store's errors mean to a client; all others are failures of the registry. */
const FAILURES: Partial<Readonly<Record<ErrorCode, Failure>>> = {
  'limit-exceeded': { status: 413, code: 'SIZE_INVALID', message: 'larger than this registry takes' },
  'disk-full': { status: 507, code: 'UNKNOWN', message: 'the disk of the registry is full' },
  'store-busy': {
    status: 503,
    code: 'TOOMANYREQUESTS',
    message: 'another process is busy with the repository',
    retryAfter: 1,
  },
};

/** An answer for an error of ours; undefined for anything else, which is told to the log only. */
export function failureReply(error: unknown): RegistryReply | undefined {
  if (!(error instanceof OmlmdError)) return undefined;
  const failure = FAILURES[error.code];
  if (failure === undefined) return undefined;
  const { status, code, message, retryAfter } = failure;
  const headers = retryAfter === undefined ? undefined : { 'retry-after': String(retryAfter) };
  return errorReply(status, code, message, headers);
}
