import { quote } from '../../errors.ts';
import { companionPath } from '../companion-path.ts';
import type { FactsBuilder } from '../facts.ts';
import { MAX_DISTINCT_NAMES, MAX_HDF5_SHOWN_ATTRIBUTES, MAX_NAME_BYTES, MAX_RANK } from '../limits.ts';
import { malformed, ParseStop } from '../parse/parse-stop.ts';
import { elementsOf, reportParameters, reportTensors, TensorTally } from '../tensor-tally.ts';
import { attributesOf, type Hdf5Attribute, textOf, valuesOf } from './hdf5-attributes.ts';
import type { Hdf5Dataset } from './hdf5-dataset.ts';
import type { Hdf5File } from './hdf5-file.ts';
import type { Hdf5Message } from './hdf5-header.ts';
import type { Hdf5Link } from './hdf5-links.ts';
import { type Hdf5Visitor, walkHdf5 } from './hdf5-walk.ts';

/** What one HDF5 file holds: attributes of the root, datasets, and what it says of other files. */
export class Hdf5Contents implements Hdf5Visitor {
  readonly attributes = new Map<string, Hdf5Attribute>();
  /** Plain values of the root's attributes, short ones. */
  readonly shown: Record<string, unknown> = {};
  /** Whether a dataset is a weight of the model; replaced once the attributes tell what the file is. */
  isWeight: (path: string) => boolean = () => true;
  readonly #file: Hdf5File;
  readonly #facts: FactsBuilder;
  readonly #weights: TensorTally;
  readonly #others: string[] = [];
  #groups = 0;
  #missing = 0;

  /** @param weights goes on with the count of another file, for weights in several */
  constructor(file: Hdf5File, facts: FactsBuilder, weights = new TensorTally()) {
    this.#weights = weights;
    this.#file = file;
    this.#facts = facts;
  }

  /** Called once the root's attributes are known, before anything else is looked at. */
  onRoot: () => Promise<void> = () => Promise.resolve();

