import {
  examineMachine,
  examineRegistry,
  type HealthCheck,
  OmlmdError,
  parseLocation,
} from '../../core/index.ts';
import { ExitStatus } from '../exit-status.ts';
import { credentialSources } from '../remote-options.ts';
import type { Verb } from '../verb.ts';

/** `HOST`, or `HOST/REPOSITORY`, which is as if `--repository` named it. */
function parseSubject(text: string): { readonly host: string; readonly repository?: string } {
  const bare = text.startsWith('oci://') ? text.slice('oci://'.length) : text;
  if (!bare.includes('/')) return { host: bare };
  const location = parseLocation(text);
  if (location.kind !== 'registry') throw new OmlmdError('usage', 'doctor: expected HOST or HOST/REPOSITORY');
  return { host: location.registry, repository: location.repository };
}

/** `warning` is the longest. */
const STATUS_WIDTH = 'warning'.length;

function render(checks: readonly HealthCheck[]): string {
  const width = Math.max(...checks.map(({ check }) => check.length));
  const indent = ' '.repeat(STATUS_WIDTH + width + 4);
  return checks
    .map(({ check, status, message, hint }) => {
      const line = `${status.padEnd(STATUS_WIDTH)}  ${check.padEnd(width)}  ${message}`;
      return hint === null ? line : `${line}\n${indent}→ ${hint}`;
    })
    .join('\n');
}

export const doctorVerb: Verb = {
  name: 'doctor',
  summary: 'look for what is wrong with this machine, or with a registry, and say what to do',
  remote: true,
  configure(command) {
    command
      .argument('[host]', 'a registry; without it, this machine')
      .option('--repository <name>', 'where in the registry pushing is tried (nothing is stored)');
  },
  async run({ context, options, terminal, signal }, [subject]) {
    const named = options.text('repository');
    const { host, repository } = subject === undefined ? {} : parseSubject(String(subject));
    if (host === undefined && named !== undefined)
      throw new OmlmdError('usage', 'doctor: --repository needs HOST');
    const checks = await Array.fromAsync(
      host === undefined
        ? examineMachine(context, credentialSources(options, terminal))
        : examineRegistry(context, host, { repository: named ?? repository, signal }),
    );
    const failed = checks.some(({ status }) => status === 'failure');
    return { data: checks, text: render(checks), status: failed ? ExitStatus.failed : ExitStatus.done };
  },
};
