import { OmlmdError, quote } from '../errors.ts';
import type { HttpResponse } from './http-exchange.ts';
import { resolveLocation } from './location.ts';
import { headerOf } from './response-body.ts';

/** Where an upload goes on. Registries put state into the URL, so the newest one is the only one (R6). */
export interface UploadSession {
  readonly url: URL;
  /** Bytes; distribution-spec `OCI-Chunk-Min-Length`, 0 where there is none. */
  readonly minimumChunk: number;
}

/** The session that an answer describes; throws `registry-failed` if there is no place to go on. */
export function openedSession(response: HttpResponse, doing: string): UploadSession {
  const location = headerOf(response, 'location');
  if (location === undefined)
    throw new OmlmdError(
      'registry-failed',
      `${doing}: ${response.url.host} opened an upload without Location`,
    );
  const minimum = headerOf(response, 'oci-chunk-min-length');
  return {
    url: resolveLocation(location, response.url, doing),
    minimumChunk: minimum !== undefined && /^[0-9]{1,15}$/.test(minimum) ? Number(minimum) : 0,
  };
}

/** The session after an answer within it: moved, if the answer says so. */
export function movedSession(session: UploadSession, response: HttpResponse, doing: string): UploadSession {
  const location = headerOf(response, 'location');
  return location === undefined
    ? session
    : { ...session, url: resolveLocation(location, response.url, doing) };
}

/** The URL that ends an upload. Text is appended: parsing a registry's opaque state could change it. */
export function closingUrl(session: UploadSession, digest: string): URL {
  const { href } = session.url;
  return new URL(`${href}${session.url.search === '' ? '?' : '&'}digest=${encodeURIComponent(digest)}`);
}

/**
 * Bytes that a registry has, from its `Range: 0-N`. `0-0` is what an empty session says, too, so it counts as nothing:
 * one byte sent twice is refused, one byte left out would spoil the blob (R5).
 */
export function acknowledgedBytes(response: HttpResponse, doing: string): number {
  const range = headerOf(response, 'range');
  if (range === undefined) return 0;
  const last = /^(?:bytes=)?0-([0-9]{1,16})$/.exec(range.trim())?.[1];
  if (last === undefined)
    throw new OmlmdError(
      'registry-failed',
      `${doing}: ${response.url.host} reports the range ${quote(range)}`,
    );
  return last === '0' ? 0 : Number(last) + 1;
}
