// `npm run demo`: the main job from end to end, with the built command line and nothing outside a temporary folder.
// A model goes into the local store, is inspected, copied to a registry on loopback, and pulled back byte-equal.
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { exitOnSignals, run } from '../test/support/processes.ts';
import { startTestRegistry } from '../test/support/registry/test-registry.ts';
import { ROOT } from './dev-cache.ts';

const CLI = path.join(ROOT, 'dist', 'cli.mjs');
const SAMPLE = path.join(ROOT, 'media', 'sample', 'iris.onnx');

exitOnSignals();
const folder = mkdtempSync(path.join(tmpdir(), 'omlmd-demo-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
const registry = await startTestRegistry();
try {
  await demo(registry.host);
} finally {
  await registry.stop();
}

async function demo(host: string): Promise<void> {
  copyFileSync(SAMPLE, path.join(folder, 'iris.onnx'));
  console.log('A model, its metadata read from the file, one versioned artifact, and back.\n');

  const pushed = await omlmd('push', 'local/iris:v1', 'iris.onnx', '--set', 'accuracy=0.97');
  console.log(`  ${pushed.digest} in the local store`);

  const card = await omlmd('inspect', 'local/iris:v1');
  console.log(`  metadata: ${JSON.stringify(namedMetadata(card))}`);
  for (const file of rows(card.files)) console.log(`  ${file.title} ${file.size} B, ${file.mediaType}`);

  const copied = await omlmd('cp', 'local/iris:v1', `${host}/demo/iris:v1`);
  expectThat(copied.digest === pushed.digest, 'the registry has the same digest');

  await omlmd('pull', `${host}/demo/iris:v1`, '-o', 'pulled');
  const same = readFileSync(path.join(folder, 'pulled', 'iris.onnx')).equals(readFileSync(SAMPLE));
  expectThat(same, 'the pulled model has the same bytes');

  const again = await omlmd('push', `${host}/demo/iris:v2`, 'iris.onnx', '--set', 'accuracy=0.97');
  expectThat(again.digest === pushed.digest, 'pushed again: the same input gives the same digest');
  expectThat(existsSync(path.join(folder, 'home')), 'everything was kept in a temporary OMLMD_HOME');
}

/** Runs `omlmd` as a person would, shows the command, and returns what `--format json` says. */
async function omlmd(...args: string[]): Promise<Record<string, unknown>> {
  console.log(`$ omlmd ${args.join(' ')}`);
  const env = {
    ...process.env,
    OMLMD_HOME: path.join(folder, 'home'),
    DOCKER_CONFIG: path.join(folder, 'docker'),
  };
  const done = await run(process.execPath, [CLI, ...args, '--format', 'json'], { cwd: folder, env });
  if (done.status !== 0) fail(`it ended with status ${done.status}\n${done.stderr}`);
  return JSON.parse(done.stdout);
}

function namedMetadata(card: Record<string, unknown>): unknown {
  const metadata = Object(card.metadata);
  const { framework, accuracy } = Object(metadata.customProperties);
  return { name: metadata.name, format: metadata.model_format_name, framework, accuracy };
}

function rows(value: unknown): readonly Record<string, unknown>[] {
  return Array.isArray(value) ? value : [];
}

function expectThat(holds: boolean, claim: string): void {
  if (!holds) fail(`NOT TRUE: ${claim}`);
  console.log(`  ✓ ${claim}`);
}

function fail(message: string): never {
  console.error(`  ${message}`);
  process.exit(1);
}
