import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import tls from 'node:tls';
import type { Command } from 'commander';
import {
  type Credential,
  type CredentialSources,
  type CredentialStore,
  canUseProxies,
  chainCredentials,
  dataFolder,
  defaultCredentials,
  escapeControls,
  type Host,
  type Location,
  type Log,
  OmlmdError,
  proxyVariables,
  quote,
  type RegistryOptions,
} from '../core/index.ts';
import type { OptionReader } from './option-reader.ts';
import { integer, repeatable } from './option-types.ts';
import { askSecret } from './prompt.ts';
import { canPrompt, type Terminal } from './terminal.ts';

/** The options of every verb that talks to a registry (docs/cli.md, "Remote options"). */
export function addRemoteOptions(command: Command): void {
  command
    .option('--plain-http', 'use HTTP without TLS')
    .option('--insecure', 'do not check the TLS certificate')
    .option('--ca-file <file>', 'certificate authority of the registry (PEM)')
    .option('--cert-file <file>', 'client certificate (PEM)')
    .option('--key-file <file>', "client certificate's key (PEM)")
    .option('--registry-config <file>', 'docker-style file with logins, in place of the usual ones')
    .option('-u, --username <name>', 'user name for the registry')
    .option('--password-stdin', 'read the password from standard input')
    .option('--identity-token-stdin', 'read an identity token from standard input')
    .addOption(repeatable('-H, --header <header>', 'add "Name: value" to every request (repeatable)'))
    .option('--concurrency <n>', 'large blobs that move at once', integer(1, 64))
    .option('--retries <n>', 'tries after a failed request', integer(0, 100))
    .option('--timeout <seconds>', 'give up after so long without a byte', integer(1, 86_400));
}

/** Most registries in a message. */
const MAX_NAMED_REGISTRIES = 5;
/** Largest secret that is read from standard input, bytes. */
const MAX_SECRET_BYTES = 64 * 1024;

