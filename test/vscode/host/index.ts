// The entry that VS Code's extension host calls (`extensionTestsPath`): runs every `*.test.cjs` beside it with mocha.
import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import Mocha from 'mocha';

/** One test's outcome, as `scripts/vscode/run-host.ts` reads it from the report file. */
export interface HostTest {
  readonly title: string;
  readonly state: 'passed' | 'failed' | 'skipped';
  readonly milliseconds: number;
  readonly error?: string;
}

const TEST_TIMEOUT_MS = 20_000;

export async function run(): Promise<void> {
  const tests: HostTest[] = [];
  try {
    await runMocha(tests);
  } catch (error) {
    tests.push({ title: 'loading the test files', state: 'failed', milliseconds: 0, error: textOf(error) });
  }
  const report = process.env.OMLMD_TEST_REPORT ?? path.join(__dirname, 'report.json');
  writeFileSync(report, JSON.stringify(tests));
  const failed = tests.filter((test) => test.state === 'failed').length;
  if (failed > 0) throw new Error(`${failed} test(s) failed`);
}

function runMocha(tests: HostTest[]): Promise<void> {
  const mocha = new Mocha({ ui: 'bdd', timeout: TEST_TIMEOUT_MS, reporter: 'spec' });
  const files = readdirSync(__dirname).filter((name) => name.endsWith('.test.cjs'));
  for (const file of files.sort()) mocha.addFile(path.join(__dirname, file));
  return new Promise((resolve) => {
    const runner = mocha.run(() => resolve());
    runner.on('pass', (test) => tests.push({ ...named(test), state: 'passed' }));
    runner.on('pending', (test) => tests.push({ ...named(test), state: 'skipped' }));
    runner.on('fail', (test, error) => tests.push({ ...named(test), state: 'failed', error: textOf(error) }));
  });
}

function named(test: Mocha.Runnable): { readonly title: string; readonly milliseconds: number } {
  return { title: test.fullTitle(), milliseconds: test.duration ?? 0 };
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
