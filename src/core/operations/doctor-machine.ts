import { constants } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { escapeControls, isOmlmdError, quote } from '../errors.ts';
import { systemWords } from '../oci/system-failure.ts';
import { type CredentialSources, credentialFiles } from '../registry/credential-places.ts';
import { type CredentialFileFacts, hasHelper, probeCredentialFile } from '../registry/probe-credentials.ts';
import { LayoutTarget } from '../store/layout.ts';

import type { Context } from './context.ts';
import { failureCheck, type HealthCheck, okCheck, warningCheck } from './doctor-check.ts';
import { canUseProxies, proxyVariables } from './proxy-variables.ts';
import { formatBytes } from './transfer-meter.ts';

/** The oldest Node.js that is supported. */
const MIN_NODE = { major: 22, minor: 15 };
/** Free space under which a push to the local store is likely to fail, bytes. */
const LITTLE_SPACE_BYTES = 1024 ** 3;

/** Looks at this machine: what omlmd runs on, keeps its data in, and takes its logins from. */
export async function* examineMachine(
  context: Context,
  sources: CredentialSources,
): AsyncGenerator<HealthCheck> {
  yield checkNode(process.versions.node);
  yield await checkHome(context.home);
  yield await checkStore(context);
  yield* checkLogins(sources);
  yield checkProxy(sources.env, process.versions.node);
}

function checkNode(version: string): HealthCheck {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const good = major > MIN_NODE.major || (major === MIN_NODE.major && minor >= MIN_NODE.minor);
  const message = `Node.js ${version} on ${process.platform} ${process.arch}`;
  if (good) return okCheck('node', message);
  return failureCheck('node', message, `Use Node.js ${MIN_NODE.major}.${MIN_NODE.minor} or newer.`);
}

/** Nothing is made: a folder that is not there yet can be made when the first one above it that is can be written to. */
async function checkHome(home: string): Promise<HealthCheck> {
  const folder = escapeControls(home);
  const hint = 'Give yourself the right to write there, or set OMLMD_HOME to another folder.';
  try {
    const existing = await nearestFolder(home);
    await access(existing, constants.W_OK | constants.X_OK);
    const { bavail, bsize } = await statfs(existing);
    const free = bavail * bsize;
    const made = existing === home ? '' : ', which the first push makes';
    const message = `${folder}${made}; ${formatBytes(free)} free`;
    if (free >= LITTLE_SPACE_BYTES) return okCheck('home', message);
    return warningCheck('home', message, 'Free some space; "omlmd store gc" removes what no artifact needs.');
  } catch (error) {
    return failureCheck('home', `${folder} cannot be written: ${systemWords(error)}`, hint);
  }
}

async function nearestFolder(path: string): Promise<string> {
  const isThere = await stat(path).then(
    () => true,
    () => false,
  );
  const above = dirname(path);
  return isThere || above === path ? path : nearestFolder(above);
}

/** Reads every index; the bytes of blobs are for `store verify`. */
async function checkStore({ store }: Context): Promise<HealthCheck> {
  let count = 0;
  const broken: string[] = [];
  try {
    for await (const name of store.repositories()) {
      count += 1;
      await new LayoutTarget(store.path(name)).isEmpty().catch((error: unknown) => {
        if (!isOmlmdError(error)) throw error;
        broken.push(name);
      });
    }
  } catch (error) {
    if (!isOmlmdError(error)) throw error;
    return failureCheck('store', error.message, 'Give yourself the right to read it.');
  }
  const root = escapeControls(store.root);
  if (broken.length > 0)
    return failureCheck(
      'store',
      `${root}: the index of ${broken.map(quote).join(', ')} cannot be read`,
      'Restore index.json of these from a backup, or remove their folders and push again.',
    );
  const what = count === 1 ? '1 repository' : `${count} repositories`;
  return okCheck('store', `${root}: ${what}; "omlmd store verify" looks at every byte`);
}

async function* checkLogins(sources: CredentialSources): AsyncGenerator<HealthCheck> {
  const checks: HealthCheck[] = [...checkEnvironment(sources.env)];
  const helpers = new Map<string, string>();
  for (const path of credentialFiles(sources)) {
    try {
      const facts = await probeCredentialFile(path);
      if (facts === undefined) continue;
      checks.push(describeFile(facts));
      for (const suffix of facts.helpers) if (!helpers.has(suffix)) helpers.set(suffix, path);
    } catch (error) {
      if (!isOmlmdError(error)) throw error;
      checks.push(
        failureCheck('logins', error.message, 'Correct the file, or move it away and log in again.'),
      );
    }
  }
  if (checks.length === 0) checks.push(okCheck('logins', 'none are stored; "omlmd login HOST" stores one'));
  yield* checks;
  for (const [suffix, path] of helpers) yield await checkHelper(suffix, path, sources.env);
}

function checkEnvironment(env: CredentialSources['env']): readonly HealthCheck[] {
  const { OMLMD_USERNAME: name, OMLMD_PASSWORD: password, OMLMD_REGISTRY: registry } = env;
  if (!name && password === undefined && !registry) return [];
  if (name && password !== undefined && registry)
    return [okCheck('logins', `OMLMD_USERNAME: ${quote(name)} for ${quote(registry)}`)];
  return [
    warningCheck(
      'logins',
      'OMLMD_USERNAME, OMLMD_PASSWORD and OMLMD_REGISTRY only count together, and one is not set',
      'Set all three, or none.',
    ),
  ];
}

function describeFile({ path, registries, helpers, exposed }: CredentialFileFacts): HealthCheck {
  const logins = registries === 1 ? '1 registry' : `${registries} registries`;
  const named = helpers.length === 0 ? '' : `, helpers ${helpers.map(quote).join(', ')}`;
  const message = `${escapeControls(path)}: ${logins}${named}`;
  if (!exposed) return okCheck('logins', message);
  return warningCheck('logins', `${message}; others on this machine can read it`, 'Run "chmod 600" on it.');
}

async function checkHelper(
  suffix: string,
  path: string,
  env: CredentialSources['env'],
): Promise<HealthCheck> {
  const program = `docker-credential-${escapeControls(suffix)}`;
  if (/^[\w.-]+$/.test(suffix) && (await hasHelper(suffix, env)))
    return okCheck('helper', `${program} is there`);
  return failureCheck(
    'helper',
    `${program}, which ${escapeControls(path)} names, is not on the PATH`,
    'Install it, or take credsStore and credHelpers out of the file.',
  );
}

function checkProxy(env: CredentialSources['env'], node: string): HealthCheck {
  const set = proxyVariables(env);
  if (set.length === 0) return okCheck('proxy', 'no variable names one');
  if (canUseProxies(node)) return okCheck('proxy', set.join(' '));
  return warningCheck(
    'proxy',
    `${set.join(' ')}, but Node.js ${node} connects directly`,
    'Use Node.js 22.21, 24.5 or newer.',
  );
}
