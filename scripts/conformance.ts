// `npm run test:conformance`: the official conformance tests of the OCI distribution spec against `omlmd serve`.
// The program is not part of this project: it is $OMLMD_CONFORMANCE, or `conformance` on the PATH.
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { onPath } from '../test/interop/support/on-path.ts';
import { exitOnSignals, run, spawnGroup, stopGroup } from '../test/support/processes.ts';
import { ROOT } from './dev-cache.ts';

const CLI = path.join(ROOT, 'dist', 'cli.mjs');
const RESULTS = path.join(ROOT, 'out', 'conformance');
const MODULE = 'github.com/opencontainers/distribution-spec/conformance@v0.0.0-20260831232431-97274622c111';
/** The spec as it was published, and as its next version stands: uploads that are canceled, several tags in one push. */
const VERSIONS = ['1.1', 'dev'] as const;

exitOnSignals();
const program = process.env.OMLMD_CONFORMANCE ?? 'conformance';
if (!onPath(program) && !path.isAbsolute(program)) {
  console.error(`"${program}" is not there. Install it with\n  go install ${MODULE}`);
  console.error('and put it on the PATH, or its path into OMLMD_CONFORMANCE.');
  process.exit(1);
}
const home = mkdtempSync(path.join(tmpdir(), 'omlmd-conformance-'));
process.once('exit', () => rmSync(home, { recursive: true, force: true }));
const totals = { passed: 0, failed: 0 };
for (const version of VERSIONS) await examine(version);
console.log(`${totals.passed} passed, ${totals.failed} failed`);
process.exitCode = totals.failed === 0 && totals.passed > 0 ? 0 : 1;

/** Runs one version of the tests against a registry of its own. */
async function examine(version: (typeof VERSIONS)[number]): Promise<void> {
  const env = { ...process.env, OMLMD_HOME: path.join(home, version) };
  const serve = spawnGroup(process.execPath, [CLI, 'serve', '--port', '0'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const results = path.join(RESULTS, version);
    mkdirSync(results, { recursive: true });
    rmSync(path.join(results, 'junit.xml'), { force: true });
    const registry = new URL(await firstUrl(serve.stdout)).host;
    const settings = {
      ...process.env,
      OCI_REGISTRY: registry,
      OCI_TLS: 'disabled',
      OCI_VERSION: version,
      OCI_RESULTS_DIR: results,
    };
    const { stdout, stderr } = await run(program, [], { cwd: results, env: settings });
    report(version, results, stdout + stderr);
  } finally {
    await stopGroup(serve);
  }
}

/** The address in the first line that `omlmd serve` prints. */
async function firstUrl(stdout: NodeJS.ReadableStream | null): Promise<string> {
  if (stdout === null) throw new Error('omlmd serve has no output');
  const [line] = await once(createInterface({ input: stdout }), 'line');
  return JSON.parse(String(line)).url;
}

/** What is skipped was tried and is not there, so it counts as failed: we claim everything that is tried. */
function report(version: string, results: string, output: string): void {
  const attributes = /<testsuites ([^>]*)>/.exec(readReport(results))?.[1] ?? '';
  const count = (name: string) => Number(new RegExp(`\\b${name}="([0-9]+)"`).exec(attributes)?.[1] ?? 0);
  const [tests, disabled] = [count('tests'), count('disabled')];
  const failed = tests === 0 ? 1 : count('failures') + count('errors') + count('skipped');
  const passed = Math.max(0, tests - failed - disabled);
  totals.passed += passed;
  totals.failed += failed;
  if (failed > 0) console.error(output);
  console.log(`version ${version}: ${passed} passed, ${failed} failed, ${disabled} not of this version`);
}

function readReport(results: string): string {
  try {
    return readFileSync(path.join(results, 'junit.xml'), 'utf8');
  } catch {
    return ''; // the program ended before it wrote one
  }
}
