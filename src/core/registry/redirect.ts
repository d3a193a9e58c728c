import { OmlmdError, quote } from '../errors.ts';
import type { HttpResponse } from './http-exchange.ts';
import { redactUrl } from './response-error.ts';

/** Longest chain of redirects that is followed (S14). */
const MAX_HOPS = 5;

/** 301 to 303 turn other methods into GET in practice, so only reads follow them; 307 and 308 keep the request. */
function isRedirect(method: string, status: number): boolean {
  if (status === 307 || status === 308) return true;
  return (method === 'GET' || method === 'HEAD') && (status === 301 || status === 302 || status === 303);
}

/**
 * Sends a request and follows redirects by hand. `send` decides what a URL may be told: credentials go to one exact
 * origin only. A step from https to http is refused, whoever asks for it (S14). `check` throws for a URL that must not
 * be asked, before it is.
 */
export async function followRedirects(
  request: {
    readonly method: string;
    readonly url: URL;
    readonly doing: string;
    readonly check?: (next: URL) => unknown;
  },
  send: (url: URL) => Promise<HttpResponse>,
): Promise<HttpResponse> {
  let url = request.url;
  for (let hops = 0; ; hops += 1) {
    const response = await send(url);
    const { location } = response.headers;
    if (location === undefined || !isRedirect(request.method, response.status)) return response;
    response.discard();
    const refuse = (what: string) =>
      new OmlmdError('registry-failed', `${request.doing}: ${redactUrl(url)} redirects ${what}`);
    if (hops === MAX_HOPS) throw refuse(`more than ${MAX_HOPS} times`);
    const next = URL.parse(location, url.href);
    if (next === null || !/^https?:$/.test(next.protocol)) throw refuse(`to ${quote(location)}`);
    if (url.protocol === 'https:' && next.protocol === 'http:')
      throw refuse(`from https to plain http at ${quote(next.host)}, which is refused`);
    request.check?.(next);
    url = next;
  }
}
