import { OmlmdError, quote } from '../errors.ts';
import { nextLink, resolveLocation } from './location.ts';
import { headerOf, MAX_PAGE_BYTES, readBody } from './response-body.ts';
import type { RegistryRequest, RegistryTransport } from './transport.ts';

/** Pages that are followed; stops a list that never ends (S17). */
const MAX_PAGES = 1_000;

/** One page: its status, so that 404 can be an answer, its headers and its body. */
export interface Page {
  readonly status: number;
  readonly header: (name: string) => string | undefined;
  readonly body: Uint8Array;
}

/**
 * The pages of a list, each asked for when it is wanted. Only links on the page's own origin are followed, and none
 * twice (S17, R20, R21).
 */
export async function* pages(
  transport: RegistryTransport,
  first: Omit<RegistryRequest, 'method'>,
): AsyncGenerator<Page> {
  const seen = new Set<string>();
  for (let target: string | URL = first.target, count = 1; ; count += 1) {
    const { page, url, next } = await transport.request(
      { ...first, method: 'GET', target },
      async (response) => {
        const body = await readBody(response, MAX_PAGE_BYTES, first.doing);
        const header = (name: string) => headerOf(response, name);
        return {
          page: { status: response.status, header, body },
          url: response.url,
          next: nextLink(header('link')),
        };
      },
    );
    yield page;
    if (next === undefined) return;
    seen.add(url.href);
    const following = resolveLocation(next, url, first.doing);
    if (following.origin !== url.origin)
      throw new OmlmdError(
        'registry-failed',
        `${first.doing}: the next page is on another server, ${quote(following.host)}; it is not asked`,
      );
    if (seen.has(following.href) || count === MAX_PAGES) {
      const why = count === MAX_PAGES ? `there are more than ${MAX_PAGES} pages` : 'a page links to itself';
      transport.log.warn(`${first.doing}: ${why}; the list ends here`);
      return;
    }
    target = following;
  }
}

/** The strings under `key` of a JSON page; `null` is an empty list, as Go programs write one. */
export function stringsOf(body: Uint8Array, key: string, doing: string): string[] {
  let document: unknown;
  try {
    document = JSON.parse(Buffer.from(body).toString('utf8'));
  } catch (cause) {
    throw new OmlmdError('registry-failed', `${doing}: the answer is not JSON`, { cause });
  }
  const list = document !== null && typeof document === 'object' ? Reflect.get(document, key) : undefined;
  if (list === null) return [];
  if (!Array.isArray(list))
    throw new OmlmdError('registry-failed', `${doing}: there is no list of ${key} in the answer`);
  return list.filter((entry) => typeof entry === 'string');
}
