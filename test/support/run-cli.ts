import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { run } from '../../src/cli/run.ts';
import type { Terminal } from '../../src/cli/terminal.ts';

/** What a command line printed and ended with. */
export interface CliResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** A folder, a data folder and a docker configuration of its own, and the command line run inside this process. */
export interface CliSandbox {
  readonly folder: string;
  readonly home: string;
  path(name: string): string;
  run(args: readonly string[], options?: CliOptions): Promise<CliResult>;
  /** Printed text with what differs from run to run replaced. */
  plain(text: string): string;
  remove(): Promise<void>;
}

export async function makeCliSandbox(): Promise<CliSandbox> {
  const folder = await mkdtemp(join(tmpdir(), 'omlmd-cli-'));
  const home = join(folder, 'home');
  const env = {
    OMLMD_HOME: home,
    DOCKER_CONFIG: join(folder, 'docker'),
    HOME: folder,
    XDG_RUNTIME_DIR: folder,
  };
  return {
    folder,
    home,
    path: (name) => join(folder, name),
    run: (args, options = {}) => runCli(args, { ...options, env: { ...env, ...options.env } }),
    plain: (text) => text.replaceAll(folder, '$TMP').replaceAll(/127\.0\.0\.1:\d+|localhost:\d+/g, 'HOST'),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

async function runCli(
  args: readonly string[],
  { input = '', env = {}, signal }: CliOptions,
): Promise<CliResult> {
  const stdin = new PassThrough();
  stdin.end(input);
  const [stdout, out] = capture();
  const [stderr, err] = capture();
  const terminal: Terminal = { stdin, stdout, stderr, env };
  const status = await run(args, terminal, signal ?? new AbortController().signal);
  return { status, stdout: out(), stderr: err() };
}

function capture(): [PassThrough, () => string] {
  const chunks: Buffer[] = [];
  const stream = new PassThrough();
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return [stream, () => Buffer.concat(chunks).toString('utf8')];
}
