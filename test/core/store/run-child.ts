import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const SCRIPT = join(import.meta.dirname, 'child-process.ts');

/** Starts a task of `child-process.ts` in a process of its own. */
export function startChild(task: string, ...args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [SCRIPT, task, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Runs a task to its end; rejects with what it wrote on stderr when it fails. */
export async function runChild(task: string, ...args: readonly string[]): Promise<string> {
  const child = startChild(task, ...args);
  let out = '';
  let err = '';
  child.stdout?.on('data', (data) => {
    out += data;
  });
  child.stderr?.on('data', (data) => {
    err += data;
  });
  const [status] = await once(child, 'close');
  if (status !== 0) throw new Error(`child ${task} ended with ${status}: ${err}`);
  return out;
}

/** Starts a task, waits for its first line, then for `ready`, and kills it as the system does when memory runs out. */
export async function killChild(task: string, path: string, ready: () => Promise<boolean>): Promise<void> {
  const child = startChild(task, path);
  if (child.stdout === null) throw new Error('no stdout');
  await once(child.stdout, 'data');
  while (!(await ready())) await new Promise((resolve) => setTimeout(resolve, 5));
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/**
 * Whether to run a test that mounts a small disk for itself alone. Where that cannot be done a line says what is left
 * out; in CI it is run all the same, and fails.
 */
export function triesSmallDisk(what: string): boolean {
  if (process.env.CI) return true;
  const can = process.platform === 'linux' && spawnSync('unshare', ['-rm', 'true']).status === 0;
  if (!can) console.warn(`not tested, as no disk can be mounted here: ${what}`);
  return can;
}

/** Runs a task on a disk of its own with so many bytes, which is gone afterwards. */
export function runOnSmallDisk(task: string, folder: string, bytes: number): string {
  const script = `mount -t tmpfs -o size=${bytes} tmpfs "$1" && exec "$2" "$3" "$4" "$1"`;
  const args = ['-rm', 'sh', '-c', script, 'sh', folder, process.execPath, SCRIPT, task];
  const { status, stdout, stderr } = spawnSync('unshare', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`child ${task} ended with ${status}: ${stderr}`);
  return stdout;
}
