import { JsonNumber, type JsonObject } from '../oci/json.ts';
import { readBehindEnd } from './behind-the-end.ts';
import type { FactsBuilder } from './facts.ts';
import { MAX_HYPERPARAMETERS, MAX_LIGHTGBM_TEXT_BYTES, MAX_LIST_ENTRIES, MAX_NAME_BYTES } from './limits.ts';
import { stemOf } from './model-name.ts';
import type { ByteCursor } from './parse/byte-cursor.ts';
import { malformed, ParseStop } from './parse/parse-stop.ts';
import { collectFacts, type Reading } from './read-file.ts';
import type { ModelReader, ReadOptions } from './reader.ts';
import { reportHyperparameters, reportTabular } from './tabular.ts';

/** What the file calls the parameters of LightGBM's own constructors; the many others are in the details. */
const CONSTRUCTOR_PARAMETERS: ReadonlySet<string> = new Set([
  'boosting',
  'objective',
  'num_iterations',
  'learning_rate',
  'num_leaves',
  'max_depth',
  'min_data_in_leaf',
  'min_sum_hessian_in_leaf',
  'min_gain_to_split',
  'bagging_fraction',
  'bagging_freq',
  'feature_fraction',
  'lambda_l1',
  'lambda_l2',
  'bin_construct_sample_cnt',
  'seed',
]);

const CATEGORIES = 'pandas_categorical:';

/** LightGBM's text: a header of lines, the trees, the parameters of the training. */
export const lightgbmReader: ModelReader = {
  id: 'lightgbm',
  extensions: [],
  sharedExtensions: ['.txt'],
  recognizes: (_path, head) =>
    /^tree\r?\nversion=v\d/.test(Buffer.from(head.subarray(0, 64)).toString('latin1')),
  async read(file, options = {}) {
    const facts = await collectFacts(file, (reading) => readLightgbm(reading, options), options);
    return facts.build('lightgbm', stemOf(file.path, ['.txt']));
  },
};

/** What is kept of a file, filled while it is read. */
class LightgbmText {
  readonly header = new Map<string, string>();
  readonly features: string[] = [];
  readonly parameters = new Map<string, string>();
  trees: number | undefined;
  readonly #cursor: ByteCursor;

  constructor(cursor: ByteCursor) {
    this.#cursor = cursor;
  }

  /** Gives the position behind the model; undefined where it has no mark of its end. */
  async read(): Promise<number | undefined> {
    const sizes = await this.#header();
    if (sizes === undefined) await this.#countTrees();
    else await this.#passTrees(sizes);
    if (!(await this.#parameters(sizes !== undefined && this.trees !== 0))) return undefined;
    await this.#categories();
    return this.#cursor.position;
  }

  /** Gives the position behind the trees, by the sizes that the header states; older versions state none. */
  async #header(): Promise<number | undefined> {
    let treeBytes: number | undefined;
    let start = this.#cursor.position;
    for (let line = await this.#line(); ; line = await this.#line()) {
      if (line === undefined) throw this.#cutOff('before its trees');
      if (line.startsWith('Tree=') || line === 'end of trees') break;
      const equals = line.indexOf('=');
      const key = equals < 0 ? line : line.slice(0, equals);
      if (key === 'feature_names') this.#names(line.slice(equals + 1));
      else if (key === 'tree_sizes') treeBytes = this.#sizes(line.slice(equals + 1));
      else if (key !== '' && this.header.size < MAX_LIST_ENTRIES) {
        this.header.set(key.slice(0, MAX_NAME_BYTES), line.slice(equals + 1, equals + 1 + MAX_NAME_BYTES));
      }
      start = this.#cursor.position;
    }
    return treeBytes === undefined ? undefined : start + treeBytes;
  }

  #names(text: string): void {
    let at = 0;
    while (this.features.length < MAX_LIST_ENTRIES && at < text.length) {
      const space = text.indexOf(' ', at);
      const end = space < 0 ? text.length : space;
      this.features.push(text.slice(at, end));
      at = end + 1;
    }
  }

  /** The bytes of all trees; there are as many trees as sizes. */
  #sizes(text: string): number {
    let bytes = 0;
    this.trees = 0;
    for (const [size] of text.matchAll(/[^ ]+/g)) {
      bytes += /^[0-9]{1,15}$/.test(size) ? Number(size) : Number.NaN;
      this.trees += 1;
    }
    if (!Number.isSafeInteger(bytes))
      throw malformed('the sizes of the trees are no sizes', this.#cursor.position);
    return bytes;
  }

  async #passTrees(end: number): Promise<void> {
    if (this.#cursor.position < end) await this.#cursor.skip(end - this.#cursor.position);
    if (this.trees !== 0 && (await this.#line()) !== 'end of trees') {
      throw malformed('the trees do not end where their sizes say', end);
    }
  }

  /** The first tree's line has been read. */
  async #countTrees(): Promise<void> {
    this.trees = 1;
    for (let line = await this.#line(); line !== 'end of trees'; line = await this.#line()) {
      if (line === undefined) throw this.#cutOff('inside its trees');
      if (line.startsWith('Tree=')) this.trees += 1;
    }
  }