/** Reads standard input to its end; throws `usage` when `what` is longer than the limit. */
export async function readInput({ stdin }: Terminal, what: string, maxBytes: number): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stdin) {
    const bytes = Buffer.from(chunk);
    size += bytes.byteLength;
    if (size > maxBytes)
      throw new OmlmdError('usage', `standard input: ${what} longer than ${maxBytes} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

/** Reads one secret from standard input: the text without its last line break. */
async function readSecret(terminal: Terminal, option: string): Promise<string> {
  const bytes = await readInput(terminal, 'a secret', MAX_SECRET_BYTES);
  const secret = Buffer.from(bytes)
    .toString('utf8')
    .replace(/\r?\n$/, '');
  if (secret === '') throw new OmlmdError('usage', `${option}: standard input is empty`);
  return secret;
}

/**
 * The login that the options name, if they do. Standard input is only read when an option says so; a user name alone
 * asks for its password, as going on without a login is not what was meant.
 */
export async function explicitCredential(
  options: OptionReader,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<Credential | undefined> {
  const username = options.text('username');
  if (options.flag('identityTokenStdin'))
    return { kind: 'identity-token', token: await readSecret(terminal, '--identity-token-stdin') };
  if (options.flag('passwordStdin')) {
    if (username === undefined) throw new OmlmdError('usage', '--password-stdin: needs -u/--username');
    return { kind: 'basic', username, password: await readSecret(terminal, '--password-stdin') };
  }
  if (username === undefined) return undefined;
  if (!canPrompt(terminal))
    throw new OmlmdError('usage', '-u/--username: needs --password-stdin, as nobody can be asked here');
  const password = await askSecret(terminal, `Password for ${escapeControls(username)}: `, signal);
  return { kind: 'basic', username, password };
}

function readPem(path: string | undefined, option: string): string | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new OmlmdError('usage', `${option} ${quote(path)}: ${(error as Error).message}`, { cause: error });
  }
}

/** Tried here, so that a file that is no certificate is told by its option and not by a connection that fails. */
function readTlsFiles(options: OptionReader): Pick<RegistryOptions, 'ca' | 'cert' | 'key'> {
  const ca = readPem(options.text('caFile'), '--ca-file');
  const cert = readPem(options.text('certFile'), '--cert-file');
  const key = readPem(options.text('keyFile'), '--key-file');
  if ((cert === undefined) !== (key === undefined))
    throw new OmlmdError('usage', '--cert-file, --key-file: a client certificate needs both');
  // Node.js leaves out authorities that it cannot read.
  if (ca !== undefined) refuseUnusable('--ca-file: not a certificate', () => new X509Certificate(ca));
  if (cert !== undefined) {
    const what = '--cert-file, --key-file: the certificate or its key cannot be used';
    refuseUnusable(what, () => tls.createSecureContext({ cert, key }));
  }
  return { ca, cert, key };
}

function refuseUnusable(what: string, read: () => unknown): void {
  try {
    read();
  } catch (error) {
    throw new OmlmdError('usage', `${what}: ${quote((error as Error).message)}`, { cause: error });
  }
}

function parseHeaders(lines: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\0]*)$/.exec(line);
    if (match?.[1] === undefined) throw new OmlmdError('usage', '-H: expected "Name: value"');
    headers[match[1]] = match[2] ?? '';
  }
  return headers;
}

function registryOptions(options: OptionReader, { env }: Terminal): RegistryOptions {
  const timeout = options.number('timeout');
  return {
    plainHttp: options.flag('plainHttp') ? true : undefined,
    insecure: options.flag('insecure'),
    ...readTlsFiles(options),
    headers: parseHeaders(options.list('header')),
    retries: options.number('retries'),
    timeoutMs: timeout === undefined ? undefined : timeout * 1000,
    proxyEnv: env,
    systemRoots: true,
  };
}

/**
 * A login that options named must not be shown to another registry than the one it was meant for (S14); which that is
 * cannot be told when there are several.
 */
export function refuseSeveralRegistries(
  verb: string,
  credential: Credential | undefined,
  locations: readonly Location[],
): void {
  if (credential === undefined) return;
  const registries = new Set(locations.flatMap((at) => (at.kind === 'registry' ? [at.registry] : [])));
  if (registries.size <= 1) return;
  const names = [...registries].slice(0, MAX_NAMED_REGISTRIES).map(escapeControls).join(', ');
  throw new OmlmdError(
    'usage',
    `${verb}: one login cannot be for several registries (${names}); run "omlmd login" for each in its place`,
  );
}

/** Where the files with logins are, for reading and for `login` and `logout`. */
export function credentialSources(options: OptionReader, { env }: Terminal): CredentialSources {
  const registryConfig = options.text('registryConfig');
  return { env, home: env.HOME || homedir(), platform: process.platform, registryConfig };
}

/** The core's host as the options describe it. */
export function buildHost(
  options: OptionReader,
  terminal: Terminal,
  log: Log,
  explicit: Credential | undefined,
): Host {
  const home = dataFolder(terminal.env);
  const stores: CredentialStore[] = [
    ...(explicit === undefined ? [] : [{ get: async () => explicit }]),
    defaultCredentials({ ...credentialSources(options, terminal), log }),
  ];
  const forAll = registryOptions(options, terminal);
  return {
    home,
    log,
    credentials: chainCredentials(stores, log),
    registryOptions: () => {
      warnOfProxies(terminal.env, process.versions.node, log);
      return forAll;
    },
  };
}

/** A proxy that is named and not asked would be a connection that fails for no reason that shows. */
export function warnOfProxies(env: Terminal['env'], nodeVersion: string, log: Log): void {
  const proxies = proxyVariables(env).filter((set) => !set.startsWith('NO_PROXY='));
  if (proxies.length === 0 || canUseProxies(nodeVersion)) return;
  log.warn(
    `${proxies.join(' ')}: Node.js ${nodeVersion} cannot ask a proxy and connects directly; 22.21, 24.5 and newer can`,
  );
}
