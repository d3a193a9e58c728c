import { quote } from '../../errors.ts';
import type { FactsBuilder } from '../facts.ts';
import { MAX_NAME_BYTES } from '../limits.ts';
import type { ByteCursor } from '../parse/byte-cursor.ts';
import { ParseStop } from '../parse/parse-stop.ts';
import type { PickleReading } from '../pickle/pickle-reading.ts';
import { looksLikePickle } from '../pickle/pickle-recognition.ts';
import { HEAD_BYTES } from '../reader.ts';
import { reportParameters, reportTensors, type TensorInfo, TensorTally } from '../tensor-tally.ts';
import { type NpyHeader, readNpyHeader } from './npy-header.ts';

/** Magic, version and the shorter length of a header: what stands before the text of one. */
const NPY_PREFIX_BYTES = 10;

/** The arrays of one file, their types and shapes, and the pickles that stand in place of data in object arrays. */
export class ArrayReport {
  readonly #facts: FactsBuilder;
  readonly #tally = new TensorTally();
  readonly #pickles: PickleReading;

  constructor(facts: FactsBuilder, pickles: PickleReading) {
    this.#facts = facts;
    this.#pickles = pickles;
  }

  /** Reads one array from its first byte; what the header states is compared with the bytes that are there. */
  async add(name: string, cursor: ByteCursor, size: number): Promise<NpyHeader> {
    const start = cursor.position;
    const header = await this.#header(name, cursor);
    const { type, shape, elements, fortranOrder } = header;
    const bytes = elements * BigInt(type.itemBytes);
    const info: TensorInfo & Record<string, unknown> = {
      name: name.slice(0, MAX_NAME_BYTES),
      dtype: type.name,
      shape,
      ...(type.hasObjects ? {} : { bytes: Number(bytes) }),
      order: fortranOrder ? 'F' : 'C',
      ...(type.fields.length > 0 ? { fields: type.fields } : {}),
    };
    this.#tally.add(info, elements, bytes);
    if (type.hasObjects) await this.#objectArray(name, cursor);
    else this.#checkLength(name, bytes, size - (cursor.position - start));
    return header;
  }

  /** numpy understands more headers than it writes (`object`, `f4,O`): a pickle behind any header is looked into. */
  async #header(name: string, cursor: ByteCursor): Promise<NpyHeader> {
    const start = cursor.position;
    try {
      return await readNpyHeader(cursor);
    } catch (error) {
      if (error instanceof ParseStop && cursor.position > start + NPY_PREFIX_BYTES) {
        await cursor.fill(HEAD_BYTES);
        if (looksLikePickle(cursor.rest())) await this.#objectArray(name, cursor);
      }
      throw error;
    }
  }

  #checkLength(name: string, bytes: bigint, left: number): void {
    const missing = bytes - BigInt(left);
    if (missing > 0n)
      throw new ParseStop('truncated', `the array ${quote(name)} has ${bytes} bytes, ${left} are there`);
    if (missing < 0n)
      this.#facts.finding('medium', 'hidden-data', `${-missing} bytes follow the array ${quote(name)}`);
  }

  /** numpy loads these only when asked to (`allow_pickle`), and then runs whatever the pickle holds. */
  async #objectArray(name: string, cursor: ByteCursor): Promise<void> {
    const message = `the array ${quote(name)} holds Python objects as a pickle`;
    this.#facts.finding('medium', 'object-array', message);
    await this.#pickles.readWhole(cursor, () => {});
  }

  /** @param complete whether every array was seen: a count of some is none */
  report(complete: boolean): void {
    const facts = this.#facts;
    facts.property('framework', 'numpy');
    if (complete) reportParameters(this.#tally, facts);
    reportTensors(this.#tally, facts);
  }
}
