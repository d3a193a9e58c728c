// Installs the packaged extension into code-server and uses it through the workbench, as the suites of
// test/vscode/browser say:  node scripts/vscode/run-browser.ts [suite…]
// Screenshots go to out/screenshots/<suite>. Ends with `N passed, N failed`.
// OMLMD_KEEP=1 keeps the profiles.
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { exitOnSignals } from '../../test/support/processes.ts';
import type { Stage, Step, Suite } from '../../test/vscode/browser/step.ts';
import { Workbench } from '../../test/vscode/browser/workbench.ts';
import { ROOT } from '../dev-cache.ts';
import { folderUrl, openBrowser } from './browser.ts';
import { type CodeServer, installCodeServer } from './code-server.ts';
import { makeSandbox, type Sandbox } from './sandbox.ts';
import { installVsix, startServer } from './server.ts';
import { packageExtension } from './vsix.ts';

const SUITES = path.join(ROOT, 'test', 'vscode', 'browser');
const SUITE_FILE = /^(.+)\.steps\.ts$/;
/** Milliseconds that a step waits for one thing to appear. */
const WAIT_MS = 20_000;

exitOnSignals();
const codeServer = installCodeServer();
const vsix = await packageExtension();
const failures: boolean[] = [];
for (const name of suiteNames(process.argv.slice(2))) {
  const suite = await loadSuite(name);
  failures.push(...(suite === undefined ? [true] : await runSuite(codeServer, vsix, suite)));
}
const failed = failures.filter(Boolean).length;
process.exitCode = failed === 0 && failures.length > 0 ? 0 : 1;
console.log(`${failures.length - failed} passed, ${failed} failed`);

function suiteNames(chosen: readonly string[]): readonly string[] {
  const all = readdirSync(SUITES).flatMap((file) => SUITE_FILE.exec(file)?.[1] ?? []);
  return chosen.length === 0 ? all : chosen;
}

/** A file that does not load is one failure, and the others still run. */
async function loadSuite(name: string): Promise<Suite | undefined> {
  try {
    const module: { readonly suite: Suite } = await import(path.join(SUITES, `${name}.steps.ts`));
    return module.suite;
  } catch (error) {
    console.log(`\n${name}\n  FAIL loading the steps\n${textOf(error)}`);
    return undefined;
  }
}

/** Runs one suite in a window of its own; says of each step whether it failed. */
async function runSuite(codeServer: CodeServer, vsix: string, suite: Suite): Promise<readonly boolean[]> {
  console.log(`\n${suite.name}`);
  const sandbox = makeSandbox(suite.settings);
  const after = await suite.before?.();
  try {
    await installVsix(codeServer, sandbox, vsix);
    return await runInWindow(codeServer, sandbox, suite);
  } catch (error) {
    console.log(`  FAIL opening the window\n${textOf(error)}`);
    return [true];
  } finally {
    await after?.();
    if (process.env.OMLMD_KEEP) console.log(`  kept ${sandbox.folder}`);
    else sandbox.remove();
  }
}

async function runInWindow(
  codeServer: CodeServer,
  sandbox: Sandbox,
  suite: Suite,
): Promise<readonly boolean[]> {
  const server = await startServer(codeServer, sandbox, { trusted: suite.trusted });
  const browser = await openBrowser(sandbox);
  const { page } = browser;
  page.setDefaultTimeout(WAIT_MS);
  const snap = snapper((file) => page.screenshot({ path: file }), suite.name);
  const workbench = new Workbench(page);
  const home = path.join(sandbox.home, 'omlmd');
  const stage: Stage = { page, workbench, workspace: sandbox.workspace, home, snap };
  try {
    await page.goto(folderUrl(server, sandbox.workspace));
    await workbench.ready(sandbox.workspace).catch(async (error) => {
      await snap('not-ready');
      throw error;
    });
    const failures: boolean[] = [];
    for (const step of suite.steps) failures.push(await runStep(stage, step));
    return failures;
  } finally {
    const hosts = new Set(browser.blocked.map((url) => new URL(url).hostname));
    if (hosts.size > 0) console.log(`  asked for hosts off loopback: ${[...hosts].join(', ')}`);
    await browser.context.close();
    await server.stop();
  }
}

async function runStep(stage: Stage, step: Step): Promise<boolean> {
  const start = Date.now();
  let error: unknown;
  try {
    await step.run(stage);
  } catch (thrown) {
    error = thrown ?? new Error('thrown without an error');
  }
  const took = `${Date.now() - start} ms`;
  console.log(
    error === undefined ? `  ok   ${step.name} (${took})` : `  FAIL ${step.name} (${took})\n${textOf(error)}`,
  );
  await stage.snap(step.name);
  // A menu or box left open by a failed step would block the next one.
  if (error !== undefined) for (const _ of [1, 2]) await stage.page.keyboard.press('Escape');
  return error !== undefined;
}

/** Numbers the screenshots of a suite, in a folder that holds nothing from earlier runs. */
function snapper(shoot: (file: string) => Promise<unknown>, suite: string): (name: string) => Promise<void> {
  const folder = path.join(ROOT, 'out', 'screenshots', fileName(suite));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  let count = 0;
  return async (name) => {
    count += 1;
    await shoot(path.join(folder, `${String(count).padStart(2, '0')}-${fileName(name)}.png`));
  };
}

function fileName(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9]+/g, '-');
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
