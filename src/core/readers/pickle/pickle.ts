import type { CallOptions } from '../../oci/content.ts';
import { bytesContent } from '../../oci/content.ts';
import { FactsBuilder } from '../facts.ts';
import { MAX_PICKLES_IN_FILE } from '../limits.ts';
import { modelExtension, stemOf } from '../model-name.ts';
import { ByteCursor } from '../parse/byte-cursor.ts';
import { RangeSource } from '../parse/byte-source.ts';
import { type Compression, compressionOf, InflatedSource } from '../parse/compression.ts';
import { isFatal } from '../read-file.ts';
import type { ModelFacts, ModelFile, ModelReader } from '../reader.ts';
import { type PickleProgress, runPickle } from './pickle-machine.ts';
import { looksLikePickle, looksLikePickleFile } from './pickle-recognition.ts';
import { reportRoot } from './pickle-report.ts';
import { PickleTrace } from './pickle-trace.ts';
import type { PickleValue } from './pickle-values.ts';

const EXTENSIONS = ['.pkl', '.pickle', '.joblib', '.dill'];
const STOP = 0x2e;

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
  const reading = new PickleReading(facts);
  const head = new ByteCursor(new RangeSource(file.content, options));
  await head.fill(16);
  const compression = compressionOf(head.bytes(Math.min(16, head.buffered)));
  await facts.collect(() => reading.read(file, compression, options), isFatal(options));
  reading.report(compression);
  const isJoblib =
    modelExtension(file.path) === '.joblib' || compression === 'zlib' || reading.hasJoblibArrays;
  return facts.build(isJoblib ? 'joblib' : 'pickle', stemOf(file.path, EXTENSIONS));
}

/** The pickles of one file, one after the other, and what is in the byte strings of them. */
class PickleReading {
  readonly #facts: FactsBuilder;
  readonly #trace = new PickleTrace();
  readonly #progress: PickleProgress = { protocol: 0, nested: [] };
  #root: PickleValue | undefined;
  #finished = false;

  constructor(facts: FactsBuilder) {
    this.#facts = facts;
  }

  get hasJoblibArrays(): boolean {
    return ['joblib.numpy_pickle', 'sklearn.externals.joblib.numpy_pickle'].some((module) =>
      this.#trace.has(module, 'NumpyArrayWrapper'),
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
    try {
      const first = await runPickle(cursor, this.#trace, this.#progress);
      this.#root = first.value;
      this.#finished = true;
      await this.#readTail(cursor);
    } finally {
      await this.#readNested();
    }
  }

  /** Bytes behind STOP are not loaded by `load`, but by a second `load`. */
  async #readTail(cursor: ByteCursor): Promise<void> {
    if (!(await cursor.fill(1))) return;
    const at = cursor.position;
    let pickles = 0;
    while (pickles < MAX_PICKLES_IN_FILE && (await this.#nextPickle(cursor))) pickles += 1;
    const what =
      pickles === 0
        ? 'bytes follow'
        : `${pickles} more ${pickles === 1 ? 'pickle follows' : 'pickles follow'}`;
    this.#facts.finding('medium', 'hidden-data', `${what} the end of the pickle`, `offset ${at}`);
  }

  /** A tail that is no pickle is not an error; how far one was understood is on record. */
  async #nextPickle(cursor: ByteCursor): Promise<boolean> {
    if (!(await cursor.fill(2)) && cursor.buffered === 0) return false;
    await cursor.fill(64);
    const ahead = Uint8Array.from(
      { length: Math.min(64, cursor.buffered) },
      (_, index) => cursor.peek(index) ?? STOP,
    );
    if (!looksLikePickle(ahead)) return false;
    await runPickle(cursor, this.#trace, { protocol: 0, nested: this.#progress.nested });
    return true;
  }

  /** Byte strings that are pickles: what loads them is an import, which is judged; what they import is listed too. */
  async #readNested(): Promise<void> {
    for (let index = 0; index < Math.min(this.#progress.nested.length, MAX_PICKLES_IN_FILE); index += 1) {
      const bytes = this.#progress.nested[index];
      if (bytes === undefined || !looksLikePickle(bytes)) continue;
      this.#facts.finding(
        'medium',
        'hidden-data',
        `a byte string of ${bytes.byteLength} bytes is a pickle itself`,
      );
      const cursor = new ByteCursor(new RangeSource(bytesContent(bytes)));
      await this.#facts.collect(
        async () => {
          await runPickle(cursor, this.#trace, { protocol: 0, nested: this.#progress.nested });
        },
        () => false,
      );
    }
  }

  report(compression: Compression | undefined): void {
    const facts = this.#facts;
    if (compression === undefined || this.#finished || this.#progress.protocol > 0) {
      facts.formatVersion = String(this.#progress.protocol);
    }
    if (this.#root !== undefined) reportRoot(this.#root, facts);
    facts.details.protocol = facts.formatVersion === null ? null : this.#progress.protocol;
    facts.details.compression = compression ?? null;
    this.#trace.report(facts);
    facts.finding(
      'info',
      'runs-code-when-loaded',
      'loading a file of this format can run code that is in it',
    );
  }
}
