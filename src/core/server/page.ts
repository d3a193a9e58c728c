import { errorReply, type RegistryReply } from './registry-call.ts';

/** Most entries of one answer; a client asks for the rest by the `Link` that comes with it. */
export const PAGE_SIZE = 1000;

export interface Page<T> {
  readonly entries: readonly T[];
  /** `Link` where there is more (RFC 8288). */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * The page of a list that `n` and `last` ask for (distribution-spec §Listing Tags): entries in the order of their keys,
 * after `last`, whether that is still there or not. A reply where `n` is no number.
 */
export function pageOf<T>(
  url: URL,
  all: readonly T[],
  keyOf: (entry: T) => string,
  pageSize: number,
): Page<T> | RegistryReply {
  const n = url.searchParams.get('n');
  const last = url.searchParams.get('last');
  if (n !== null && !/^[0-9]{1,9}$/.test(n)) return errorReply(400, 'UNSUPPORTED', 'n: expected a number');
  const limit = Math.min(n === null ? pageSize : Number(n), pageSize);
  const sorted = all.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const rest = last === null ? sorted : sorted.filter((entry) => keyOf(entry) > last);
  const entries = rest.slice(0, limit);
  const end = entries.at(-1);
  if (end === undefined || entries.length === rest.length) return { entries, headers: {} };
  const query = new URLSearchParams(url.searchParams);
  query.set('last', keyOf(end));
  return { entries, headers: { link: `<${url.pathname}?${query}>; rel="next"` } };
}
