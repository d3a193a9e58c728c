import { OmlmdError } from '../errors.ts';

/** One request to a registry, apart from any server. */
export interface RegistryCall {
  readonly method: string;
  readonly url: URL;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: AsyncIterable<Uint8Array>;
  /** Ends the connection without an answer; who reads the body is told by an error. */
  readonly hangUp?: (() => void) | undefined;
}

export interface RegistryReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Left alone when the request was a HEAD; a stream needs its `content-length` among the headers. */
  readonly body?: Uint8Array | AsyncIterable<Uint8Array>;
}

/** A registry is a function; logins, guards and, in tests, faults are functions around it. */
export type RegistryHandler = (call: RegistryCall) => Promise<RegistryReply>;

export function jsonReply(
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): RegistryReply {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: new TextEncoder().encode(JSON.stringify(value)),
  };
}

/** distribution-spec §Error Codes, and `UNKNOWN` for what it has none for. */
export type RegistryErrorCode =
  | 'BLOB_UNKNOWN'
  | 'BLOB_UPLOAD_INVALID'
  | 'BLOB_UPLOAD_UNKNOWN'
  | 'DIGEST_INVALID'
  | 'MANIFEST_BLOB_UNKNOWN'
  | 'MANIFEST_INVALID'
  | 'MANIFEST_UNKNOWN'
  | 'NAME_INVALID'
  | 'NAME_UNKNOWN'
  | 'SIZE_INVALID'
  | 'UNAUTHORIZED'
  | 'DENIED'
  | 'UNSUPPORTED'
  | 'TOOMANYREQUESTS'
  | 'UNKNOWN';

export function errorReply(
  status: number,
  code: RegistryErrorCode,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): RegistryReply {
  return jsonReply(status, { errors: [{ code, message }] }, headers);
}

/** The body, whole; more than `limit` bytes is `limit-exceeded`, counted, not believed (S10). */
export async function readCall(call: RegistryCall, limit = Number.POSITIVE_INFINITY): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of call.body) {
    size += chunk.byteLength;
    if (size > limit)
      throw new OmlmdError('limit-exceeded', `read a request: its body is larger than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** What `content-length` claims; undefined where there is none, as with chunked encoding. */
export function claimedLength({ headers }: RegistryCall): number | undefined {
  const text = headers['content-length'];
  return text !== undefined && /^[0-9]{1,15}$/.test(text) ? Number(text) : undefined;
}
