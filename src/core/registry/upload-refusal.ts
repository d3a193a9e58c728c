import { isOmlmdError, RegistryError } from '../errors.ts';

/** The HTTP status behind an error, if a registry gave one. */
export function statusOf(error: unknown): number | undefined {
  return error instanceof RegistryError ? error.response.status : undefined;
}

/** The session, or the repository, is not there (any more). */
export function isGone(error: unknown): boolean {
  return statusOf(error) === 404;
}

/** 413, or a 416 that speaks of a size: GHCR answers so to a large PATCH. */
export function isTooLarge(error: unknown): boolean {
  if (!(error instanceof RegistryError)) return false;
  const { status, errors } = error.response;
  if (status === 413) return true;
  return (
    status === 416 && errors.some(({ message = '' }) => /too large|maximum|exceed|at most/i.test(message))
  );
}

/** The registry takes no chunks at all. */
export function isPatchRefused(error: unknown): boolean {
  return (
    error instanceof RegistryError &&
    error.response.method === 'PATCH' &&
    (error.code === 'unsupported' || error.response.status === 405)
  );
}

/** An answer that says no to this very request, whatever the login and however often it is asked. */
export function isRefused(error: unknown): boolean {
  const status = statusOf(error) ?? 0;
  return status >= 400 && status < 500 && ![401, 403, 408, 429].includes(status);
}

/** The connection ended, or nothing moved on it any more, before there was an answer. */
export function isBroken(error: unknown): boolean {
  return (
    (isOmlmdError(error, 'unreachable') || isOmlmdError(error, 'timed-out')) && statusOf(error) === undefined
  );
}
