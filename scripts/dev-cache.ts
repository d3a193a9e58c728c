import { homedir } from 'node:os';
import path from 'node:path';

/** The repository's root folder. */
export const ROOT = path.dirname(import.meta.dirname);

/** Where what is too large for `node_modules` is kept between runs: code-server, Python environments. */
export function devCache(...parts: string[]): string {
  return path.join(process.env.OMLMD_DEV_CACHE ?? path.join(homedir(), '.cache', 'omlmd-dev'), ...parts);
}
