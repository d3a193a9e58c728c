import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a finished program left behind. */
export interface Finished {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string | undefined;
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly input?: string | undefined;
  /** Milliseconds until the program and its children are killed. */
  readonly timeout?: number | undefined;
}

/** Stops a hung program from hanging the whole run; far above what any single step takes. */
const RUN_TIMEOUT_MS = 300_000;

/** A program gets this long to end after SIGTERM, in milliseconds, before SIGKILL. */
const STOP_GRACE_MS = 5_000;

/** Runs a program to its end and returns what it printed, whatever its exit status. */
export async function run(
  file: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Finished> {
  const child = spawnGroup(file, args, { ...spawnPlace(options), stdio: ['pipe', 'pipe', 'pipe'] });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => stderr.push(chunk));
  // A program that does not read its input closes the pipe early: that is its right.
  child.stdin?.on('error', () => {});
  child.stdin?.end(options.input ?? '');
  const timer = setTimeout(() => killGroup(child, 'SIGKILL'), options.timeout ?? RUN_TIMEOUT_MS);
  try {
    await once(child, 'close');
  } finally {
    clearTimeout(timer);
  }
  return {
    status: child.exitCode,
    signal: child.signalCode,
    stdout: Buffer.concat(stdout).toString('utf8'),
    stderr: Buffer.concat(stderr).toString('utf8'),
  };
}

/** Runs a program that must succeed; rejects with everything it printed otherwise. */
export async function runOk(
  file: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Finished> {
  const done = await run(file, args, options);
  if (done.status !== 0) {
    const how = done.signal ?? `status ${done.status}`;
    throw new Error(`${file} ${args.join(' ')} ended with ${how}\n${done.stdout}${done.stderr}`);
  }
  return done;
}

/**
 * Starts a program as the leader of its own process group, so that {@link stopGroup} ends its children too.
 * It is killed when this process exits, however that happens.
 */
export function spawnGroup(file: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
  const child = spawn(file, args, { ...options, detached: true });
  const kill = () => killGroup(child, 'SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.removeListener('exit', kill));
  return child;
}

/** Ends a process group: SIGTERM, then SIGKILL to what is left. Resolves when its leader is gone. */
export async function stopGroup(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const ended = once(child, 'exit').then(() => true);
  killGroup(child, 'SIGTERM');
  const inTime = await Promise.race([ended, sleep(STOP_GRACE_MS, false, { ref: false })]);
  if (inTime) return;
  killGroup(child, 'SIGKILL');
  await ended;
}

/** Makes Ctrl-C and the like run the `exit` listeners, which {@link spawnGroup} relies on. For scripts, not tests. */
export function exitOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => process.exit(130));
}

export function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** A TCP port on loopback that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('a TCP server without a port');
  return address.port;
}

/** Waits until `ready` says so; rejects when `child` ends first or after `milliseconds`. */
export async function waitUntil(
  what: string,
  ready: () => Promise<boolean>,
  { child, milliseconds = 60_000 }: { readonly child?: ChildProcess; readonly milliseconds?: number } = {},
): Promise<void> {
  const deadline = Date.now() + milliseconds;
  while (!(await ready())) {
    if (child !== undefined && hasEnded(child))
      throw new Error(`${what}: the program ended (${child.exitCode})`);
    if (Date.now() > deadline) throw new Error(`${what}: not within ${milliseconds / 1000} s`);
    await sleep(100);
  }
}

/** Whether an HTTP server answers with a status below 500. */
export async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).status < 500;
  } catch {
    return false; // not listening yet
  }
}

function spawnPlace({ cwd, env }: RunOptions): SpawnOptions {
  return { ...(cwd === undefined ? {} : { cwd }), ...(env === undefined ? {} : { env }) };
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined || hasEnded(child)) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // gone between the check and the call
  }
}
