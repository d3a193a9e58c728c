import { isAbsolute, resolve } from 'node:path';
import { OmlmdError, quote } from '../errors.ts';
import type { Digest } from '../oci/digest.ts';
import {
  formatReference,
  isRegistryHost,
  namesHost,
  parseNameAndTags,
  parseReference,
  type Reference,
} from '../oci/reference.ts';

/** Where an artifact is or will be: a registry, the embedded store, or any OCI image layout folder (docs/cli.md). */
export type Location =
  | ({ readonly kind: 'registry' } & Reference)
  | ({ readonly kind: 'local' } & Omit<Reference, 'registry'>)
  | {
      readonly kind: 'layout';
      readonly path: string;
      readonly tags: readonly string[];
      readonly digest?: Digest | undefined;
    };

const LOCAL = 'local/';
const LAYOUT = 'oci-layout:';

/** Parses `REF` in all its forms; throws `reference-invalid` before anything is touched. */
export function parseLocation(text: string): Location {
  if (text.startsWith('-')) {
    throw new OmlmdError('reference-invalid', `reference ${quote(text)}: must not begin with "-"`);
  }
  if (text.startsWith(LOCAL)) return { kind: 'local', ...parseNameAndTags(text.slice(LOCAL.length), text) };
  if (text.startsWith(LAYOUT)) return parseLayout(text);
  return { kind: 'registry', ...parseReference(text) };
}

/** A folder's path may hold `:` and `@`; only a last part that is a tag or a digest ends it. */
function parseLayout(text: string): Location {
  const rest = text.slice(LAYOUT.length);
  const match = /^(.*?)(?::([a-zA-Z0-9_][a-zA-Z0-9._,-]*))?(@(?:sha256|sha512):[^/]*)?$/s.exec(rest);
  const path = match?.[1] ?? '';
  if (path === '' || path.includes('\0')) {
    throw new OmlmdError(
      'reference-invalid',
      `reference ${quote(text)}: expected oci-layout:FOLDER[:TAG|@DIGEST]`,
    );
  }
  const { tags, digest } = parseNameAndTags(
    `layout${match?.[2] ? `:${match[2]}` : ''}${match?.[3] ?? ''}`,
    text,
  );
  return { kind: 'layout', path: isAbsolute(path) ? path : resolve(path), tags, digest };
}

/** What to resolve in the place: the digest when there is one, else the first tag, else `latest`. */
export function selectorOf(location: Location): string {
  return location.digest ?? location.tags[0] ?? 'latest';
}

/** The tags that a write sets: those typed, `latest` when none was, none when only a digest was. */
export function tagsToSet(location: Location): readonly string[] {
  if (location.tags.length > 0) return location.tags;
  return location.digest === undefined ? ['latest'] : [];
}

/** The place without tag and digest: `localhost:5000/team/churn`, `local/churn`, `oci-layout:/models`. */
export function formatPlace(location: Location): string {
  switch (location.kind) {
    case 'registry':
      return `${location.registry}/${location.repository}`;
    case 'local':
      return `${LOCAL}${location.repository}`;
    case 'layout':
      return `${LAYOUT}${location.path}`;
  }
}

/** The full text of a location as it is shown and stored. */
export function formatLocation(location: Location): string {
  const tags = location.tags.length > 0 ? `:${location.tags.join(',')}` : '';
  const digest = location.digest === undefined ? '' : `@${location.digest}`;
  return location.kind === 'registry'
    ? formatReference(location)
    : `${formatPlace(location)}${tags}${digest}`;
}

/** The same place under another tag or digest. */
export function relocate(
  location: Location,
  to: { readonly tag?: string; readonly digest?: Digest },
): Location {
  return { ...location, tags: to.tag === undefined ? [] : [to.tag], digest: to.digest };
}

/** What `ls` lists: a registry's repositories, the embedded store's, or the tags of one repository. */
export type Listing =
  | { readonly kind: 'registry'; readonly registry: string }
  | { readonly kind: 'store' }
  | { readonly kind: 'repository'; readonly location: Location };

/** Parses the argument of `ls`: `HOST`, `local`, or a repository. */
export function parseListing(text: string): Listing {
  const bare = text.startsWith('oci://') ? text.slice('oci://'.length) : text;
  if (bare === 'local') return { kind: 'store' };
  if (!bare.startsWith(LAYOUT) && !bare.includes('/')) {
    const registry = isRegistryHost(bare) && namesHost(bare) ? bare : undefined;
    if (registry === undefined) {
      throw new OmlmdError(
        'reference-invalid',
        `list ${quote(text)}: there is no host in it; did you mean ${quote(`local/${bare}`)}?`,
      );
    }
    return { kind: 'registry', registry };
  }
  return { kind: 'repository', location: parseLocation(text) };
}
