import type { Stats } from 'node:fs';

/** Permissions of a file that is nobody else's business. */
export const PRIVATE_MODE = 0o600;
/** Permissions for anybody but the owner. */
const OTHERS = 0o077;

/** Whether only this user could have put there what is there. Windows has no such bits: its profile folders are private. */
export function isOwnPrivate({ uid, mode }: Pick<Stats, 'uid' | 'mode'>): boolean {
  if (process.platform === 'win32') return true;
  return uid === process.geteuid?.() && (mode & OTHERS) === 0;
}
