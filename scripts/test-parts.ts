import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from './dev-cache.ts';
import { type Counts, countsOfJunit, countsOfLastLine } from './test-counts.ts';

/** One part of the tests: a program that runs it and a way to count what it did. */
export interface Part {
  readonly name: string;
  /** Whether `npm test` runs it; the others run when they are named. */
  readonly usual: boolean;
  /** The program and its arguments; sets up what it needs first. */
  command(): readonly [string, ...string[]];
  counts(output: string): Counts | undefined;
}

/** In the order in which they run: the quick ones first. */
export const PARTS: readonly Part[] = [
  vitest('unit', true),
  { name: 'python', usual: true, command: pytest, counts: () => readJunit('python') },
  script('host', 'scripts/vscode/run-host.ts'),
  script('browser', 'scripts/vscode/run-browser.ts'),
  script('jupyter', 'scripts/jupyter/run-jupyterlab.mjs'),
  vitest('interop', false),
  vitest('slow', false),
];

function vitest(name: string, usual: boolean): Part {
  return {
    name,
    usual,
    command() {
      const reporters = ['--reporter=default', '--reporter=junit', `--outputFile.junit=${freshJunit(name)}`];
      return ['npx', 'vitest', 'run', `--project=${name}`, ...reporters];
    },
    counts: () => readJunit(name),
  };
}

function pytest(): readonly [string, ...string[]] {
  const python = pythonEnvironment();
  return [python, '-m', 'pytest', '-q', `--junitxml=${freshJunit('python')}`, 'python/tests'];
}

/** The Python of the cached environment that the Python and notebook tests share; made on the first run. */
function pythonEnvironment(): string {
  const done = spawnSync(process.execPath, ['scripts/jupyter/prepare.mjs'], {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const python = /^PYTHON=(.+)$/m.exec(done.stdout)?.[1];
  if (python === undefined) throw new Error('the Python environment could not be made');
  return python;
}

function script(name: string, file: string): Part {
  return { name, usual: true, command: () => [process.execPath, file], counts: countsOfLastLine };
}

function junitFile(name: string): string {
  return path.join(ROOT, 'out', 'test', `${name}.xml`);
}

/** The report's path, without the report of an earlier run. */
function freshJunit(name: string): string {
  rmSync(junitFile(name), { force: true });
  return junitFile(name);
}

function readJunit(name: string): Counts | undefined {
  try {
    return countsOfJunit(readFileSync(junitFile(name), 'utf8'));
  } catch {
    return undefined; // the runner ended before it wrote one
  }
}
