/**
 * Reads damaged copies of every fixture, and says what a reader must never do:
 *   node --expose-gc fuzz-program.ts SHARD SHARDS SEED
 * Before each copy its name goes to standard output, so that of a hang or an end it is known what it was; the last line
 * is the {@link FuzzReport}. A process of its own, so that its memory is the readers'.
 */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bytesContent } from '../../src/core/oci/content.ts';
import { ModelParts } from '../../src/core/operations/model-parts.ts';
import { readModelFile } from '../../src/core/readers/index.ts';
import { FINDING_CODES, type ModelFacts } from '../../src/core/readers/reader.ts';
import { seeded } from '../support/seeded.ts';
import { DAMAGES } from './damage-file.ts';

/** Copies of each file in each way of damage; folders have several files. */
const ROUNDS = 40;
const FOLDER_ROUNDS = 16;
/** Milliseconds a reader may take, and what a busy machine may add. */
const MOST_MS = 5000 + 1500;
/** Copies between two collections of what is garbage. */
const COLLECT_EVERY = 8;
/** Bytes over what was used at the start, when all fixtures are not yet read. */
const MOST_BYTES = 128 * 1024 * 1024;
const CODES: ReadonlySet<string> = new Set(FINDING_CODES);

export interface FuzzReport {
  readonly cases: number;
  /** Most that any copy took. */
  readonly milliseconds: number;
  readonly megabytes: number;
  readonly failures: readonly string[];
}

interface Case {
  readonly name: string;
  read(): Promise<readonly ModelFacts[]>;
}

const fixtures = fileURLToPath(new URL('../fixtures/', import.meta.url));
const [shard = 0, shards = 1, seed = 1] = process.argv.slice(2).map(Number);
process.stdout.write(`\n${JSON.stringify(await run())}\n`);

async function run(): Promise<FuzzReport> {
  let [cases, milliseconds, bytes] = [0, 0, 0];
  const failures: string[] = [];
  const atStart = memory('VmRSS');
  for (const one of allCases()) {
    process.stdout.write(`${one.name}\n`);
    const start = performance.now();
    if (cases % COLLECT_EVERY === 0) await collect();
    forgetPeak();
    try {
      for (const facts of await one.read())
        failures.push(...faults(facts).map((fault) => `${one.name}: ${fault}`));
    } catch (error) {
      failures.push(
        `${one.name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      );
    }
    const took = performance.now() - start;
    const more = memory('VmHWM') - atStart;
    if (took > MOST_MS) failures.push(`${one.name}: ${Math.round(took)} ms`);
    if (more > MOST_BYTES) failures.push(`${one.name}: ${Math.round(more / 1024 / 1024)} MiB more`);
    [cases, milliseconds, bytes] = [cases + 1, Math.max(milliseconds, took), Math.max(bytes, more)];
  }
  return {
    cases,
    milliseconds: Math.round(milliseconds),
    megabytes: Math.round(bytes / 1024 / 1024),
    failures,
  };
}

function faults({ metadata, details, findings }: ModelFacts): string[] {
  JSON.stringify(details);
  return [
    ...findings.filter(({ code }) => !CODES.has(code)).map(({ code }) => `the code ${code}`),
    ...(Object.keys(metadata).length === 7 ? [] : ['fields of the metadata']),
    ...(findings.length > 500 ? [`${findings.length} findings`] : []),
  ];
}

function* allCases(): Generator<Case> {
  const names = readdirSync(`${fixtures}models`).filter((name) => !name.endsWith('.expected.json'));
  const files = names.map((name) => ({ name, bytes: bytesOf(`${fixtures}models/${name}`) }));
  for (const [index, { name, bytes }] of files.entries()) {
    if (index % shards !== shard) continue;
    const random = seeded(seed + index);
    for (const [way, damage] of Object.entries(DAMAGES)) {
      for (let round = 0; round < ROUNDS; round += 1) {
        const other = files[random(files.length)] ?? { name, bytes };
        const damaged = damage({ bytes, other: other.bytes }, random);
        // A tenth has a name that lies: readers choose by it.
        const path = random(10) === 0 ? other.name : name;
        const content = bytesContent(damaged);
        yield { name: `${name} ${way} ${round}`, read: async () => [await readModelFile({ path, content })] };
      }
    }
  }
  yield* folderCases();
}

function* folderCases(): Generator<Case> {
  const folders = readdirSync(`${fixtures}folders`).filter((name) => !name.endsWith('.json'));
  for (const [index, folder] of folders.entries()) {
    if (index % shards !== shard) continue;
    const random = seeded(seed + index);
    const root = `${fixtures}folders/${folder}`;
    const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((path) => statSync(`${root}/${path}`).isFile())
      .map((path) => ({ path, bytes: bytesOf(`${root}/${path}`) }));
    for (const { path, bytes } of files) {
      for (const [way, damage] of Object.entries(DAMAGES)) {
        for (let round = 0; round < FOLDER_ROUNDS; round += 1) {
          const other = files[random(files.length)]?.bytes ?? bytes;
          const damaged = bytes.byteLength === 0 ? other : damage({ bytes, other }, random);
          const copy = files.map((file) => (file.path === path ? { path, bytes: damaged } : file));
          yield { name: `${folder}/${path} ${way} ${round}`, read: () => readFolder(folder, copy) };
        }
      }
    }
  }
}

async function readFolder(
  name: string,
  files: readonly { readonly path: string; readonly bytes: Uint8Array }[],
): Promise<readonly ModelFacts[]> {
  const parts = files.map(({ path, bytes }) => {
    const content = bytesContent(bytes);
    return { title: path, size: content.size, open: async () => content };
  });
  const set = new ModelParts(parts, { concurrency: 1 });
  const readings = await set.readAll();
  const whole = await set.readWhole(name);
  return [...readings.map(({ facts }) => facts), ...(whole === undefined ? [] : [whole])];
}

function bytesOf(path: string): Uint8Array {
  return new Uint8Array(readFileSync(path));
}

/** A usual collection keeps the pages that it empties. */
async function collect(): Promise<void> {
  await globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}

/** The kernel's note of the peak is set to what is in use. */
function forgetPeak(): void {
  writeFileSync('/proc/self/clear_refs', '5');
}

function memory(line: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync('/proc/self/status', 'utf8');
  return Number(new RegExp(`${line}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) * 1024;
}
