import { createHash } from 'node:crypto';
import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import * as z from 'zod';
import { systemCode } from './storage-error.ts';

/** A process in a way that another process can look up: left in lock files and in names of temporary folders. */
export const ProcessIdentitySchema = z.object({
  /** Stands for host, boot and process namespace: only where all are equal does a number mean the same process. */
  host: z.string().regex(/^[0-9a-f]{12}$/),
  pid: z.number().int().positive(),
  /** When it started, in the system's own unit; tells a number that was given out again. Null where unknown. */
  start: z
    .string()
    .regex(/^[0-9]{1,20}$/)
    .nullable(),
});
export type ProcessIdentity = z.infer<typeof ProcessIdentitySchema>;

/** The identity of this process. */
export async function ownIdentity(): Promise<ProcessIdentity> {
  return { host: await hostIdentity(), pid: process.pid, start: await startOf(process.pid) };
}

/** The identity as part of a file's name. */
export function formatIdentity({ host, pid, start }: ProcessIdentity): string {
  return `${host}-${pid}-${start ?? 'x'}`;
}

/** The identity at the start of a text of {@link formatIdentity}; undefined where there is none. */
export function parseIdentity(text: string): ProcessIdentity | undefined {
  const [host, pid, start] = text.split('-');
  return ProcessIdentitySchema.safeParse({ host, pid: Number(pid), start: start === 'x' ? null : start })
    .data;
}

/** A container shares the host's name or not; its namespace of process numbers is what counts. */
async function hostIdentity(): Promise<string> {
  const parts = [hostname()];
  if (process.platform === 'linux') {
    parts.push(await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => ''));
    parts.push(await readlink('/proc/self/ns/pid').catch(() => ''));
  }
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 12);
}

/** Field 22 of `/proc/PID/stat` (proc_pid_stat(5)), ticks since boot; null where there is none. */
async function startOf(pid: number): Promise<string | null> {
  if (process.platform !== 'linux') return null;
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The second field is the program's name in parentheses, and may have any character in it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // A dead process that its parent has not asked for yet still has its number; nothing started at that time runs.
  return fields[0] === 'Z' || fields[0] === 'X' ? '' : (fields[19] ?? null);
}

/**
 * Whether a process still runs: `unknown` where it cannot be looked up from here, or where its number runs but nobody
 * can say whether it is the same process.
 */
export async function lookUp(other: ProcessIdentity): Promise<'runs' | 'gone' | 'unknown'> {
  if (other.host !== (await hostIdentity())) return 'unknown';
  try {
    process.kill(other.pid, 0);
  } catch (error) {
    if (systemCode(error) === 'ESRCH') return 'gone';
  }
  const start = await startOf(other.pid);
  if (start === null || other.start === null) return 'unknown';
  return start === other.start ? 'runs' : 'gone';
}
