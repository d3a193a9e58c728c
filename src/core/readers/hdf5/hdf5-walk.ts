import { MAX_HDF5_DEPTH, MAX_HDF5_LINKS, MAX_HDF5_OBJECTS, MAX_NAME_BYTES } from '../limits.ts';
import type { Place } from '../parse/paged-source.ts';
import { malformed, ParseStop } from '../parse/parse-stop.ts';
import { type Hdf5Dataset, readDataset } from './hdf5-dataset.ts';
import type { Hdf5File } from './hdf5-file.ts';
import { type Hdf5Message, readMessages } from './hdf5-header.ts';
import { type Hdf5Link, linksOf } from './hdf5-links.ts';

/** Told of what is found, in the order it is found. */
export interface Hdf5Visitor {
  /** Each object once, by the first path that leads to it; the root's is empty. */
  group(path: string, messages: readonly Hdf5Message[]): Promise<void> | void;
  dataset(path: string, dataset: Hdf5Dataset, messages: readonly Hdf5Message[]): Promise<void> | void;
  /** A link that names a place in another file. */
  external(path: string, link: Hdf5Link & { kind: 'external' }): void;
  /** An object that cannot be read; the walk goes on beside it. */
  broken(path: string, stop: ParseStop): void;
}

/**
 * Every object of a file. Links may lead back to where one came from, so an object is visited once; the number of
 * objects and links is bounded, and so are the time and the bytes of the source.
 */
export async function walkHdf5(file: Hdf5File, visitor: Hdf5Visitor): Promise<void> {
  await new Walk(file, visitor).object('', file.root, 0);
}

/** Links whose objects are asked for at once. */
const LINKS_AHEAD = 64;
/** Bytes of an object's header that most need, and of the tree and the names of a small group. */
const OBJECT_BYTES = 600;

/** The links of a group, some at a time; those that stand before a broken one come before its error. */
async function* batches(links: AsyncIterable<Hdf5Link>): AsyncGenerator<Hdf5Link[]> {
  let batch: Hdf5Link[] = [];
  let stop: { readonly error: unknown } | undefined;
  try {
    for await (const link of links) {
      if (batch.push(link) < LINKS_AHEAD) continue;
      yield batch;
      batch = [];
    }
  } catch (error) {
    stop = { error };
  }
  if (batch.length > 0) yield batch;
  if (stop !== undefined) throw stop.error;
}

function placesOf(link: Hdf5Link): Place[] {
  if (link.kind !== 'hard') return [];
  return [link.address, ...(link.beside ?? [])].map((at) => ({ at, length: OBJECT_BYTES }));
}

class Walk {
  readonly #file: Hdf5File;
  readonly #visitor: Hdf5Visitor;
  readonly #seen = new Set<number>();
  #links = 0;

  constructor(file: Hdf5File, visitor: Hdf5Visitor) {
    this.#file = file;
    this.#visitor = visitor;
  }

  async object(path: string, address: number, depth: number): Promise<void> {
    if (this.#seen.has(address)) return;
    if (depth > MAX_HDF5_DEPTH) throw malformed(`groups are nested deeper than ${MAX_HDF5_DEPTH}`, address);
    if (this.#seen.size >= MAX_HDF5_OBJECTS)
      throw new ParseStop('too-large-to-show', `only ${MAX_HDF5_OBJECTS} objects are looked at`, address);
    this.#seen.add(address);
    const messages = await readMessages(this.#file, address);
    const dataset = await readDataset(this.#file, messages);
    if (dataset !== undefined) return await this.#visitor.dataset(path, dataset, messages);
    await this.#visitor.group(path, messages);
    for await (const links of batches(linksOf(this.#file, messages))) {
      await this.#file.prefetch(links.flatMap(placesOf));
      for (const link of links) await this.#link(path, link, depth);
    }
  }

  async #link(parent: string, link: Hdf5Link, depth: number): Promise<void> {
    this.#links += 1;
    if (this.#links > MAX_HDF5_LINKS)
      throw new ParseStop('too-large-to-show', `only ${MAX_HDF5_LINKS} links are looked at`);
    const path = `${parent === '' ? '' : `${parent}/`}${link.name}`.slice(0, MAX_NAME_BYTES);
    if (link.kind === 'external') this.#visitor.external(path, link);
    if (link.kind !== 'hard') return;
    try {
      await this.object(path, link.address, depth + 1);
    } catch (error) {
      // What is broken or cut off in one place need not be so in the next; a bound that is reached stays reached.
      if (!(error instanceof ParseStop) || error.code === 'too-large-to-show') throw error;
      this.#visitor.broken(path, error);
    }
  }
}
