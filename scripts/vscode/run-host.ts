// Runs the mocha suite of test/vscode/host inside code-server's extension host, with the real `vscode` API.
// Ends with `N passed, N failed`. OMLMD_KEEP=1 keeps the profile, OMLMD_VERBOSE=1 prints the page's console.
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { exitOnSignals } from '../../test/support/processes.ts';
import type { HostTest } from '../../test/vscode/host/index.ts';
import { ROOT } from '../dev-cache.ts';
import { type Browser, openBrowser, TEST_DRIVER, testsUrl } from './browser.ts';
import { installCodeServer } from './code-server.ts';
import { makeSandbox } from './sandbox.ts';
import { type Server, startServer } from './server.ts';

const SUITE = path.join(ROOT, 'out', 'vscode-tests', 'index.cjs');
/** Milliseconds until a suite that hangs is given up. */
const SUITE_TIMEOUT_MS = 300_000;
const CONSOLE_TAIL_LINES = 25;

exitOnSignals();
const tests = await runSuite();
for (const test of tests) console.log(lineOf(test));
const count = (state: HostTest['state']) => tests.filter((test) => test.state === state).length;
if (count('skipped') > 0) console.log(`${count('skipped')} skipped`);
console.log(`${count('passed')} passed, ${count('failed')} failed`);
process.exitCode = count('failed') === 0 && count('passed') > 0 ? 0 : 1;

async function runSuite(): Promise<readonly HostTest[]> {
  const codeServer = installCodeServer();
  const sandbox = makeSandbox();
  const report = path.join(sandbox.folder, 'report.json');
  const env = { OMLMD_TEST_REPORT: report };
  const server = await startServer(codeServer, sandbox, { options: TEST_DRIVER, env });
  const browser = await openBrowser(sandbox);
  try {
    const heard = await runInHost(browser, testsUrl(server, sandbox.workspace, ROOT, SUITE));
    if (existsSync(report)) return JSON.parse(readFileSync(report, 'utf8'));
    return [await explainMissingReport(browser, server, heard)];
  } finally {
    await browser.context.close();
    await server.stop();
    if (process.env.OMLMD_KEEP) console.log(`kept ${sandbox.folder}`);
    else sandbox.remove();
  }
}

/** Opens the workbench and waits for the suite's end; returns what the page's console said. */
async function runInHost({ page }: Browser, url: string): Promise<readonly string[]> {
  // The workbench hands the extension host's console and exit code to these two globals.
  const finished = new Promise((resolve) => {
    void page.exposeFunction('codeAutomationExit', resolve);
  });
  await page.exposeFunction('codeAutomationLog', () => undefined);
  const heard: string[] = [];
  page.on('console', (message) => {
    heard.push(message.text());
    if (process.env.OMLMD_VERBOSE) console.log(`[page] ${message.text()}`);
  });
  await page.goto(url);
  await Promise.race([finished, sleep(SUITE_TIMEOUT_MS, undefined, { ref: false })]);
  return heard;
}

async function explainMissingReport(
  { page }: Browser,
  server: Server,
  heard: readonly string[],
): Promise<HostTest> {
  const picture = path.join(ROOT, 'out', 'host-failure.png');
  mkdirSync(path.dirname(picture), { recursive: true });
  await page.screenshot({ path: picture }).catch(() => undefined);
  const lines = heard.slice(-CONSOLE_TAIL_LINES).join('\n');
  const error = `see ${picture}\n--- the page's console\n${lines}\n--- the server's log\n${server.logTail()}`;
  return { title: 'the suite runs to its end', state: 'failed', milliseconds: 0, error };
}

function lineOf(test: HostTest): string {
  const mark = { passed: 'ok  ', failed: 'FAIL', skipped: 'skip' }[test.state];
  const error = test.error === undefined ? '' : `\n${test.error}`;
  return `  ${mark} ${test.title} (${test.milliseconds} ms)${error}`;
}
