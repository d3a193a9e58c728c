import { STATUS_CODES } from 'node:http';
import {
  type ErrorCode,
  escapeControls,
  OmlmdError,
  quote,
  RegistryError,
  type RegistryErrorDetail,
  type RegistryResponse,
} from '../errors.ts';
import type { HttpResponse } from './http-exchange.ts';

/** Bytes of an error body that are read; an endless one must not fill memory. */
const MAX_ERROR_BYTES = 64 * 1024;
/** Entries of `errors` that are kept and shown. */
const MAX_ERRORS = 5;

/** An answer that asks for patience: 429 or 5xx with `Retry-After`. */
export class ThrottledError extends RegistryError {
  readonly retryAfterMs: number;

  constructor(code: ErrorCode, message: string, response: RegistryResponse, retryAfterMs: number) {
    super(code, message, response, { retryable: true });
    this.retryAfterMs = retryAfterMs;
  }
}

/** A URL without what may be secret: user information, query and fragment (S19). */
export function redactUrl(url: URL): string {
  return escapeControls(`${url.origin}${url.pathname}`);
}

/** An answer that was not accepted, as an error with the registry's own words. Reads at most 64 KiB of the body. */
export async function responseError(
  request: { readonly method: string; readonly doing: string; readonly asking?: string | undefined },
  response: HttpResponse,
): Promise<OmlmdError> {
  const { status } = response;
  const errors = parseErrors(await errorBody(response));
  const told: RegistryResponse = { method: request.method, url: redactUrl(response.url), status, errors };
  const code = codeFor(status, errors);
  const message = `${request.doing}: ${response.url.host} ${verdict(status, request.asking)}${words(errors)}`;
  const retryAfter = retryAfterMs(response.headers['retry-after'], Date.now());
  if (isTransientStatus(status) && retryAfter !== undefined)
    return new ThrottledError(code, message, told, retryAfter);
  return new RegistryError(code, message, told, { retryable: isTransientStatus(status) });
}

/** 408, 429 and 5xx pass by themselves. */
function isTransientStatus(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

/** `Retry-After` in milliseconds: seconds or an HTTP date (RFC 9110 §10.2.3); undefined when it is neither. */
export function retryAfterMs(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  if (/^\s*[0-9]{1,15}\s*$/.test(text)) return Number(text) * 1000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

async function errorBody(response: HttpResponse): Promise<string> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  try {
    for await (const chunk of response.body()) {
      chunks.push(chunk);
      total += chunk.byteLength;
      if (total >= MAX_ERROR_BYTES) break;
    }
  } catch (error) {
    // The status is the news; a body that breaks off adds nothing. Cancellation still must get out.
    if (!(error instanceof OmlmdError)) throw error;
  }
  return Buffer.concat(chunks).toString('utf8', 0, MAX_ERROR_BYTES);
}

/** distribution-spec §Error Codes; anything else gives an empty list. */
function parseErrors(body: string): RegistryErrorDetail[] {
  let document: unknown;
  try {
    document = JSON.parse(body);
  } catch {
    return [];
  }
  if (document === null || typeof document !== 'object' || !('errors' in document)) return [];
  if (!Array.isArray(document.errors)) return [];
  return document.errors.slice(0, MAX_ERRORS).flatMap((entry: unknown) => errorDetail(entry) ?? []);
}

function errorDetail(entry: unknown): RegistryErrorDetail | undefined {
  if (entry === null || typeof entry !== 'object' || !('code' in entry)) return undefined;
  if (typeof entry.code !== 'string') return undefined;
  const message = 'message' in entry && typeof entry.message === 'string' ? entry.message : '';
  // MANIFEST_INVALID names the offending field in `detail` only (R23).
  const detail = 'detail' in entry && entry.detail ? JSON.stringify(entry.detail) : '';
  const text = [message, detail].filter((part) => part !== '').join(' ');
  return { code: entry.code.slice(0, 64), ...(text === '' ? {} : { message: text.slice(0, 1024) }) };
}

function words(errors: readonly RegistryErrorDetail[]): string {
  if (errors.length === 0) return '';
  const one = ({ code, message }: RegistryErrorDetail) =>
    message === undefined ? escapeControls(code) : `${escapeControls(code)} ${quote(message)}`;
  return `: ${errors.map(one).join('; ')}`;
}

function verdict(status: number, asking: string | undefined): string {
  const name = STATUS_CODES[status];
  const answered = `answered ${status}${name === undefined ? '' : ` ${name}`}`;
  if (asking === undefined) return answered;
  if (status === 401) return `refused ${asking} (401)`;
  return status === 403 ? `denied it to ${asking} (403)` : answered;
}

function codeFor(status: number, errors: readonly RegistryErrorDetail[]): ErrorCode {
  const has = (code: string) => errors.some((error) => error.code === code);
  if (has('MANIFEST_INVALID')) return 'manifest-invalid';
  if (status === 401) return 'unauthorized';
  if (status === 403) return 'denied';
  if (status === 404) return 'not-found';
  if (status === 405 || status === 501 || has('UNSUPPORTED')) return 'unsupported';
  if (status === 409 || status === 412) return 'conflict';
  if (status === 413) return 'limit-exceeded';
  if (status === 429) return 'rate-limited';
  if (status === 408) return 'timed-out';
  if (has('DIGEST_INVALID')) return 'digest-mismatch';
  if (has('SIZE_INVALID')) return 'size-mismatch';
  return 'registry-failed';
}
