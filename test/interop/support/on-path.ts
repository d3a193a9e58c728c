import { existsSync } from 'node:fs';
import path from 'node:path';

/** Whether a program of this name is on PATH. */
export function onPath(program: string): boolean {
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  return folders.some((folder) => existsSync(path.join(folder, program)));
}
