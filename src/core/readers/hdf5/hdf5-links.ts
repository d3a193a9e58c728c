import { MAX_HDF5_LINKS, MAX_HDF5_TREE_DEPTH, MAX_NAME_BYTES } from '../limits.ts';
import type { Place } from '../parse/paged-source.ts';
import { malformed, ParseStop } from '../parse/parse-stop.ts';
import type { Hdf5Fields } from './hdf5-fields.ts';
import type { Hdf5File } from './hdf5-file.ts';
import { openFractalHeap } from './hdf5-fractal-heap.ts';
import { type Hdf5Message, MESSAGE } from './hdf5-header.ts';
import { nameIn, openLocalHeap } from './hdf5-heaps.ts';
import { treeRecords } from './hdf5-tree-v2.ts';

/** Bytes of a symbol table node as the library writes them: eight entries. */
const SYMBOL_NODE_BYTES = 328;

/** An entry of a group. */
export type Hdf5Link =
  | {
      readonly kind: 'hard';
      readonly name: string;
      readonly address: number;
      /** Where else the object's own links are, if the entry says. */
      readonly beside?: readonly number[];
    }
  | { readonly kind: 'soft'; readonly name: string; readonly path: string }
  | { readonly kind: 'external'; readonly name: string; readonly file: string; readonly path: string };

/** The entries of a group; none where the object is no group. Links of kinds that users define are left out. */
export async function* linksOf(file: Hdf5File, messages: readonly Hdf5Message[]): AsyncGenerator<Hdf5Link> {
  for (const { type, fields } of messages) {
    if (type === MESSAGE.symbolTable) yield* symbolTable(file, fields.address(), fields.address());
    else if (type === MESSAGE.linkInfo) yield* denseLinks(file, fields);
    else if (type === MESSAGE.link) {
      const link = readLink(fields);
      if (link !== undefined) yield link;
    }
  }
}

/** Link message (section IV.A.2.g). Flags: 0–1 size of the name's length, 2 creation order, 3 kind, 4 character set. */
function readLink(fields: Hdf5Fields): Hdf5Link | undefined {
  fields.version(1);
  const flags = fields.u8();
  const kind = (flags & 8) === 0 ? 0 : fields.u8();
  if ((flags & 4) !== 0) fields.skip(8);
  if ((flags & 16) !== 0) fields.skip(1);
  const name = fields.text(fields.uint(2 ** (flags & 3))).slice(0, MAX_NAME_BYTES);
  if (kind === 0) {
    const address = fields.address();
    if (address === undefined) throw malformed('a link points nowhere', fields.start);
    return { kind: 'hard', name, address };
  }
  if (kind === 1) return { kind: 'soft', name, path: fields.text(fields.u16()) };
  if (kind !== 64) return undefined;
  const target = fields.take(fields.u16()).skip(1);
  return { kind: 'external', name, file: target.zeroEnded(), path: target.zeroEnded() };
}

/** Link info message (section IV.A.2.c): where links are once there are many. */
async function* denseLinks(file: Hdf5File, fields: Hdf5Fields): AsyncGenerator<Hdf5Link> {
  fields.version(0);
  if ((fields.u8() & 1) !== 0) fields.skip(8);
  const heapAt = fields.address();
  const tree = fields.address();
  if (heapAt === undefined) return;
  const heap = await openFractalHeap(file, heapAt);
  // Records of type 5: hash of the name, heap id of seven bytes.
  for await (const record of treeRecords(file, tree, 5)) {
    const link = readLink(await heap.object(record.skip(4).take(7)));
    if (link !== undefined) yield link;
  }
}

interface OldGroup {
  readonly file: Hdf5File;
  readonly heap: { readonly address: number; readonly bytes: number };
  readonly seen: Set<number>;
}

/** A group as a version 1 B-tree and a local heap of names (section III.A.1). */
async function* symbolTable(
  file: Hdf5File,
  tree: number | undefined,
  heap: number | undefined,
): AsyncGenerator<Hdf5Link> {
  const group = { file, heap: await openLocalHeap(file, heap), seen: new Set<number>() };
  yield* treeNode(group, tree, 0);
}

async function* treeNode(
  group: OldGroup,
  address: number | undefined,
  depth: number,
): AsyncGenerator<Hdf5Link> {
  const { offset, length } = group.file.sizes;
  visit(group, address, depth);
  const head = await group.file.read(address, 8 + 2 * offset);
  head.signature('TREE');
  if (head.u8() !== 0) throw malformed('a group has the B-tree of a dataset', head.start);
  const level = head.u8();
  const used = head.u16();
  const entries = await group.file.read(head.start + 8 + 2 * offset, used * (length + offset) + length);
  await group.file.prefetch(childPlaces(entries.again(), used));
  for (let index = 0; index < used; index += 1) {
    entries.length();
    const child = entries.address();
    if (level === 0) yield* symbolNode(group, child, depth + 1);
    else yield* treeNode(group, child, depth + 1);
  }
}

/** Where the children of a node are, as far as its entries can be read. */
function childPlaces(entries: Hdf5Fields, used: number): Place[] {
  const { offset, length } = entries.sizes;
  const places: Place[] = [];
  for (let index = 0; index < used && entries.left >= length + offset; index += 1) {
    const at = entries.skip(length).addressOrLess();
    if (at !== undefined) places.push({ at, length: SYMBOL_NODE_BYTES });
  }
  return places;
}

/** A symbol table node (section III.B): entries of name, header, and 24 bytes of cache. */
async function* symbolNode(
  group: OldGroup,
  address: number | undefined,
  depth: number,
): AsyncGenerator<Hdf5Link> {
  const { file } = group;
  visit(group, address, depth);
  const head = await file.read(address, 8);
  head.signature('SNOD').version(1);
  const count = head.skip(1).u16();
  const entryBytes = 2 * file.sizes.offset + 24;
  const entries = await file.read(head.start + 8, count * entryBytes);
  for (let index = 0; index < count; index += 1) {
    const entry = entries.take(entryBytes);
    const name = await nameIn(file, group.heap, entry.uint(file.sizes.offset));
    const header = entry.address();
    const cache = entry.u32();
    if (cache === 2) yield { kind: 'soft', name, path: await nameIn(file, group.heap, entry.skip(4).u32()) };
    else if (header === undefined) throw malformed('a link points nowhere', entry.start);
    else yield { kind: 'hard', name, address: header, beside: cache === 1 ? scratchPad(entry.skip(4)) : [] };
  }
}

/** What an entry keeps of the group it names: its tree and its names. */
function scratchPad(entry: Hdf5Fields): number[] {
  return [entry.addressOrLess(), entry.addressOrLess()].filter((at) => at !== undefined);
}

function visit({ seen }: OldGroup, address: number | undefined, depth: number): void {
  if (address === undefined || seen.has(address) || depth > MAX_HDF5_TREE_DEPTH) {
    throw malformed('the tree of a group points at itself or nowhere', address);
  }
  seen.add(address);
  if (seen.size > MAX_HDF5_LINKS)
    throw new ParseStop('too-large-to-show', 'a group has too many entries', address);
}
