import type { CallOptions } from '../../oci/content.ts';
import { FactsBuilder } from '../facts.ts';
import { modelExtension, stemOf } from '../model-name.ts';
import { ByteCursor } from '../parse/byte-cursor.ts';
import { RangeSource } from '../parse/byte-source.ts';
import { type Compression, compressionOf, InflatedSource } from '../parse/compression.ts';
import { isFatal } from '../read-file.ts';
import type { ModelFacts, ModelFile, ModelReader } from '../reader.ts';
import { PickleReading } from './pickle-reading.ts';
import { looksLikePickleFile } from './pickle-recognition.ts';
import { reportRoot } from './pickle-report.ts';
import type { PickleValue } from './pickle-values.ts';

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

async function readPickleFile(file: ModelFile, options: CallOptions = {}): Promise<ModelFacts> {
  const facts = new FactsBuilder();
  const reading = new PickleFile(facts);
  const head = new ByteCursor(new RangeSource(file.content, options));
  await head.fill(16);
  const compression = compressionOf(head.bytes(Math.min(16, head.buffered)));
  await facts.collect(() => reading.read(file, compression, options), isFatal(options));
  reading.report(compression);
  const isJoblib =
    modelExtension(file.path) === '.joblib' || compression === 'zlib' || reading.hasJoblibArrays;
  return facts.build(isJoblib ? 'joblib' : 'pickle', stemOf(file.path, EXTENSIONS));
}

/** The pickle of one file, compressed or not. */
class PickleFile {
  readonly #facts: FactsBuilder;
  readonly #pickles: PickleReading;
  #root: PickleValue | undefined;

  constructor(facts: FactsBuilder) {
    this.#facts = facts;
    this.#pickles = new PickleReading(facts);
  }

  get hasJoblibArrays(): boolean {
    return ['joblib.numpy_pickle', 'sklearn.externals.joblib.numpy_pickle'].some((module) =>
      this.#pickles.imports(module, 'NumpyArrayWrapper'),
    );
  }

  async read(file: ModelFile, compression: Compression | undefined, options: CallOptions): Promise<void> {
    if (compression === undefined)
      return await this.#readAll(new ByteCursor(new RangeSource(file.content, options)));
    if (compression !== 'zlib' && compression !== 'gzip') return this.#closed(compression);
    const source = new InflatedSource(file.content, compression, options);
    try {
      await this.#readAll(new ByteCursor(source));
    } finally {
      await source.close();
    }
  }

  #closed(compression: Compression): void {
    this.#facts.finding(
      'medium',
      'hidden-data',
      `the file is compressed with ${compression} and was not looked into`,
    );
  }

  async #readAll(cursor: ByteCursor): Promise<void> {
    await this.#pickles.readWhole(cursor, (root) => {
      this.#root = root;
    });
  }

  report(compression: Compression | undefined): void {
    const facts = this.#facts;
    const { protocol } = this.#pickles;
    if (compression === undefined || this.#root !== undefined || protocol > 0)
      facts.formatVersion = String(protocol);
    if (this.#root !== undefined) reportRoot(this.#root, facts);
    facts.details.protocol = facts.formatVersion === null ? null : protocol;
    facts.details.compression = compression ?? null;
    this.#pickles.reportImports(true);
  }
}
