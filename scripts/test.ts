// Runs the tests, one part after the other:  node scripts/test.ts [part…]
// Without a part: all that `npm test` stands for. The last line is always `N passed, N failed`.
import { once } from 'node:events';
import { exitOnSignals, spawnGroup } from '../test/support/processes.ts';
import { ROOT } from './dev-cache.ts';
import { type Counts, settle } from './test-counts.ts';
import { PARTS, type Part } from './test-parts.ts';

interface Outcome extends Counts {
  readonly part: string;
  readonly seconds: number;
}

exitOnSignals();
const outcomes: Outcome[] = [];
for (const part of chosen(process.argv.slice(2))) outcomes.push(await runPart(part));
report(outcomes);

function chosen(names: readonly string[]): readonly Part[] {
  const unknown = names.find((name) => !PARTS.some((part) => part.name === name));
  if (unknown !== undefined) {
    console.error(`no such part: ${unknown} (there are ${PARTS.map((part) => part.name).join(', ')})`);
    process.exit(2);
  }
  return PARTS.filter((part) => (names.length === 0 ? part.usual : names.includes(part.name)));
}

async function runPart(part: Part): Promise<Outcome> {
  console.log(`\n── ${part.name} ──`);
  const start = Date.now();
  const counts = await countsOf(part);
  return { ...counts, part: part.name, seconds: Math.round((Date.now() - start) / 1000) };
}

/** Runs a part's program, showing its output as it comes; a part that cannot be set up is one failure. */
async function countsOf(part: Part): Promise<Counts> {
  try {
    const [file, ...args] = part.command();
    const { status, output } = await stream(file, args);
    return settle(part.counts(output), status);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return settle(undefined, 1);
  }
}

async function stream(
  file: string,
  args: readonly string[],
): Promise<{ status: number | null; output: string }> {
  const child = spawnGroup(file, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
  const output: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => {
    output.push(chunk);
    process.stdout.write(chunk);
  });
  await once(child, 'close');
  return { status: child.exitCode, output: Buffer.concat(output).toString('utf8') };
}

function report(outcomes: readonly Outcome[]): void {
  const rows = outcomes.map((o) => [o.part, o.passed, o.failed, o.skipped, o.seconds]);
  console.log('');
  for (const row of [['part', 'passed', 'failed', 'skipped', 'seconds'], ...rows]) {
    console.log(
      row.map((cell, column) => (column === 0 ? `${cell}`.padEnd(10) : `${cell}`.padStart(9))).join(''),
    );
  }
  const sum = (key: keyof Counts) => outcomes.reduce((total, outcome) => total + outcome[key], 0);
  process.exitCode = sum('failed') === 0 && sum('passed') > 0 ? 0 : 1;
  console.log(`${sum('passed')} passed, ${sum('failed')} failed`);
}
