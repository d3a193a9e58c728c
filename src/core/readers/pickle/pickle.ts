import type { Content } from '../../oci/content.ts';
import { tailLimits } from '../behind-the-end.ts';
import { FactsBuilder } from '../facts.ts';
import { MAX_NATIVE_READ_MS } from '../limits.ts';
import { modelExtension, stemOf } from '../model-name.ts';
import { ByteCursor } from '../parse/byte-cursor.ts';
import { RangeSource, type RangeSourceOptions } from '../parse/byte-source.ts';
import { type Compression, InflatedSource } from '../parse/compression.ts';
import { isFatal } from '../read-file.ts';
import {
  HEAD_BYTES,
  type ModelFacts,
  type ModelFile,
  type ModelReader,
  type ReadOptions,
} from '../reader.ts';
import { unknownFacts } from '../unknown.ts';
import { kerasArchive, readKerasArchive } from './keras-pickle.ts';
import { contentOf, type FilePart, reportNativeModel } from './native-models.ts';
import { PickleReading } from './pickle-reading.ts';
import {
  compressionOfPickle,
  isNamedPickle,
  looksLikePickle,
  looksLikePickleFile,
} from './pickle-recognition.ts';
import { reportRoot } from './pickle-report.ts';
import type { PickleValue } from './pickle-values.ts';

/** scikit-learn brought its own joblib up to 0.20. */
const JOBLIB_MODULES = ['joblib.numpy_pickle', 'sklearn.externals.joblib.numpy_pickle'];
/** Bytes that tell a pickle from what is none. */
const TELLING_BYTES = 4096;
const EXTENSIONS = ['.pkl', '.pickle', '.joblib', '.dill'];

/** Pickles, compressed or not: never loaded, only taken apart (S28). */
export const pickleReader: ModelReader = {
  id: 'pickle',
  extensions: EXTENSIONS,
  recognizes: looksLikePickleFile,
  read: readPickleFile,
};

/** joblib's files: pickles with the bytes of arrays in between. The content tells them from plain pickles. */
export const joblibReader: ModelReader = { ...pickleReader, id: 'joblib' };

async function readPickleFile(file: ModelFile, options: ReadOptions = {}): Promise<ModelFacts> {
  const facts = new FactsBuilder();
  const reading = new PickleFile(facts);
  const head = new ByteCursor(new RangeSource(file.content, options));
  await head.fill(HEAD_BYTES);
  const compression = compressionOfPickle(head.bytes(Math.min(HEAD_BYTES, head.buffered)));
  await facts.collect(() => reading.read(file, compression, options), isFatal(options));
  if (reading.isNone) return unknownFacts(file, stemOf(file.path, EXTENSIONS));
  const part =
    compression === undefined
      ? (at: number, length: number) => file.content.slice(at, at + length)
      : undefined;
  await reading.report(compression, part, options);
  const isJoblib =
    modelExtension(file.path) === '.joblib' ||
    compression === 'zlib' ||
    compression === 'zfile' ||
    reading.hasJoblibArrays;
  return facts.build(isJoblib ? 'joblib' : 'pickle', stemOf(file.path, EXTENSIONS));
}

/** Reads on to the end of the compressed data, which may lie behind the last pickle in it. */
async function drain(source: InflatedSource, cursor: ByteCursor): Promise<void> {
  let at = cursor.position + cursor.buffered;
  for (let next = await source.read(at); next.byteLength > 0; next = await source.read(at))
    at += next.byteLength;
}

/** The pickle of one file, compressed or not. */
class PickleFile {
  readonly #facts: FactsBuilder;
  readonly #pickles: PickleReading;
  #root: PickleValue | undefined;
  #isNone = false;

  constructor(facts: FactsBuilder) {
    this.#facts = facts;
    this.#pickles = new PickleReading(facts);
  }

  /** Whether what was compressed is no pickle: recognition could not look into it. */
  get isNone(): boolean {
    return this.#isNone;
  }

  get hasJoblibArrays(): boolean {
    return JOBLIB_MODULES.some((module) =>
      ['NumpyArrayWrapper', 'NDArrayWrapper', 'ZNDArrayWrapper'].some((name) =>
        this.#pickles.imports(module, name),
      ),
    );
  }

  async read(file: ModelFile, compression: Compression | undefined, options: ReadOptions): Promise<void> {
    if (compression === undefined)
      return await this.#readAll(new ByteCursor(new RangeSource(file.content, options)));
    const source = new InflatedSource(file.content, compression, options);
    const cursor = new ByteCursor(source);
    try {
      await cursor.fill(TELLING_BYTES);
      const start = cursor.rest().subarray(0, TELLING_BYTES);
      this.#isNone = !isNamedPickle(file.path) && source.stop === undefined && !looksLikePickle(start);
      if (!this.#isNone) await this.#readAll(cursor);
      await drain(source, cursor);
    } catch (error) {
      throw source.stop ?? error;
    } finally {
      await source.close();
    }
    if (source.stop !== undefined) throw source.stop;
    if (this.#isNone || source.end === undefined || source.end >= file.content.size) return;
    await this.#readBehind(file.content, source.end, tailLimits(options));
  }

  /** What follows the compressed data, which Python passes over: plain bytes, or compressed ones again. */
  async #readBehind(content: Content, end: number, options: RangeSourceOptions): Promise<void> {
    const rest = content.slice(end);
    const plain = new ByteCursor(new RangeSource(rest, options));
    await plain.fill(HEAD_BYTES);
    const compression = compressionOfPickle(plain.rest().subarray(0, HEAD_BYTES));
    const source = compression === undefined ? undefined : new InflatedSource(rest, compression, options);
    const cursor = source === undefined ? plain : new ByteCursor(source);
    try {
      await this.#pickles.readBehind(cursor, 'the compressed data', `offset ${end}`);
    } finally {
      await source?.close();
    }
  }

  async #readAll(cursor: ByteCursor): Promise<void> {
    await this.#pickles.readWhole(cursor, (root) => {
      this.#root = root;
    });
  }

  async report(
    compression: Compression | undefined,
    part: FilePart | undefined,
    options: ReadOptions,
  ): Promise<void> {
    const facts = this.#facts;
    const { protocol } = this.#pickles;
    if (compression === undefined || this.#root !== undefined || protocol > 0)
      facts.formatVersion = String(protocol);
    if (this.#root !== undefined) {
      reportRoot(this.#root, facts);
      await reportNativeModel(this.#root, facts, part, options);
      await this.#lookIntoKeras(this.#root, part, options);
    }
    facts.details.protocol = facts.formatVersion === null ? null : protocol;
    facts.details.compression = compression ?? null;
    this.#pickles.reportImports(true);
  }

  /** Keras pickles a model as an archive: once that was looked into, what unpickles it is no danger of its own. */
  async #lookIntoKeras(root: PickleValue, part: FilePart | undefined, options: ReadOptions): Promise<void> {
    const archive = kerasArchive(root);
    const content = archive === undefined ? undefined : contentOf(archive, part);
    if (content === undefined) return;
    const limited = { ...options, maxMilliseconds: MAX_NATIVE_READ_MS };
    const findings = await readKerasArchive(content, limited);
    if (findings === undefined) return;
    for (const { severity, code, message, where } of findings)
      this.#facts.finding(severity, code, message, where);
    this.#pickles.plainGetattr();
  }
}
