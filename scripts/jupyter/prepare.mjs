// Makes the virtual environment of the notebook tests once, in a cache outside the repository.
// Prints where it is; `jupyterEnvironment()` gives the same to other scripts.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const requirements = fileURLToPath(new URL('../../python/requirements-test.txt', import.meta.url));
const PYTHON = process.env.PYTHON ?? 'python3';

/** Runs a program to its end; what it printed is shown only when it failed. */
function run(program, args, doing) {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) {
    const said = error?.message ?? `${stdout}${stderr}`.trim().split('\n').slice(-8).join('\n');
    throw new Error(`${doing}: ${program} failed: ${said}`);
  }
  return stdout.trim();
}

/** Interpreter and requirements decide the folder, so a change of either makes a new environment. */
function environmentFolder() {
  const version = run(
    PYTHON,
    ['-c', 'import sys; print(sys.version, sys.base_prefix)'],
    'looking for Python',
  );
  const key = createHash('sha256')
    .update(version)
    .update(readFileSync(requirements))
    .digest('hex')
    .slice(0, 12);
  const cache = process.env.OMLMD_DEV_CACHE ?? join(homedir(), '.cache', 'omlmd-dev');
  return join(cache, `jupyter-${key}`);
}

/** The folder and the programs of the environment; it is made if it is not there. */
export function jupyterEnvironment(log = () => {}) {
  const folder = environmentFolder();
  const bin = join(folder, process.platform === 'win32' ? 'Scripts' : 'bin');
  const programs = { folder, python: join(bin, 'python'), jupyter: join(bin, 'jupyter') };
  // Written last: a folder without it is what an interrupted run left.
  const stamp = join(folder, 'ready');
  if (existsSync(stamp)) return programs;
  log(`installing JupyterLab and test libraries into ${folder} (once, about two minutes)`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  run(PYTHON, ['-m', 'venv', folder], 'making a virtual environment (Debian: apt-get install python3-venv)');
  run(programs.python, ['-m', 'pip', 'install', '--quiet', '-r', requirements], 'installing test libraries');
  writeFileSync(stamp, '');
  return programs;
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const { jupyter, python } = jupyterEnvironment(console.error);
  console.log(`JUPYTER=${jupyter}\nPYTHON=${python}`);
}
