import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { isOmlmdError, OmlmdError, quote } from '../errors.ts';
import type { CallOptions } from '../oci/content.ts';
import { isRegistryHost, isRepository } from '../oci/reference.ts';
import type { Credential } from '../registry/credentials.ts';
import { findOrigin } from '../registry/origin.ts';
import { probePush, probeReferrers } from '../registry/probe-repository.ts';
import { Registry, type RegistryFacts } from '../registry/registry.ts';
import { type RepositoryAddress, repositoryAddress } from '../registry/repository-address.ts';
import { RegistryTransport, type TransportOptions } from '../registry/transport.ts';
import type { Context } from './context.ts';
import { failedCheck, failureCheck, type HealthCheck, okCheck, warningCheck } from './doctor-check.ts';
import { describeChunks } from './doctor-chunks.ts';
import { checkEncryption } from './doctor-encryption.ts';
import { proxyVariables } from './proxy-variables.ts';
import { realmFile } from './realm-file.ts';

/** Tries after the first of each question: a doctor says that a registry is shaky instead of waiting for it. */
const RETRIES = 1;
/** A repository that nobody uses. Nothing is stored in it. */
const HARMLESS_REPOSITORY = 'omlmd/doctor';

export interface ExamineOptions extends CallOptions {
  /** Where pushing is tried; without it, a name that nobody uses, for which a refusal is only a warning. */
  readonly repository?: string | undefined;
}

/** Looks at a registry step by step, each with what to do; ends early where the next steps could only fail as well. */
export async function* examineRegistry(
  context: Context,
  host: string,
  options: ExamineOptions = {},
): AsyncGenerator<HealthCheck> {
  if (!isRegistryHost(host))
    throw new OmlmdError('reference-invalid', `examine ${quote(host)}: not a registry host`);
  const { repository } = options;
  if (repository !== undefined && !isRepository(repository))
    throw new OmlmdError('reference-invalid', `examine ${host}: ${quote(repository)} is not a repository`);
  const settings = context.registryOptions(host);
  const name = await checkName(host, settings.proxyEnv);
  yield name;
  if (name.status === 'failure') return;
  const { credentials, log } = context;
  const asked = {
    ...realmFile(context.home),
    ...settings,
    retries: RETRIES,
    registry: host,
    credentials,
    log,
  };
  const { checks, scheme } = await checkEncryption(asked, options);
  yield* checks;
  if (checks.some(({ status }) => status === 'failure')) return;
  // The scheme is known now: finding it out once more could take seconds.
  yield* checkConversation({ ...asked, plainHttp: scheme === 'http' }, options);
}

/** What the registry answers, from the first greeting to the list of its repositories. */
async function* checkConversation(
  settings: TransportOptions,
  options: ExamineOptions,
): AsyncGenerator<HealthCheck> {
  const transport = new RegistryTransport(settings);
  const registry = new Registry(settings);
  try {
    const [api, facts] = await checkApi(registry, options);
    yield api;
    if (facts === undefined) return;
    const credential = await settings.credentials.get(settings.registry, options);
    yield await checkLogin(registry, facts, credential, options);
    const repository = repositoryAddress(transport, options.repository ?? HARMLESS_REPOSITORY);
    yield* checkPush(repository, credential, options);
    yield await checkReferrers(repository, options);
    yield await checkCatalog(registry, options);
  } finally {
    transport.close();
    registry.close();
  }
}

/** `findOrigin` for plain HTTP contacts nobody, and knows that Docker Hub is elsewhere than it is called. */
async function checkName(host: string, proxies: TransportOptions['proxyEnv']): Promise<HealthCheck> {
  const { hostname } = await findOrigin(host, true);
  const name = hostname.replace(/^\[|\]$/g, '');
  if (isIP(name) !== 0) return okCheck('dns', `${name} is an address`);
  try {
    const addresses = await lookup(name, { all: true });
    return okCheck('dns', `${name} is at ${addresses.map(({ address }) => address).join(', ')}`);
  } catch {
    const what = `there is no host ${quote(name)}`;
    if (proxies !== undefined && proxyVariables(proxies).length > 0)
      return warningCheck('dns', `${what} to be seen from here`, 'The proxy may know it; see the next line.');
    return failureCheck(
      'dns',
      what,
      'Check the spelling, and that the network or VPN that knows the host is up.',
    );
  }
}