  async walk(): Promise<void> {
    this.#checkEnds();
    try {
      await walkHdf5(this.#file, this);
    } finally {
      this.#report();
    }
  }

  /** One of the root's texts. */
  async text(name: string, mostBytes?: number): Promise<string | undefined> {
    const attribute = this.attributes.get(name);
    return attribute === undefined ? undefined : await textOf(this.#file, attribute, mostBytes);
  }

  async group(path: string, messages: readonly Hdf5Message[]): Promise<void> {
    this.#groups += 1;
    if (path !== '') return;
    await this.#readAttributes(messages);
    const shown = [...this.attributes].slice(0, MAX_HDF5_SHOWN_ATTRIBUTES);
    for (const [name, attribute] of shown) await this.#show(name, attribute);
    await this.onRoot();
  }

  async #readAttributes(messages: readonly Hdf5Message[]): Promise<void> {
    try {
      for await (const attribute of attributesOf(this.#file, messages)) {
        // Of two with one name, HDF5 finds the first.
        if (!this.attributes.has(attribute.name)) this.attributes.set(attribute.name, attribute);
      }
    } catch (error) {
      if (!(error instanceof ParseStop)) throw error;
      this.#facts.stopped(error);
      const message = 'not all attributes of the root can be looked at, and they may hold a model';
      this.#facts.finding('medium', 'hidden-data', message);
    }
  }

  async #show(name: string, attribute: Hdf5Attribute): Promise<void> {
    try {
      const values = await valuesOf(this.#file, attribute, MAX_NAME_BYTES);
      if (values === undefined) return;
      const plain = values.map((value) => (typeof value === 'bigint' ? String(value) : value));
      this.shown[name.slice(0, MAX_NAME_BYTES)] = attribute.shape.length === 0 ? plain[0] : plain;
    } catch (error) {
      // A long text is not shown, and a broken one matters where it is needed.
      if (!(error instanceof ParseStop)) throw error;
    }
  }

  async dataset(path: string, dataset: Hdf5Dataset, messages: readonly Hdf5Message[]): Promise<void> {
    for (const other of dataset.otherFiles) this.#other(path, other);
    const { type } = dataset;
    const repeated = type.repeat === 1 ? dataset.shape : [...dataset.shape, type.repeat];
    const elements = elementsOf(repeated.slice(0, MAX_RANK));
    const bytes = elementsOf(dataset.shape) * BigInt(type.size);
    const dtype = type.dtype === 'OPAQUE' ? await this.#opaqueType(messages) : type.dtype;
    this.#checkBytes(path, dataset, bytes);
    if (!this.isWeight(path)) return;
    const info = {
      name: path,
      dtype,
      shape: dataset.shape,
      bytes: Math.min(Number(bytes), Number.MAX_SAFE_INTEGER),
    };
    this.#weights.add(info, isNumeric(dtype) ? elements : 0n, bytes);
  }

  /** Keras writes types that HDF5 does not know as opaque bytes, and the name beside them. */
  async #opaqueType(messages: readonly Hdf5Message[]): Promise<string> {
    for await (const attribute of attributesOf(this.#file, messages)) {
      if (attribute.name === 'dtype' && (await textOf(this.#file, attribute, 64)) === 'bfloat16')
        return 'BF16';
    }
    return 'OPAQUE';
  }

  #checkBytes(path: string, dataset: Hdf5Dataset, bytes: bigint): void {
    const { storedBytes, address, otherFiles } = dataset;
    if (storedBytes === undefined || otherFiles.length > 0) return;
    if (BigInt(storedBytes) !== bytes) {
      const message = `the dataset ${quote(path)} takes ${storedBytes} bytes, which is not its shape times its type`;
      this.#facts.finding('medium', 'malformed', message, `dataset ${quote(path)}`);
    }
    if (address !== undefined && address + storedBytes > this.#file.size) this.#missing += 1;
    if (address === undefined && bytes > BigInt(this.#file.size)) {
      const message = `the dataset ${quote(path)} states ${bytes} bytes and has none`;
      this.#facts.finding('medium', 'malformed', message, `dataset ${quote(path)}`);
    }
  }

  external(path: string, link: Hdf5Link & { kind: 'external' }): void {
    this.#other(path, link.file);
  }

  #other(path: string, name: string): void {
    if (this.#others.length < MAX_DISTINCT_NAMES) this.#others.push(name.slice(0, MAX_NAME_BYTES));
    const beside = companionPath(name);
    if (beside !== undefined) {
      this.#facts.companion(beside);
      return;
    }
    this.#facts.finding(
      'critical',
      'external-path',
      `${quote(path)} is said to be in ${quote(name)}, which is not a file in the model's folder`,
      quote(path),
    );
  }

  broken(path: string, stop: ParseStop): void {
    this.#facts.stopped(new ParseStop(stop.code, `${quote(path)}: ${stop.message}`, stop.offset));
  }

  #checkEnds(): void {
    const { userBlock, end, size } = this.#file;
    if (userBlock > 0) {
      const message = `${userBlock} bytes stand before the HDF5 data, which its library passes over`;
      this.#facts.finding('medium', 'hidden-data', message, 'offset 0');
    }
    if (end > size) {
      const message = `the superblock states ${end} bytes, ${size} are there`;
      this.#facts.stopped(new ParseStop('truncated', message, userBlock));
    } else if (end < size) {
      const message = `${size - end} bytes follow the end of the HDF5 data`;
      this.#facts.finding('medium', 'hidden-data', message, `offset ${userBlock + end}`);
    }
  }

  #report(): void {
    const facts = this.#facts;
    if (this.#missing > 0 && this.#file.end <= this.#file.size) {
      facts.stopped(malformed(`${this.#missing} datasets reach past the end of the file`));
    }
    reportParameters(this.#weights, facts);
    if (Object.keys(this.shown).length > 0) facts.details.attributes = this.shown;
    facts.details.group_count = this.#groups;
    reportTensors(this.#weights, facts);
    if (this.#others.length > 0) facts.details.external = [...new Set(this.#others)];
  }
}

/** Types whose elements are numbers that are learned. */
function isNumeric(dtype: string): boolean {
  return /^(?:[UIF][0-9]+|BF16|C[0-9]+|BOOL)$/.test(dtype);
}
