import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import esbuild from 'esbuild';
import { type Measurement, measure } from '../../bench/measure.ts';
import { hasEnded } from '../support/processes.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
/** Milliseconds until a command that hangs is killed, and the test fails. */
const HANG_MS = 60_000;

/** A command line in a process of its own: how it ended and what it wrote. */
export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command line, built from today's sources, with a folder and a data folder of its own. */
export interface CliProcesses {
  readonly folder: string;
  readonly home: string;
  path(...parts: string[]): string;
  /** Runs to the end; rejects when it ends with another status than 0. */
  run(...args: readonly string[]): Promise<Ended>;
  /** The same, and what it took. */
  measure(...args: readonly string[]): Promise<Measurement>;
  /** Kills it, with no chance to clean up, as soon as `when` says so; tells how it ended. */
  kill(args: readonly string[], when: () => boolean | Promise<boolean>): Promise<Ended>;
  remove(): Promise<void>;
}

export async function makeCliProcesses(): Promise<CliProcesses> {
  const folder = await mkdtemp(join(tmpdir(), 'omlmd-slow-'));
  const cli = join(folder, 'cli.mjs');
  await buildCli(cli);
  const home = join(folder, 'home');
  const env = { ...process.env, OMLMD_HOME: home, DOCKER_CONFIG: join(folder, 'docker'), HOME: folder };
  const start = (args: readonly string[]) =>
    spawn(process.execPath, [cli, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  return {
    folder,
    home,
    path: (...parts) => join(folder, ...parts),
    async run(...args) {
      const ended = await endOf(start(args));
      if (ended.status !== 0)
        throw new Error(
          `omlmd ${args.join(' ')} ended with ${ended.status ?? ended.signal}: ${ended.stderr}`,
        );
      return ended;
    },
    measure: (...args) => measure(process.execPath, [cli, ...args], env),
    async kill(args, when) {
      const child = start(args);
      const end = endOf(child);
      while (!hasEnded(child) && !(await when())) await sleep(1);
      child.kill('SIGKILL');
      return await end;
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

async function buildCli(outfile: string): Promise<void> {
  await esbuild.build({
    entryPoints: [MAIN],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node22.15',
    mainFields: ['module', 'main'],
    banner: {
      js: "import{createRequire as __r}from'node:module';const require=__r(import.meta.url);",
    },
    logLevel: 'silent',
  });
}

async function endOf(child: ChildProcess): Promise<Ended> {
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => err.push(chunk));
  const timer = setTimeout(() => child.kill('SIGKILL'), HANG_MS);
  await once(child, 'close');
  clearTimeout(timer);
  return {
    status: child.exitCode,
    signal: child.signalCode,
    stdout: Buffer.concat(out).toString('utf8'),
    stderr: Buffer.concat(err).toString('utf8'),
  };
}
