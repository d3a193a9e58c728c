/**
 * Prints what the speed section of docs/performance.md promises, beside `oras` where it is installed:
 *   npm run bench
 * Runs are interleaved and medians are shown, since a shared machine drifts. Never part of the tests.
 */
import { randomFillSync } from 'node:crypto';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statfsSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type DockerRegistry, startDockerRegistry } from '../test/interop/support/docker-registry.ts';
import { onPath } from '../test/interop/support/on-path.ts';
import { startTestRegistry } from '../test/support/registry/test-registry.ts';
import { type Measurement, measure, median } from './measure.ts';

const CLI = fileURLToPath(new URL('../dist/cli.mjs', import.meta.url));
const GIB = 1024 ** 3;
const RUNS = Number(process.env.OMLMD_BENCH_RUNS ?? 3);

interface Row {
  readonly what: string;
  readonly ours: Measurement;
  readonly peer?: Measurement;
  /** The promise, in words. */
  readonly limit: string;
  readonly met: boolean;
}

const folder = mkdtempSync(join(roomyFolder(), 'omlmd-bench-'));
const env = { ...process.env, OMLMD_HOME: join(folder, 'home'), DOCKER_CONFIG: join(folder, 'docker') };
const omlmd = (...args: string[]) => measure(process.execPath, [CLI, ...args], env);

try {
  const rows = [await startRow(), await inspectRow(), ...(await transferRows())];
  print(rows);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** tmpfs where it is large enough, so that the disk is not what is measured. */
function roomyFolder(): string {
  try {
    const { bavail, bsize } = statfsSync('/dev/shm');
    if (bavail * bsize > 8 * GIB) return '/dev/shm';
  } catch {
    // not Linux
  }
  return tmpdir();
}

async function repeat(run: () => Promise<Measurement>): Promise<Measurement> {
  const runs: Measurement[] = [];
  for (let i = 0; i < RUNS; i += 1) runs.push(await run());
  return median(runs);
}

async function startRow(): Promise<Row> {
  await omlmd('version');
  const ours = await repeat(() => omlmd('version'));
  return { what: 'start (omlmd version)', ours, limit: '≤ 120 ms', met: ours.milliseconds <= 120 };
}

/** A header and 2 GiB that are not on the disk: a reader that touched them would take seconds. */
async function inspectRow(): Promise<Row> {
  const path = join(folder, 'large.safetensors');
  const header = JSON.stringify({ weight: { dtype: 'F32', shape: [GIB / 2], data_offsets: [0, 2 * GIB] } });
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(header)));
  writeFileSync(path, Buffer.concat([length, Buffer.from(header)]));
  truncateSync(path, 8 + Buffer.byteLength(header) + 2 * GIB);
  const ours = await repeat(() => omlmd('inspect', path));
  rmSync(path);
  return { what: 'inspect of 2 GiB safetensors', ours, limit: '≤ 250 ms', met: ours.milliseconds <= 250 };
}

async function startRegistry(): Promise<Pick<DockerRegistry, 'host' | 'stop'>> {
  return onPath('docker-registry') ? startDockerRegistry() : startTestRegistry();
}

async function transferRows(): Promise<Row[]> {
  const file = join(folder, 'model.bin');
  writeRandom(file, GIB);
  const registry = await startRegistry();
  const peer = onPath('oras');
  const oras = (...args: string[]) => measure('oras', args, env);
  const times: Record<'push' | 'pull' | 'orasPush' | 'orasPull', Measurement[]> = {
    push: [],
    pull: [],
    orasPush: [],
    orasPull: [],
  };
  try {
    for (let run = 0; run < RUNS; run += 1) {
      touchContent(file, run); // new content each time, or a registry would take it as known
      times.push.push(
        await omlmd('push', `${registry.host}/bench/ours${run}:v1`, file, '--plain-http', '--empty-metadata'),
      );
      const output = join(folder, `out${run}`);
      times.pull.push(
        await omlmd('pull', `${registry.host}/bench/ours${run}:v1`, '-o', output, '--plain-http'),
      );
      rmSync(output, { recursive: true });
      if (!peer) continue;
      touchContent(file, run + 1000);
      times.orasPush.push(
        await oras(
          'push',
          '--plain-http',
          '--disable-path-validation',
          `${registry.host}/bench/theirs${run}:v1`,
          file,
        ),
      );
      mkdirSync(output);
      times.orasPull.push(
        await oras(
          'pull',
          '--plain-http',
          '-o',
          output,
          '--allow-path-traversal',
          `${registry.host}/bench/theirs${run}:v1`,
        ),
      );
      rmSync(output, { recursive: true, force: true });
      rmSync(file, { force: true });
      writeRandom(file, GIB);
    }
  } finally {
    await registry.stop();
  }
  const row = (what: string, ours: readonly Measurement[], theirs: readonly Measurement[]): Row => {
    const middle = median(ours);
    return {
      what,
      ours: middle,
      ...(peer ? { peer: median(theirs) } : {}),
      limit: '< 200 MB',
      met: middle.megabytes < 200,
    };
  };
  return [
    row('push of a new 1 GiB file', times.push, times.orasPush),
    row('pull of 1 GiB', times.pull, times.orasPull),
  ];
}

function writeRandom(path: string, size: number): void {
  const block = Buffer.allocUnsafe(16 * 1024 * 1024);
  const file = openSync(path, 'w');
  for (let written = 0; written < size; written += block.byteLength) {
    randomFillSync(block);
    writeSync(file, block);
  }
  closeSync(file);
}

function touchContent(path: string, mark: number): void {
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.from(`run ${mark} ${process.pid}\n`), 0, undefined, 0);
  closeSync(file);
}

function print(rows: readonly Row[]): void {
  const cell = ({ milliseconds, megabytes }: Measurement) =>
    `${(milliseconds / 1000).toFixed(2)} s ${megabytes === 0 ? '' : `${megabytes.toFixed(0)} MB`}`;
  console.log(`medians of ${RUNS} interleaved runs`);
  for (const { what, ours, peer, limit, met } of rows) {
    const ratio =
      peer === undefined
        ? ''
        : `${(ours.milliseconds / peer.milliseconds).toFixed(2)} × oras (${cell(peer)})`;
    console.log(
      `${what.padEnd(30)} ${cell(ours).padEnd(16)} ${limit.padEnd(10)} ${met ? 'reached' : 'MISSED '}  ${ratio}`,
    );
  }
  if (!onPath('oras')) console.log('oras is not installed: no comparison');
  if (rows.some(({ met }) => !met)) process.exitCode = 1;
}
