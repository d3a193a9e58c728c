// Runs the magics in JupyterLab: the wheel as it would be installed, a real ipykernel, headless Chromium.
// Prints a line a check and ends with `N passed, N failed`. JUPYTER names another `jupyter` program than prepare.mjs makes.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { findChromium } from '../vscode/chromium.ts';
import { startJupyterLab } from './jupyterlab-server.mjs';
import { openNotebook } from './notebook-page.mjs';
import { jupyterEnvironment } from './prepare.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const OUT = join(ROOT, 'out', 'jupyter');

/** A throw-away home with the fixture notebook, the installed wheel and an empty store. */
function makeSandbox(python) {
  const folder = mkdtempSync(join(tmpdir(), 'omlmd-jupyter-'));
  const sandbox = {
    folder,
    workspace: join(folder, 'workspace'),
    site: join(folder, 'site'),
    store: join(folder, 'omlmd'),
  };
  cpSync(join(ROOT, 'test', 'fixtures', 'jupyter'), sandbox.workspace, { recursive: true });
  const built = run(python, [join(ROOT, 'python', 'build_wheel.py'), join(folder, 'dist')]);
  const wheel = built.trim().split('\n').at(-1);
  run(python, [
    '-m',
    'pip',
    'install',
    '-q',
    '--disable-pip-version-check',
    '--no-deps',
    '--target',
    sandbox.site,
    wheel,
  ]);
  return sandbox;
}

function run(program, args) {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
  return stdout;
}

/** What a person sees, cell by cell; each is one check. The numbers are the cells of magics.ipynb. */
const CHECKS = [
  ['the extension loads', async (notebook) => assert.equal(await notebook.run(0), '')],
  ['a model is fitted', async (notebook) => assert.match(await notebook.run(1), /fitted LogisticRegression/)],
  [
    'a cell pushes it with metadata and shows a card',
    async (notebook) => {
      const card = await notebook.run(2);
      assert.match(card, /Pushed local\/iris:v1/);
      assert.match(card, /sha256:[0-9a-f]{64}/);
      assert.match(card, /Iris <b>classifier<\/b>/, 'foreign HTML is text');
      assert.equal(await notebook.output(2).locator('a[href="https://example.org/iris"]').count(), 1);
      await notebook.screenshot('pushed', 2);
    },
  ],
  [
    'the listing is a table with its metadata',
    async (notebook) => {
      const table = await notebook.run(3);
      assert.match(table, /accuracy/);
      assert.match(table, /0\.97/);
      assert.ok((await notebook.output(3).locator('table').count()) > 0);
    },
  ],
  ['it is pulled', async (notebook) => assert.match(await notebook.run(4), /pulled clf\.joblib sha256:/)],
  ['it predicts the same', async (notebook) => assert.match(await notebook.run(5), /same predictions: True/)],
  [
    'an error is two lines and fails the cell',
    async (notebook) => {
      const lines = (await notebook.run(6)).split('\n').filter((line) => line.trim() !== '');
      assert.equal(lines.length, 2, lines.join('\n'));
      assert.match(lines[0], /^omlmd: .*nothing/);
      assert.equal(await notebook.failed(6), true);
    },
  ],
  ['a semicolon displays nothing', async (notebook) => assert.equal(await notebook.run(7), '')],
  [
    'a long push shows progress and is interrupted',
    async (notebook) => {
      await notebook.start(8);
      await notebook.output(8).getByText(/MB|GB/).first().waitFor();
      await notebook.screenshot('progress', 8);
      await notebook.interrupt();
      const text = await notebook.finished(8);
      assert.match(text, /push cancelled/);
      assert.match(text, /stopped cleanly/);
      assert.doesNotMatch(text, /Traceback/);
      assert.equal(await notebook.failed(8), true);
      await notebook.screenshot('interrupted', 8);
    },
  ],
  [
    'the kernel goes on, and no half artifact is there',
    async (notebook) => assert.match(await notebook.run(9), /iris/),
  ],
  [
    'Tab completes verbs',
    async (notebook) => assert.deepEqual((await notebook.completions(10)).toSorted(), ['pull', 'push']),
  ],
];

async function check(notebook) {
  const counts = { passed: 0, failed: 0 };
  for (const [name, test] of CHECKS) {
    try {
      await test(notebook);
      counts.passed += 1;
      console.log(`ok      ${name}`);
    } catch (error) {
      counts.failed += 1;
      console.log(`FAILED  ${name}\n${error.stack}`);
      await notebook.screenshot(`failed-${counts.failed}`);
    }
  }
  return counts;
}

function assertNoTemporaryFiles(folder) {
  const left = readdirSync(folder).filter((name) => name.startsWith('omlmd-'));
  assert.deepEqual(left, [], 'temporary folders of the magics were left');
}

async function main() {
  mkdirSync(OUT, { recursive: true });
  const jupyter = process.env.JUPYTER ?? jupyterEnvironment(console.error).jupyter;
  const sandbox = makeSandbox(join(dirname(jupyter), 'python'));
  const temporary = join(sandbox.folder, 'tmp');
  mkdirSync(temporary);
  let lab;
  let browser;
  try {
    lab = await startJupyterLab(jupyter, sandbox, openSync(join(OUT, 'server.log'), 'w'), {
      OMLMD_HOME: sandbox.store,
      OMLMD_NODE: process.execPath,
      PYTHONPATH: sandbox.site,
      TMPDIR: temporary,
    });
    browser = await chromium.launch({
      executablePath: findChromium(),
      args: ['--no-sandbox', '--disable-gpu'],
    });
    const notebook = await openNotebook(browser, lab.origin, 'magics.ipynb', OUT);
    const counts = await check(notebook);
    assertNoTemporaryFiles(temporary);
    return counts;
  } finally {
    await browser?.close();
    await lab?.stop();
    rmSync(sandbox.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

const counts = await main().catch((error) => {
  console.error(error.stack);
  writeFileSync(join(OUT, 'error.txt'), `${error.stack}\n`);
  return { passed: 0, failed: CHECKS.length };
});
console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed === 0 ? 0 : 1;
