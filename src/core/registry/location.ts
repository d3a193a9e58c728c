import { OmlmdError, quote } from '../errors.ts';
import { redactUrl } from './response-error.ts';

/**
 * Where a registry points to, relative to where it said so. A registry behind a TLS proxy often thinks that it speaks
 * plain HTTP and names itself so: that is taken as https, and any other step to plain HTTP is refused.
 */
export function resolveLocation(text: string, from: URL, doing: string): URL {
  const url = URL.parse(text, from.href);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new OmlmdError('registry-failed', `${doing}: ${from.host} points to ${quote(text)}`);
  if (from.protocol !== 'https:' || url.protocol !== 'http:') return url;
  if (url.hostname === from.hostname) return new URL(url.pathname + url.search, from.origin);
  throw new OmlmdError(
    'registry-failed',
    `${doing}: ${redactUrl(from)} points from https to plain http at ${quote(url.host)}, which is refused`,
  );
}

/** The target of `rel="next"` in a `Link` header (RFC 8288), whatever else the header links to. */
export function nextLink(header: string | undefined): string | undefined {
  for (let at = 0; header !== undefined; ) {
    const open = header.indexOf('<', at);
    const close = header.indexOf('>', open);
    if (open < 0 || close < 0) return undefined;
    const next = header.indexOf('<', close);
    at = next < 0 ? header.length : next;
    if (/;\s*rel\s*=\s*"?next"?\s*(?:[;,]|$)/i.test(header.slice(close + 1, at)))
      return header.slice(open + 1, close);
  }
  return undefined;
}
