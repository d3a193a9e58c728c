import { homedir, platform } from 'node:os';
import { join, resolve } from 'node:path';

/** The data folder: `$OMLMD_HOME`, else the platform's own place for application data. Absolute. */
export function dataFolder(env: Readonly<Record<string, string | undefined>>): string {
  if (env.OMLMD_HOME) return resolve(env.OMLMD_HOME);
  const home = homedir();
  switch (platform()) {
    case 'win32':
      return join(env.LOCALAPPDATA ?? join(home, 'AppData', 'Local'), 'omlmd');
    case 'darwin':
      return join(home, 'Library', 'Application Support', 'omlmd');
    default:
      return join(env.XDG_DATA_HOME || join(home, '.local', 'share'), 'omlmd');
  }
}
