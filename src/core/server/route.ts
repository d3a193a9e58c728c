import { isRepository } from '../oci/reference.ts';

/** What a path names (distribution-spec §Endpoints). Digests, tags and sessions are as they came: not checked yet. */
export type Route =
  | { readonly kind: 'base' }
  | { readonly kind: 'catalog' }
  | { readonly kind: 'tags' | 'uploads'; readonly name: string }
  | {
      readonly kind: 'manifest' | 'referrers' | 'blob' | 'upload';
      readonly name: string;
      readonly key: string;
    }
  | { readonly kind: 'bad-name' }
  | { readonly kind: 'unknown' };

const PREFIX = '/v2/';
const UNKNOWN: Route = { kind: 'unknown' };

/** Takes a path apart from its end: a repository's name may hold `tags`, `blobs` and the like. */
export function parseRoute(pathname: string): Route {
  if (pathname === '/v2' || pathname === PREFIX) return { kind: 'base' };
  if (!pathname.startsWith(PREFIX)) return UNKNOWN;
  if (pathname === '/v2/_catalog') return { kind: 'catalog' };
  const parts = pathname.slice(PREFIX.length).split('/');
  const last = decode(parts.pop() ?? '');
  const kind = parts.pop() ?? '';
  if (last === undefined) return UNKNOWN;
  const name = parts.join('/');
  if (kind === 'uploads' && parts.pop() === 'blobs')
    return named(parts.join('/'), (own) =>
      last === '' ? { kind: 'uploads', name: own } : { kind: 'upload', name: own, key: last },
    );
  if (kind === 'blobs' && last === 'uploads') return named(name, (own) => ({ kind: 'uploads', name: own }));
  if (kind === 'tags' && last === 'list') return named(name, (own) => ({ kind: 'tags', name: own }));
  if (kind === 'manifests') return named(name, (own) => ({ kind: 'manifest', name: own, key: last }));
  if (kind === 'blobs') return named(name, (own) => ({ kind: 'blob', name: own, key: last }));
  if (kind === 'referrers') return named(name, (own) => ({ kind: 'referrers', name: own, key: last }));
  return UNKNOWN;
}

/** A name becomes a path: whatever is no name goes no further. */
function named(name: string, route: (name: string) => Route): Route {
  return isRepository(name) ? route(name) : { kind: 'bad-name' };
}

/** Some clients send the colon of a digest as `%3A`. */
function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
