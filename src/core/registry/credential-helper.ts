import { execFile } from 'node:child_process';
import { OmlmdError, quote } from '../errors.ts';
import { codeOf } from './network-error.ts';

/** What may stand after `docker-credential-`: a name, never a path or an option (S20). */
const SUFFIX = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;
/** A helper may ask a key chain, not a person. */
const HELPER_TIMEOUT_MS = 10_000;
const MAX_HELPER_BYTES = 64 * 1024;

/** How helpers and docker say that there is no login. */
const NOT_FOUND = /credentials not found|no credentials server URL|no credentials username/i;

/** A login as helpers write it (https://github.com/docker/docker-credential-helpers). */
export interface HelperCredential {
  readonly ServerURL: string;
  readonly Username: string;
  readonly Secret: string;
}

export interface CredentialHelper {
  get(
    server: string,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<HelperCredential | undefined>;
  store(credential: HelperCredential): Promise<void>;
  /** False when there was none. */
  erase(server: string): Promise<boolean>;
}

/**
 * The program `docker-credential-SUFFIX` on the `PATH` of `env`, started without a shell. Its output is never quoted:
 * a helper that fails may print the secret.
 */
export function credentialHelper(suffix: string, env: NodeJS.ProcessEnv): CredentialHelper {
  if (!SUFFIX.test(suffix))
    throw new OmlmdError('helper-failed', `credential helper ${quote(suffix)}: not a name of a helper`);
  const program = `docker-credential-${suffix}`;
  const run = (verb: string, input: string, signal?: AbortSignal) =>
    runHelper(program, verb, input, env, signal);
  return {
    async get(server, options) {
      const { output, failed } = await run('get', line(server), options?.signal);
      if (failed && NOT_FOUND.test(output)) return undefined;
      if (failed) throw helperError(program, 'get', 'it failed');
      return parseCredential(program, output);
    },
    async store(credential) {
      const { failed } = await run('store', JSON.stringify(credential));
      if (failed) throw helperError(program, 'store', 'it failed');
    },
    async erase(server) {
      const { output, failed } = await run('erase', line(server));
      if (failed && !NOT_FOUND.test(output)) throw helperError(program, 'erase', 'it failed');
      return !failed;
    },
  };
}

/** A line feed in a host would be a second line of the protocol. */
function line(server: string): string {
  if (/[\r\n\0]/.test(server))
    throw new OmlmdError('helper-failed', `credential helper: ${quote(server)} is not a host`);
  return server;
}

function helperError(program: string, verb: string, what: string, cause?: unknown): OmlmdError {
  return new OmlmdError('helper-failed', `run ${program} ${verb}: ${what}`, { cause });
}

interface HelperResult {
  readonly output: string;
  readonly failed: boolean;
}

function runHelper(
  program: string,
  verb: string,
  input: string,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal | undefined,
): Promise<HelperResult> {
  return new Promise((resolve, reject) => {
    const limits = {
      timeout: HELPER_TIMEOUT_MS,
      maxBuffer: MAX_HELPER_BYTES,
      killSignal: 'SIGKILL',
    } as const;
    const options = { ...limits, env, windowsHide: true, ...(signal === undefined ? {} : { signal }) };
    const child = execFile(program, [verb], options, (error, stdout) => {
      if (signal?.aborted) return reject(signal.reason);
      if (error === null) return resolve({ output: stdout, failed: false });
      const code = codeOf(error);
      if (code === 'ENOENT')
        return reject(helperError(program, verb, 'there is no such program on the PATH'));
      if (code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER')
        return reject(helperError(program, verb, `it printed more than ${MAX_HELPER_BYTES} bytes`));
      if (error.killed)
        return reject(helperError(program, verb, `no answer for ${HELPER_TIMEOUT_MS / 1000} s`));
      resolve({ output: stdout, failed: true });
    });
    child.stdin?.on('error', () => {}); // a helper that ended early is told of by its exit
    child.stdin?.end(input);
  });
}

function parseCredential(program: string, output: string): HelperCredential | undefined {
  let document: unknown;
  try {
    document = JSON.parse(output);
  } catch {
    throw helperError(program, 'get', 'its answer is not JSON');
  }
  if (document === null || typeof document !== 'object') return undefined;
  const { ServerURL = '', Username, Secret } = document as Partial<Record<string, unknown>>;
  if (typeof Username !== 'string' || typeof Secret !== 'string' || Secret === '') return undefined;
  return { ServerURL: String(ServerURL), Username, Secret };
}
