/**
 * Prints what reading a model takes, by format: bytes read, milliseconds and memory, beside the format's own library
 * where `OMLMD_BENCH_PYTHON` names a Python that has it (several, separated by `:`, are tried in turn).
 *   npm run bench:readers
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeSparseGguf, writeSparseOnnx } from '../test/support/large-models.ts';
import { run, runOk } from '../test/support/processes.ts';
import { writeSparseSafetensors } from '../test/support/safetensors-file.ts';
import type { Measurement } from './measure.ts';
import { GIB, MIB } from './place.ts';
import type { Reading } from './read-program.ts';

/** One fixture a format. */
const FIXTURES: readonly string[] = [
  'models/iris.onnx',
  'models/tiny.safetensors',
  'models/tiny-llama.Q4_K_M.gguf',
  'models/svc-protocol5.pkl',
  'models/svc-zlib.joblib',
  'models/forest.skops',
  'models/state-dict.pt',
  'models/scripted.torchscript',
  'models/exported-by-hand.pt2',
  'models/cnn.keras',
  'models/latest.hdf5',
  'models/full.tflite',
  'models/xgb-multiclass.ubj',
  'models/lgb-multiclass.txt',
  'models/cat-multiclass.cbm',
  'models/coreml-network.mlmodel',
  'models/pmml-forest.pmml',
  'models/ov-mlp.xml',
  'models/arrays.npz',
  'folders/saved-keras',
  'folders/llama',
  'folders/mlflow-sklearn',
  'folders/diffusers',
];
/** Tensors of a large model. */
const TENSORS = 320;
/** What is promised of a large file. */
const MOST_MS = 250;
const MOST_BYTES = 16 * MIB;
/** Runs of each; the fastest is shown, since what else the machine does only makes them slower. */
const RUNS = 3;
/** Milliseconds for a library, which may read all of the weights. */
const PEER_TIMEOUT_MS = 120_000;

interface Row {
  readonly what: string;
  readonly ours: Reading;
  /** The format's own library; absent where it is not there, or could not read the file. */
  readonly library?: Measurement;
  /** Absent for fixtures, of which nothing is promised. */
  readonly reached?: boolean;
}

const here = fileURLToPath(new URL('.', import.meta.url));
const pythons = (process.env.OMLMD_BENCH_PYTHON ?? '')
  .split(path.delimiter)
  .filter((python) => python !== '');

const rows = [...(await fixtureRows()), ...(await largeRows())];
mkdirSync(`${here}results`, { recursive: true });
writeFileSync(
  `${here}results/readers.json`,
  `${JSON.stringify({ at: new Date().toISOString(), rows }, null, 2)}\n`,
);
if (rows.some(({ reached }) => reached === false)) process.exitCode = 1;

async function fixtureRows(): Promise<Row[]> {
  const found: Row[] = [];
  for (const name of FIXTURES) found.push(shown(await measured(name, `${here}../test/fixtures/${name}`)));
  return found;
}

/** Files whose weights are holes, so that they take no disk. */
async function largeRows(): Promise<Row[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'omlmd-bench-readers-'));
  const weights = Array.from({ length: TENSORS }, (_, at) => ({
    name: `model.layers.${at}.mlp.up_proj.weight`,
    dtype: 'BF16',
    shape: [(10 * GIB) / TENSORS / 2],
  }));
  const files: readonly [string, (file: string) => unknown][] = [
    ['10 GiB.safetensors', (file) => writeSparseSafetensors(file, weights)],
    ['10 GiB.gguf', (file) => writeSparseGguf(file, TENSORS, (10 * GIB) / TENSORS / 2)],
    ['1.9 GiB.onnx', (file) => writeSparseOnnx(file, TENSORS, Math.floor((1.9 * GIB) / TENSORS / 4))],
  ];
  const found: Row[] = [];
  try {
    for (const [name, write] of files) {
      const file = path.join(folder, name);
      await write(file);
      const row = await measured(name, file);
      const reached = row.ours.milliseconds <= MOST_MS && row.ours.bytes <= MOST_BYTES;
      found.push(shown({ ...row, reached }));
      rmSync(file);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return found;
}

async function measured(what: string, file: string): Promise<Row> {
  const readings: Reading[] = [];
  for (let at = 0; at < RUNS; at += 1) {
    const { stdout } = await runOk(process.execPath, [`${here}read-program.ts`, file]);
    readings.push(JSON.parse(stdout));
  }
  const [ours] = readings.toSorted((a, b) => a.milliseconds - b.milliseconds);
  if (ours === undefined) throw new Error('nothing was measured');
  const library = await libraryOf(ours.format, file);
  return { what, ours, ...(library === undefined ? {} : { library }) };
}

async function libraryOf(format: string, file: string): Promise<Measurement | undefined> {
  for (const python of pythons) {
    const args = [`${here}read_model.py`, format, file];
    const { status, stdout } = await run(python, args, { timeout: PEER_TIMEOUT_MS });
    if (status === 0) return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
  }
  return undefined;
}

function shown(row: Row): Row {
  const { what, ours, library, reached } = row;
  const cells = [
    ours.format.padEnd(13),
    what.padEnd(32),
    `${ours.bytes} B in ${ours.reads}`.padStart(18),
    `${ours.milliseconds.toFixed(1)} ms`.padStart(10),
    `${ours.megabytes.toFixed(0)} MB`.padStart(7),
    library === undefined
      ? ''
      : `library ${library.milliseconds.toFixed(1)} ms ${library.megabytes.toFixed(0)} MB`,
    reached === undefined ? '' : reached ? 'reached' : 'MISSED',
  ];
  console.log(cells.join('  ').trimEnd());
  return row;
}
