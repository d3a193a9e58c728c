import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { devCache } from '../../../scripts/dev-cache.ts';
import { runOk } from '../../support/processes.ts';

/** Making an environment downloads packages; milliseconds. */
const INSTALL_TIMEOUT_MS = 600_000;

/** The `bin` folder of a virtual environment that holds these packages; made once, then kept in the cache. */
export async function pythonEnvironment(name: string, packages: readonly string[]): Promise<string> {
  const folder = devCache('interop', name);
  const bin = path.join(folder, 'bin');
  // Written last: a folder without it is what an interrupted run left.
  const stamp = path.join(folder, 'ready');
  if (existsSync(stamp)) return bin;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await runOk('python3', ['-m', 'venv', folder], { timeout: INSTALL_TIMEOUT_MS });
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages];
  await runOk(path.join(bin, 'python'), pip, { timeout: INSTALL_TIMEOUT_MS });
  writeFileSync(stamp, `${packages.join('\n')}\n`);
  return bin;
}