async function checkApi(
  registry: Registry,
  options: CallOptions,
): Promise<readonly [HealthCheck, RegistryFacts | undefined]> {
  try {
    const facts = await registry.ping(options);
    const asks = { none: 'asks nobody to log in', basic: 'takes passwords', bearer: 'takes tokens' };
    return [okCheck('api', `/v2/ answers; the registry ${asks[facts.auth]} (${facts.auth})`), facts];
  } catch (error) {
    return [
      failedCheck('api', error, 'Check that this is the address of a registry, not of its web page.'),
      undefined,
    ];
  }
}

async function checkLogin(
  registry: Registry,
  { auth }: RegistryFacts,
  credential: Credential | undefined,
  options: CallOptions,
): Promise<HealthCheck> {
  const { host } = registry;
  if (credential === undefined) {
    if (auth === 'none') return okCheck('login', 'none is needed to look around');
    return warningCheck(
      'login',
      'there is no login: only public content can be read',
      `Run "omlmd login ${host}".`,
    );
  }
  const who = credential.kind === 'basic' ? quote(credential.username) : 'an identity token';
  try {
    await registry.authenticate(options);
    return okCheck(
      'login',
      auth === 'none' ? `${who} is stored; the registry does not ask for it` : `logged in as ${who}`,
    );
  } catch (error) {
    return failedCheck(
      'login',
      error,
      `Run "omlmd login ${host}" with a password or token that is still valid.`,
    );
  }
}

/** May this login push, and in which chunks? With a name of our own a refusal says little: others may be allowed. */
async function* checkPush(
  repository: RepositoryAddress,
  credential: Credential | undefined,
  options: ExamineOptions,
): AsyncGenerator<HealthCheck> {
  const { registry, name } = repository;
  try {
    const probe = await probePush(repository, options);
    const left = probe.canceled ? 'taken back' : 'left for the registry to forget';
    yield okCheck('push', `an upload to ${name} may begin (${left}; nothing was stored)`);
    yield describeChunks(probe);
  } catch (error) {
    if (!isOmlmdError(error)) throw error;
    const other = 'or try where you mean to push: --repository NAME.';
    const hint = {
      unauthorized: `Run "omlmd login ${registry}", ${other}`,
      denied: `Ask the owner of the repository for leave to push, ${other}`,
      'not-found': `Create the repository first, ${other}`,
      unsupported: `The registry may be read-only; push elsewhere, ${other}`,
    }[String(error.code)];
    const make = options.repository !== undefined || hint === undefined ? failureCheck : warningCheck;
    const who = credential === undefined ? 'without a login' : 'with this login';
    yield make('push', `no upload ${who}: ${error.message}`, hint ?? TRY_AGAIN);
  }
}

const TRY_AGAIN = 'Try again; --debug shows what was asked and answered.';

async function checkReferrers(repository: RepositoryAddress, options: CallOptions): Promise<HealthCheck> {
  try {
    switch (await probeReferrers(repository, options)) {
      case 'api':
        return okCheck('referrers', 'the registry lists what is attached to an artifact');
      case 'none':
        return warningCheck(
          'referrers',
          'no referrers API: what is attached to an artifact is listed under sha256-… tags',
          'Nothing has to be done; do not delete these tags.',
        );
      case 'unknown':
        return warningCheck(
          'referrers',
          `cannot be told, as there is no repository ${repository.name}`,
          'Name one that is there: --repository NAME.',
        );
    }
  } catch (error) {
    if (!isOmlmdError(error, 'unauthorized') && !isOmlmdError(error, 'denied'))
      return failedCheck('referrers', error, TRY_AGAIN);
    return warningCheck(
      'referrers',
      `cannot be told: ${error.message}`,
      'Name a repository that you may read: --repository NAME.',
    );
  }
}

async function checkCatalog(registry: Registry, options: CallOptions): Promise<HealthCheck> {
  try {
    for await (const name of registry.repositories(options))
      return okCheck('catalog', `the registry lists its repositories, ${quote(name)} first`);
    return okCheck('catalog', 'the registry lists its repositories; there is none yet');
  } catch (error) {
    const expected = (['unsupported', 'denied', 'unauthorized'] as const).some((code) =>
      isOmlmdError(error, code),
    );
    if (!expected || !isOmlmdError(error)) return failedCheck('catalog', error, TRY_AGAIN);
    return warningCheck(
      'catalog',
      error.message,
      'Name repositories in full; "omlmd ls HOST/REPOSITORY" lists their tags.',
    );
  }
}