  /**
   * `[name: value]` a line, between `parameters:` and `end of parameters`. Files of versions that state no sizes may have
   * none, and models without trees; all others end with them.
   */
  async #parameters(isNeeded: boolean): Promise<boolean> {
    let inside = false;
    for (let line = await this.#line(); line !== undefined; line = await this.#line()) {
      if (line === 'parameters:') inside = true;
      else if (line === 'end of parameters') return true;
      else if (inside) this.#parameter(line);
    }
    if (inside) throw this.#cutOff('inside its parameters');
    if (isNeeded) throw this.#cutOff('before its parameters');
    return false;
  }

  /** What Python adds: the values of columns that were categories, as JSON in one line. */
  async #categories(): Promise<void> {
    await this.#skipBlank();
    await this.#cursor.fill(CATEGORIES.length);
    const start = Buffer.from(this.#cursor.rest().subarray(0, CATEGORIES.length)).toString('latin1');
    if (start === '' || !CATEGORIES.startsWith(start)) return;
    const line = (await this.#line()) ?? '';
    if (!isWholeList(line.slice(CATEGORIES.length))) throw this.#cutOff('inside its categories');
    await this.#skipBlank();
  }

  async #skipBlank(): Promise<void> {
    while ((await this.#cursor.fill(1)) && /\s/.test(String.fromCharCode(this.#cursor.peek() ?? 0)))
      this.#cursor.skipBuffered(1);
  }

  #parameter(line: string): void {
    const [, key, value] = /^\[([^:\]]+): (.*)\]$/.exec(line.slice(0, MAX_NAME_BYTES)) ?? [];
    if (
      key !== undefined &&
      value !== undefined &&
      value !== '' &&
      this.parameters.size < MAX_HYPERPARAMETERS
    ) {
      this.parameters.set(key, value);
    }
  }

  /** The next line; undefined at the end. */
  async #line(): Promise<string | undefined> {
    let end = this.#cursor.indexOf(0x0a);
    while (end < 0) {
      const before = this.#cursor.buffered;
      if (before > MAX_LIGHTGBM_TEXT_BYTES) {
        const what = `a line has more than ${MAX_LIGHTGBM_TEXT_BYTES} bytes`;
        throw new ParseStop('too-large-to-show', what, this.#cursor.position);
      }
      if (!(await this.#cursor.fill(before + 1))) break;
      end = this.#cursor.indexOf(0x0a);
    }
    if (end < 0 && this.#cursor.buffered === 0) return undefined;
    const line = this.#cursor.text(end < 0 ? this.#cursor.buffered : end);
    this.#cursor.skipBuffered(end < 0 ? 0 : 1);
    return line.endsWith('\r') ? line.slice(0, -1) : line;
  }

  #cutOff(where: string): ParseStop {
    return new ParseStop('truncated', `the file ends ${where}`, this.#cursor.position);
  }
}

async function readLightgbm({ cursor, facts, file }: Reading, options: ReadOptions): Promise<void> {
  const text = new LightgbmText(cursor);
  let end: number | undefined;
  try {
    end = await text.read();
  } finally {
    report(text, facts);
  }
  if (end !== undefined) await readBehindEnd(file.content, end, 'the model', facts, options);
}

/** Whether a JSON list, or `null`, comes to its end; what is in it is not looked at. */
function isWholeList(text: string): boolean {
  if (text === 'null') return true;
  let depth = 0;
  for (const [part] of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"|["[\]]/g)) {
    if (part === '"') return false;
    if (part === '[') depth += 1;
    else if (part === ']') depth -= 1;
  }
  return depth === 0 && text.startsWith('[') && text.endsWith(']');
}

function report({ header, features, parameters, trees }: LightgbmText, facts: FactsBuilder): void {
  facts.formatVersion = header.get('version') ?? null;
  facts.property('framework', 'lightgbm');
  const objective = header.get('objective')?.split(' ')[0];
  const classes = numberOf(header.get('num_class'));
  const last = numberOf(header.get('max_feature_idx'));
  reportTabular(
    {
      features: last === undefined ? undefined : last + 1,
      featureNames: features,
      classes: classes !== undefined && classes > 1 ? classes : objective === 'binary' ? 2 : undefined,
      trees,
      objective,
    },
    facts,
  );
  const settings: JsonObject = new Map();
  for (const [key, value] of parameters) {
    if (CONSTRUCTOR_PARAMETERS.has(key)) settings.set(key, isNumber(value) ? new JsonNumber(value) : value);
  }
  reportHyperparameters(settings, facts);
  facts.details.header = Object.fromEntries(header);
  facts.details.parameters = Object.fromEntries(parameters);
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^[0-9]{1,15}$/.test(text) ? Number(text) : undefined;
}

function isNumber(text: string): boolean {
  return /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/.test(text);
}
