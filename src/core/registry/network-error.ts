import { type ErrorCode, OmlmdError, quote } from '../errors.ts';

/** Nothing was reached at all: asking again at once would only hide the message for seconds. */
const NOT_REACHED: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'the name service does not answer',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
};

const BROKEN: Readonly<Record<string, string>> = {
  ECONNRESET: 'the connection was closed in the middle',
  EPIPE: 'the connection was closed in the middle',
  ECONNABORTED: 'the connection was closed in the middle',
  ERR_STREAM_PREMATURE_CLOSE: 'the connection was closed in the middle',
  ETIMEDOUT: 'the connection timed out',
};

/** Certificate failures of OpenSSL and Node (https://nodejs.org/api/tls.html#x509-certificate-error-codes). */
const UNTRUSTED =
  /^(?:CERT_|CRL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH|ERR_TLS_CERT_ALTNAME|PATH_LENGTH)/;

/** What servers say to a client without a certificate, or with one that they do not take. */
const WANTS_CERTIFICATE =
  /^ERR_SSL_.*(?:CERTIFICATE_REQUIRED|ALERT_BAD_CERTIFICATE|ALERT_UNKNOWN_CA|ALERT_CERTIFICATE_)/;

export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** Whether Node refused a certificate, as against a peer that does not speak TLS. */
export function isUntrusted(error: unknown): boolean {
  return UNTRUSTED.test(codeOf(error));
}

/** A failure below HTTP as the project's error. `retryable` says what may pass; {@link isWorthRetrying} what is tried. */
export function networkError(doing: string, url: URL, cause: unknown): OmlmdError {
  const make = (code: ErrorCode, what: string, retryable: boolean) =>
    new OmlmdError(code, `${doing}: ${url.host}: ${what}`, { cause, retryable });
  const code = codeOf(cause);
  const message = cause instanceof Error ? cause.message : String(cause);
  const notReached = NOT_REACHED[code];
  if (notReached !== undefined) return make('unreachable', notReached, true);
  const broken = BROKEN[code];
  if (broken !== undefined) return make(code === 'ETIMEDOUT' ? 'timed-out' : 'unreachable', broken, true);
  if (isUntrusted(cause)) return make('tls-untrusted', `its certificate is not trusted (${code})`, false);
  if (WANTS_CERTIFICATE.test(code))
    return make('denied', `it asks for a client certificate (${code})`, false);
  if (code === 'EPROTO' || code.startsWith('ERR_SSL'))
    return make('unreachable', `TLS failed, ${quote(message)}`, false);
  if (code.startsWith('HPE_')) return make('registry-failed', `the answer is not HTTP (${code})`, false);
  return make('unreachable', quote(message), false);
}

/** Whether another try in this call makes sense: what broke, not what was never there. */
export function isWorthRetrying(error: unknown): error is OmlmdError {
  return error instanceof OmlmdError && error.retryable && NOT_REACHED[codeOf(error.cause)] === undefined;
}
