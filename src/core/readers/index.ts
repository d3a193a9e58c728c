/** The readers of model files. Adding one is its file, a line in {@link MODEL_READERS} and a fixture. */
import { catboostReader } from './catboost.ts';
import { coremlReader } from './coreml/coreml.ts';
import { ggufReader } from './gguf/gguf.ts';
import { hdf5Reader, kerasH5Reader, lateHdf5Reader } from './keras/keras-h5.ts';
import { lightgbmReader } from './lightgbm.ts';
import { FIRST_WINDOW_BYTES } from './limits.ts';
import { baseName, modelExtension, stemOf } from './model-name.ts';
import { npyReader } from './numpy/npy.ts';
import { onnxReader } from './onnx/onnx.ts';
import { openvinoReader } from './openvino/openvino.ts';
import { readHead, withHead } from './parse/byte-source.ts';
import { MemoryGuard } from './parse/memory-guard.ts';
import { joblibReader, pickleReader } from './pickle/pickle.ts';
import { pmmlReader } from './pmml.ts';
import { legacyTorchReader } from './pytorch/torch-legacy.ts';
import { tarTorchReader } from './pytorch/torch-tar.ts';
import { unstopped } from './read-file.ts';
import {
  type Finding,
  HEAD_BYTES,
  type ModelFacts,
  type ModelFile,
  type ModelReader,
  type ReadOptions,
} from './reader.ts';
import { safetensorsReader } from './safetensors.ts';
import { isShardOrIndex } from './shards/shard-names.ts';
import { pytorchIndexReader, safetensorsIndexReader } from './shards/weight-index.ts';
import { tfliteReader } from './tflite/tflite.ts';
import { unknownFacts } from './unknown.ts';
import { xgboostReader } from './xgboost/xgboost.ts';
import { appendedZipReader, isOpenedByEnd, zipReaders } from './zip/zip-model.ts';

/** In the order they are asked; the first that recognises the content reads it. */
export const MODEL_READERS: readonly ModelReader[] = [
  safetensorsReader,
  safetensorsIndexReader,
  pytorchIndexReader,
  ggufReader,
  ...zipReaders,
  kerasH5Reader,
  hdf5Reader,
  tfliteReader,
  legacyTorchReader,
  tarTorchReader,
  npyReader,
  xgboostReader,
  lightgbmReader,
  catboostReader,
  pmmlReader,
  openvinoReader,
  coremlReader,
  onnxReader,
  joblibReader,
  pickleReader,
  lateHdf5Reader,
  appendedZipReader,
];

/** File name endings of models, with their dot, for menus and file pickers. */
export const modelExtensions: readonly string[] = [
  ...new Set(MODEL_READERS.flatMap((reader) => reader.extensions)),
];

const sharedExtensions = MODEL_READERS.flatMap((reader) => reader.sharedExtensions ?? []);

/** Whether a file is called like a model. */
export function isModelFileName(path: string): boolean {
  return modelExtensions.includes(modelExtension(path)) || isShardOrIndex(path);
}

/** Whether a file may be a model by its name, which then mostly stands for something else: `.json`, `.txt`, `.xml`. */
export function maybeModelFileName(path: string): boolean {
  return isModelFileName(path) || sharedExtensions.includes(modelExtension(path));
}

/** A model's name by its file: without known model and compression suffixes (`a/llama.Q4_K_M.gguf` → `llama.Q4_K_M`). */
export function modelStem(path: string): string {
  return stemOf(path, [...modelExtensions, ...sharedExtensions]);
}

/** Options of {@link readModelFile}. */
export interface ReadModelFileOptions extends ReadOptions {
  /** Default {@link MODEL_READERS}. */
  readonly readers?: readonly ModelReader[];
}

/**
 * Reads what a model file says of itself. The content decides how it is read; the name only chooses among what the
 * content allows, and is a finding where it lies. Rejects only for failed reads and the caller's abort.
 */
export async function readModelFile(
  file: ModelFile,
  options: ReadModelFileOptions = {},
): Promise<ModelFacts> {
  const { readers = MODEL_READERS, signal, memory = new MemoryGuard() } = options;
  const call = { signal, memory };
  call.signal?.throwIfAborted();
  const head = await readHead(file.content, FIRST_WINDOW_BYTES, call);
  const start = head.subarray(0, HEAD_BYTES);
  const reader = chooseReader(file.path, start, readers);
  const stem = stemOf(
    file.path,
    readers.flatMap(({ extensions }) => extensions),
  );
  const known = { ...file, content: withHead(file.content, head) };
  const facts = await unstopped(reader?.id ?? 'unknown', stem, call, async () => {
    const begins = reader === undefined ? unknownFacts(file, stem) : await reader.read(known, call);
    if (reader === appendedZipReader || !(await isOpenedByEnd(known, start, call))) return begins;
    const ends = await appendedZipReader.read(known, call);
    return { ...ends, findings: [...ends.findings, ...begins.findings] };
  });
  const lie = nameFinding(file.path, facts.format.name, readers);
  return lie === undefined ? facts : { ...facts, findings: [...facts.findings, lie] };
}

function chooseReader(
  path: string,
  head: Uint8Array,
  readers: readonly ModelReader[],
): ModelReader | undefined {
  const fitting = readers.filter((reader) => reader.recognizes(path, head));
  const extension = modelExtension(path);
  return fitting.find((reader) => reader.extensions.includes(extension)) ?? fitting[0];
}

/** A name that claims a format which the content is not. `.bin` and no ending claim nothing. */
function nameFinding(path: string, format: string, readers: readonly ModelReader[]): Finding | undefined {
  const extension = modelExtension(path);
  const claimed = readers.filter((reader) => reader.extensions.includes(extension));
  if (claimed.length === 0 || extension === '.bin' || claimed.some(({ id }) => id === format))
    return undefined;
  const message =
    format === 'unknown'
      ? `the name ends in ${extension}, the content is not recognised as that`
      : `the name ends in ${extension}, the content is ${format}`;
  return {
    severity: format === 'unknown' ? 'low' : 'medium',
    code: 'name-mismatch',
    message,
    where: baseName(path),
  };
}
