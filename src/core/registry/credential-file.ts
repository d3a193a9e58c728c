import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { OmlmdError } from '../errors.ts';
import type { Credential } from './credentials.ts';
import { codeOf } from './network-error.ts';
import { isDockerHub } from './origin.ts';

/** Largest file of logins that is read, bytes. */
const MAX_CONFIG_BYTES = 4 * 1024 * 1024;
/** docker's indentation. */
const INDENT = '\t';

/** The user name under which docker and its helpers keep an identity token. */
export const TOKEN_USER = '<token>';

/** The key under which docker keeps the login of Docker Hub. */
const DOCKER_HUB_KEY = 'https://index.docker.io/v1/';

/** `config.json` of docker or `auth.json` of podman: the parts that are about logins, and all the rest as it was. */
export interface CredentialFile {
  readonly document: Readonly<Record<string, unknown>>;
  readonly indent: string;
}

/** The key that a login is written under. */
export function serverKey(registry: string): string {
  return isDockerHub(registry) ? DOCKER_HUB_KEY : registry;
}

/** The keys that a login may stand under, the usual one first. Hosts are compared whole: a suffix is another host. */
function keysOf(registry: string): string[] {
  if (isDockerHub(registry))
    return [
      DOCKER_HUB_KEY,
      'https://index.docker.io/v1',
      'docker.io',
      'index.docker.io',
      'registry-1.docker.io',
    ];
  const ends = ['', '/', '/v1', '/v1/', '/v2', '/v2/'];
  return ['', 'https://', 'http://'].flatMap((scheme) => ends.map((end) => `${scheme}${registry}${end}`));
}

/** Reads a file of logins; one that is not there has none. */
export async function readCredentialFile(path: string): Promise<CredentialFile> {
  const fail = (what: string, cause?: unknown) =>
    new OmlmdError('file-unreadable', `read the logins in ${path}: ${what}`, { cause });
  let text: string;
  try {
    if ((await stat(path)).size > MAX_CONFIG_BYTES) throw fail(`more than ${MAX_CONFIG_BYTES} bytes`);
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(error))) return { document: {}, indent: INDENT };
    throw error instanceof OmlmdError ? error : fail(codeOf(error), error);
  }
  if (text.trim() === '') return { document: {}, indent: INDENT };
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw fail('not JSON'); // without the parser's words: they may quote a secret
  }
  if (!isRecord(document)) throw fail('not a JSON object');
  return { document, indent: /\n([ \t]+)"/.exec(text)?.[1] ?? INDENT };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function recordAt(file: CredentialFile, key: string): Readonly<Record<string, unknown>> {
  const value = Object.hasOwn(file.document, key) ? file.document[key] : undefined;
  return isRecord(value) ? value : {};
}

function own(record: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

/** The suffix of the helper that keeps this registry's login, if one does: its own before the general one. */
export function helperSuffix(file: CredentialFile, registry: string): string | undefined {
  const helpers = recordAt(file, 'credHelpers');
  for (const key of keysOf(registry)) {
    const suffix = own(helpers, key);
    if (typeof suffix === 'string' && suffix !== '') return suffix;
  }
  const general = own(file.document, 'credsStore');
  return typeof general === 'string' && general !== '' ? general : undefined;
}

/** The login that stands in the file itself. */
export function storedCredential(file: CredentialFile, registry: string): Credential | undefined {
  const auths = recordAt(file, 'auths');
  for (const key of keysOf(registry)) {
    const entry = own(auths, key);
    const credential = isRecord(entry) ? entryCredential(entry) : undefined;
    if (credential !== undefined) return credential;
  }
  return undefined;
}

function entryCredential(entry: Record<string, unknown>): Credential | undefined {
  const { auth, identitytoken, username, password } = entry;
  if (typeof identitytoken === 'string' && identitytoken !== '')
    return { kind: 'identity-token', token: identitytoken };
  if (typeof auth === 'string' && auth !== '') {
    const text = Buffer.from(auth, 'base64').toString('utf8');
    const colon = text.indexOf(':');
    // Some tools pad the password with NULs.
    if (colon > 0) return login(text.slice(0, colon), text.slice(colon + 1).replace(/\0+$/, ''));
  }
  return typeof username === 'string' && typeof password === 'string' && username !== ''
    ? login(username, password)
    : undefined;
}

/** A user name and secret as a credential: an identity token hides behind a name of its own. */
export function login(username: string, password: string): Credential {
  return username === TOKEN_USER
    ? { kind: 'identity-token', token: password }
    : { kind: 'basic', username, password };
}

/** The file with this registry's entries replaced by one, or by none. */
export function withCredential(
  file: CredentialFile,
  registry: string,
  credential: Credential | undefined,
): CredentialFile {
  const keys = new Set(keysOf(registry));
  const others = Object.entries(recordAt(file, 'auths')).filter(([key]) => !keys.has(key));
  const entry = credential === undefined ? [] : [[serverKey(registry), entryOf(credential)] as const];
  return { ...file, document: { ...file.document, auths: Object.fromEntries([...others, ...entry]) } };
}

function entryOf(credential: Credential): Record<string, string> {
  if (credential.kind === 'identity-token') return { identitytoken: credential.token };
  const { username, password } = credential;
  return { auth: Buffer.from(`${username}:${password}`, 'utf8').toString('base64') };
}

/** Writes a file of logins whole or not at all, for its owner only; one behind a symbolic link stays behind it. */
export async function writeCredentialFile(path: string, file: CredentialFile): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const target = await realpath(path).catch(() => path);
    const temporary = join(dirname(target), `.${basename(target)}.${randomBytes(8).toString('hex')}`);
    await replace(temporary, target, `${JSON.stringify(file.document, null, file.indent)}\n`);
  } catch (cause) {
    const code = codeOf(cause) === 'ENOSPC' ? 'disk-full' : 'file-unreadable';
    throw new OmlmdError(code, `write the logins in ${path}: ${codeOf(cause) || 'failed'}`, { cause });
  }
}

async function replace(temporary: string, target: string, text: string): Promise<void> {
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
