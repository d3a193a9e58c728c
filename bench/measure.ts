import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** What one run of a program took. */
export interface Measurement {
  readonly milliseconds: number;
  /** Largest resident set, MB; 0 where /proc is not there. */
  readonly megabytes: number;
}

/** Milliseconds between two looks at a program's memory; its peak is kept by the kernel, so only the end matters. */
const POLL_MS = 10;

/** Runs a program to its end; rejects when it fails. */
export function measure(
  file: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  cwd?: string,
): Promise<Measurement> {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const child = spawn(file, args, { env, cwd, stdio: ['ignore', 'ignore', 'pipe'] });
    let megabytes = 0;
    let complaint = '';
    const timer = setInterval(() => {
      megabytes = Math.max(megabytes, peakOf(child.pid));
    }, POLL_MS);
    child.stderr.on('data', (chunk: Buffer) => {
      complaint += chunk.toString();
    });
    child.once('error', reject);
    child.once('close', (status) => {
      clearInterval(timer);
      if (status === 0) resolve({ milliseconds: performance.now() - start, megabytes });
      else reject(new Error(`${file} ${args.join(' ')}: status ${status}\n${complaint}`));
    });
  });
}

function peakOf(pid: number | undefined): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  } catch {
    return 0; // gone, or not Linux
  }
}

/** The middle of several runs, by time; the largest memory of any. */
export function median(runs: readonly Measurement[]): Measurement {
  const sorted = runs.toSorted((a, b) => a.milliseconds - b.milliseconds);
  const middle = sorted[Math.floor(sorted.length / 2)];
  return {
    milliseconds: middle?.milliseconds ?? 0,
    megabytes: Math.max(...runs.map((run) => run.megabytes)),
  };
}
