/**
 * The one error type of the project and its closed list of codes.
 *
 * A message says what was being done, to what, and what was wrong, in that order; it carries no advice (hosts add
 * hints from the code) and no secret. Every host maps every code in one total table: `cli/exit-status.ts` and
 * `extension/error-actions.ts`.
 */
export const ERROR_CODES = [
  'usage', // an option or argument that cannot be meant
  'reference-invalid',
  'digest-invalid',
  'title-refused', // a file title that could leave the folder or mislead
  'metadata-invalid',
  'not-found',
  'already-exists',
  'conflict', // files in the way of a pull, a tag that exists
  'unauthorized',
  'denied',
  'rate-limited',
  'unreachable', // DNS, refused or reset connection
  'timed-out', // no byte for the stall limit
  'tls-untrusted',
  'registry-failed', // an answer that is not an answer: 5xx, protocol violations
  'digest-mismatch',
  'size-mismatch',
  'manifest-invalid',
  'limit-exceeded',
  'unsupported',
  'file-unreadable',
  'file-changed', // while it was being read
  'unsafe-model', // a critical finding stops a push
  'verification-failed',
  'disk-full',
  'store-busy', // the lock of a layout could not be had
  'helper-failed', // a credential helper
  'canceled', // the caller's signal; kept apart so that no host mistakes it for a failure
  'internal',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** Options of {@link OmlmdError}. */
export interface OmlmdErrorOptions extends ErrorOptions {
  /** Whether the same call may succeed later without a change. */
  readonly retryable?: boolean;
}

export class OmlmdError extends Error {
  readonly code: ErrorCode;
  readonly retryable: boolean;

  constructor(code: ErrorCode, message: string, options: OmlmdErrorOptions = {}) {
    super(message, options);
    this.name = 'OmlmdError';
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}

/** One entry of the `errors` array of a registry's answer (distribution-spec §Error Codes). */
export interface RegistryErrorDetail {
  readonly code: string;
  readonly message?: string;
}

/** What a registry answered. The URL is redacted: no query, no user information. */
export interface RegistryResponse {
  readonly method: string;
  readonly url: string;
  readonly status: number;
  readonly errors: readonly RegistryErrorDetail[];
}

export class RegistryError extends OmlmdError {
  readonly response: RegistryResponse;

  constructor(code: ErrorCode, message: string, response: RegistryResponse, options: OmlmdErrorOptions = {}) {
    super(code, message, options);
    this.name = 'RegistryError';
    this.response = response;
  }
}

export function isOmlmdError(error: unknown, code?: ErrorCode): error is OmlmdError {
  return error instanceof OmlmdError && (code === undefined || error.code === code);
}

/** Whether bytes came that are not those of their digest. What a registry says of bytes that it was sent is no such thing. */
export function isCorrupt(error: unknown): error is OmlmdError {
  if (error instanceof RegistryError) return false;
  return isOmlmdError(error, 'digest-mismatch') || isOmlmdError(error, 'size-mismatch');
}

/** Longest quotation of foreign text in a message. Stops a 10 MB reference from becoming a 10 MB error. */
export const MAX_QUOTED_CHARACTERS = 256;

/** Characters that could move a cursor, hide text or reorder it: C0, DEL, C1, line separators, bidi and zero-width controls. */
const UNPRINTABLE =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/gu;

/** Foreign text made safe to show on a terminal or in a notification (reliability S25): controls become `\uXXXX`. */
export function escapeControls(text: string): string {
  return text.replace(UNPRINTABLE, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Foreign text for an error message: at most {@link MAX_QUOTED_CHARACTERS}, controls shown, in double quotes. */
export function quote(text: string): string {
  const cut = text.length > MAX_QUOTED_CHARACTERS ? `${text.slice(0, MAX_QUOTED_CHARACTERS)}…` : text;
  return `"${escapeControls(cut)}"`;
}
