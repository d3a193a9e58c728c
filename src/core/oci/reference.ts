import { OmlmdError, quote } from '../errors.ts';
import { type Digest, isDigest } from './digest.ts';

/** `[oci://]HOST[:PORT]/REPOSITORY[:TAG[,TAG…]][@DIGEST]`, taken apart. */
export interface Reference {
  /** Host with port, as the person wrote it: `localhost:5001`, `docker.io`. */
  readonly registry: string;
  readonly repository: string;
  /** In the order typed; empty when there was none. */
  readonly tags: readonly string[];
  readonly digest?: Digest | undefined;
}

/** distribution-spec: repository names and tags; checked before anything else looks at the text (S32). */
export const MAX_NAME_LENGTH = 255;
export const MAX_TAG_LENGTH = 128;
/** A whole reference: a name, a few tags and a sha512 digest fit many times over. */
const MAX_REFERENCE_LENGTH = 4096;
/** RFC 1035 §2.3.4, plus a port. */
const MAX_HOST_LENGTH = 255 + 6;

function invalid(text: string, what: string): OmlmdError {
  return new OmlmdError('reference-invalid', `reference ${quote(text)}: ${what}`);
}

function isLowerAlphanumeric(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || (code >= 0x61 && code <= 0x7a);
}

/** distribution-spec §Pulling manifests: `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`, by hand and in one pass. */
function isPathComponent(part: string): boolean {
  let separators = '';
  if (part === '' || !isLowerAlphanumeric(part.charCodeAt(0))) return false;
  for (const character of part) {
    if (isLowerAlphanumeric(character.charCodeAt(0))) {
      separators = '';
      continue;
    }
    separators += character;
    if (!(separators === '.' || separators === '_' || separators === '__' || /^-+$/.test(separators)))
      return false;
  }
  return separators === '';
}

/** Whether the text is a repository name: lower-case components joined by `/`, at most 255 characters. */
export function isRepository(name: string): boolean {
  return name.length > 0 && name.length <= MAX_NAME_LENGTH && name.split('/').every(isPathComponent);
}

/** Whether the text is a tag: `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`. */
export function isTag(tag: string): boolean {
  return tag.length > 0 && tag.length <= MAX_TAG_LENGTH && /^[a-zA-Z0-9_][a-zA-Z0-9._-]*$/.test(tag);
}

/** Throws `reference-invalid` for what is not a tag. */
export function assertTag(tag: string): void {
  if (!isTag(tag)) throw invalid(tag, badTagMessage(tag));
}

function badTagMessage(tag: string): string {
  return `the tag ${quote(tag)} must be 1 to ${MAX_TAG_LENGTH} letters, digits, ".", "_" or "-", and not begin with "." or "-"`;
}

/** Whether the text is a host, with or without a port: a name with a dot, `localhost`, an IP address, or anything with a port. */
export function isRegistryHost(host: string): boolean {
  if (host.length === 0 || host.length > MAX_HOST_LENGTH) return false;
  const match = /^(\[[0-9a-fA-F:.]+\]|[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?)(?::([0-9]{1,5}))?$/.exec(
    host,
  );
  if (match === null || match[1]?.includes('..')) return false;
  return match[2] === undefined || (Number(match[2]) > 0 && Number(match[2]) <= 65535);
}

/** Whether a first component names a host rather than an organisation, as every container tool decides it. */
export function namesHost(first: string): boolean {
  return first === 'localhost' || first.includes('.') || first.includes(':');
}

/** Repository, tags and digest of `NAME[:TAG[,TAG…]][@DIGEST]`; `whole` is quoted in errors. */
export function parseNameAndTags(rest: string, whole = rest): Omit<Reference, 'registry'> {
  if (whole.length > MAX_REFERENCE_LENGTH)
    throw invalid(whole, `longer than ${MAX_REFERENCE_LENGTH} characters`);
  const at = rest.indexOf('@');
  const digest = at < 0 ? undefined : rest.slice(at + 1);
  const named = at < 0 ? rest : rest.slice(0, at);
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1);
  const repository = colon < 0 ? named : named.slice(0, colon);
  const tags = colon < 0 ? [] : [...new Set(named.slice(colon + 1).split(','))];
  if (repository.length > MAX_NAME_LENGTH)
    throw invalid(whole, `the repository is longer than ${MAX_NAME_LENGTH} characters`);
  if (!isRepository(repository)) throw invalid(whole, describeBadRepository(repository));
  const badTag = tags.find((tag) => !isTag(tag));
  if (badTag !== undefined) throw invalid(whole, badTagMessage(badTag));
  if (digest !== undefined && !isDigest(digest)) {
    throw invalid(
      whole,
      `the digest ${quote(digest)} must be "sha256:" and 64, or "sha512:" and 128, lower-case hex digits`,
    );
  }
  return { repository, tags, ...(digest === undefined ? {} : { digest }) };
}

function describeBadRepository(repository: string): string {
  if (repository === '') return 'the repository is missing';
  if (repository !== repository.toLowerCase())
    return `the repository ${quote(repository)} must be lower case`;
  return `the repository ${quote(repository)} must be lower-case letters and digits, with single ".", "_", "__" or dashes between them, in parts joined by "/"`;
}

/**
 * Parses a reference to a registry. Linear in the text. A name without a host is refused with what was probably meant:
 * guessing Docker Hub would send a private model to a public place.
 */
export function parseReference(text: string): Reference {
  if (text.length > MAX_REFERENCE_LENGTH)
    throw invalid(text, `longer than ${MAX_REFERENCE_LENGTH} characters`);
  const bare = text.startsWith('oci://') ? text.slice('oci://'.length) : text;
  const slash = bare.indexOf('/');
  const host = slash < 0 ? bare : bare.slice(0, slash);
  if (slash >= 0 && namesHost(host) && !isRegistryHost(host))
    throw invalid(text, `${quote(host)} is not a host`);
  if (slash < 0 || !namesHost(host)) throw withoutHost(text, bare);
  return { registry: host, ...parseNameAndTags(bare.slice(slash + 1), text) };
}

function withoutHost(text: string, bare: string): OmlmdError {
  if (bare === '' || !/^[a-zA-Z0-9]/.test(bare)) return invalid(text, 'expected HOST/REPOSITORY[:TAG]');
  const onHub = bare.includes('/') ? bare : `library/${bare}`;
  return invalid(
    text,
    `there is no host in it; did you mean ${quote(`docker.io/${onHub}`)} or ${quote(`local/${bare}`)}?`,
  );
}

/** The text of a reference: its first tag, and its digest when there is one. */
export function formatReference(reference: Reference): string {
  const tag = reference.tags.length > 0 ? `:${reference.tags.join(',')}` : '';
  const digest = reference.digest === undefined ? '' : `@${reference.digest}`;
  return `${reference.registry}/${reference.repository}${tag}${digest}`;
}
