import { bytesContent } from '../../oci/content.ts';
import type { FactsBuilder } from '../facts.ts';
import { MAX_PICKLES_IN_FILE } from '../limits.ts';
import { ByteCursor } from '../parse/byte-cursor.ts';
import { RangeSource } from '../parse/byte-source.ts';
import { ParseStop } from '../parse/parse-stop.ts';
import { PickleBudget } from './pickle-budget.ts';
import { type PickleProgress, runPickle } from './pickle-machine.ts';
import { looksLikePickle } from './pickle-recognition.ts';
import { PickleTrace } from './pickle-trace.ts';
import type { PickleValue } from './pickle-values.ts';

/** The pickles of one file, one after the other or in several places, and what is in the byte strings of them. */
export class PickleReading {
  readonly #facts: FactsBuilder;
  readonly #trace = new PickleTrace();
  readonly #progress: PickleProgress = { protocol: 0, nested: [], budget: new PickleBudget() };
  #nestedRead = 0;
  #isUsed = false;

  constructor(facts: FactsBuilder) {
    this.#facts = facts;
  }

  /** The highest protocol of the pickles that are the file's own. */
  get protocol(): number {
    return this.#progress.protocol;
  }

  /** Whether any pickle was begun. */
  get isUsed(): boolean {
    return this.#isUsed;
  }

  /** Puts an import on record that stands somewhere else than in a pickle. */
  imported(module: string, name: string, where: string): void {
    this.#trace.imported(module, name, where);
  }

  /** One use of `getattr` turned out to be harmless after the pickle was read. */
  plainGetattr(): void {
    this.#trace.plainUse('getattr');
  }

  get hasImports(): boolean {
    return !this.#trace.isEmpty;
  }

  imports(module: string, name: string): boolean {
    return this.#trace.has(module, name);
  }

  /** One pickle, up to its STOP. */
  async readOne(cursor: ByteCursor): Promise<PickleValue> {
    this.#isUsed = true;
    return await this.#look(async () => (await runPickle(cursor, this.#trace, this.#progress)).value);
  }

  /** A pickle that is all there should be. Bytes behind STOP are not loaded by `load`, but by a second `load`. */
  async readWhole(cursor: ByteCursor, took: (root: PickleValue) => void): Promise<void> {
    this.#isUsed = true;
    await this.#look(async () => {
      const first = await runPickle(cursor, this.#trace, this.#progress);
      took(first.value);
      await this.#readTail(cursor);
    });
  }

  /** What is inside is read also where the reading stops. */
  async #look<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      if (error instanceof ParseStop && error.code === 'too-large-to-show') {
        const message = 'not all of the pickle was looked into: what the rest imports is not known';
        this.#facts.finding('medium', 'hidden-data', message);
      }
      throw error;
    } finally {
      await this.#readNested();
    }
  }

  async #readTail(cursor: ByteCursor): Promise<void> {
    if (await cursor.fill(1)) await this.#judgeTail(cursor, 'the pickle', `offset ${cursor.position}`);
  }

  /**
   * What follows the end of a file's own data, which loaders pass over: told as hidden, and judged where it is pickles.
   * @param what whose end it is
   */
  async readBehind(cursor: ByteCursor, what: string, where: string): Promise<void> {
    await this.#look(() => this.#judgeTail(cursor, what, where));
  }

  async #judgeTail(cursor: ByteCursor, what: string, where: string): Promise<void> {
    let pickles = 0;
    try {
      while (pickles < MAX_PICKLES_IN_FILE && (await this.#nextPickle(cursor))) pickles += 1;
    } finally {
      const found = pickles === 1 ? '1 more pickle follows' : `${pickles} more pickles follow`;
      const message = `${pickles === 0 ? 'bytes follow' : found} the end of ${what}`;
      this.#facts.finding('medium', 'hidden-data', message, where);
    }
  }

  /** A tail that is no pickle is not an error; how far one was understood is on record. */
  async #nextPickle(cursor: ByteCursor): Promise<boolean> {
    if (!(await cursor.fill(2)) && cursor.buffered === 0) return false;
    await cursor.fill(64);
    if (!looksLikePickle(cursor.rest().subarray(0, 64))) return false;
    await runPickle(cursor, this.#trace, { ...this.#progress, protocol: 0 });
    return true;
  }

  /** Byte strings that are pickles: what loads them is an import, which is judged; what they import is listed too. */
  async #readNested(): Promise<void> {
    const { nested } = this.#progress;
    for (; this.#nestedRead < Math.min(nested.length, MAX_PICKLES_IN_FILE); this.#nestedRead += 1) {
      const bytes = nested[this.#nestedRead];
      if (bytes === undefined || !looksLikePickle(bytes)) continue;
      const before = this.#trace.noted;
      const cursor = new ByteCursor(new RangeSource(bytesContent(bytes)));
      const broken = await this.#runNested(cursor);
      // Two bytes make a pickle's beginning; the machine code of a function may have them.
      const isBroken = broken instanceof ParseStop && broken.code !== 'too-large-to-show';
      if (isBroken && this.#trace.noted === before) continue;
      const message = `a byte string of ${bytes.byteLength} bytes is a pickle itself`;
      this.#facts.finding('medium', 'hidden-data', message);
      if (broken !== undefined) this.#facts.stopped(broken);
    }
  }

  /** Undefined where the pickle comes to its STOP, else what is wrong with it. */
  async #runNested(cursor: ByteCursor): Promise<unknown> {
    try {
      await runPickle(cursor, this.#trace, { ...this.#progress, protocol: 0 });
      return undefined;
    } catch (error) {
      return error;
    }
  }

  /**
   * Every import with its verdict, and that loading runs code.
   * @param runsCode default is where there was a pickle
   */
  reportImports(runsCode = this.#isUsed): void {
    this.#trace.report(this.#facts);
    if (!runsCode) return;
    this.#facts.finding(
      'info',
      'runs-code-when-loaded',
      'loading a file of this format can run code that is in it',
    );
  }
}
