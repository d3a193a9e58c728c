import { MAX_HDF5_LINKS, MAX_HDF5_TREE_DEPTH } from '../limits.ts';
import { malformed, ParseStop } from '../parse/parse-stop.ts';
import { bytesFor, type Hdf5Fields } from './hdf5-fields.ts';
import type { Hdf5File } from './hdf5-file.ts';

/** Signature, version, type and checksum of a node. */
const NODE_BYTES = 10;

interface Tree {
  readonly file: Hdf5File;
  readonly type: number;
  readonly nodeBytes: number;
  readonly recordBytes: number;
  /** By depth of the node it points to: bytes of the count of all records below. */
  readonly totalBytes: readonly number[];
  /** Bytes of the count of records in a node. */
  readonly countBytes: number;
  readonly seen: Set<number>;
}

interface Node {
  readonly address: number | undefined;
  readonly records: number;
  /** 0 for a leaf. */
  readonly depth: number;
}

/** The records of a version 2 B-tree (section III.A.2), in no particular order. */
export async function* treeRecords(
  file: Hdf5File,
  address: number | undefined,
  type: number,
): AsyncGenerator<Hdf5Fields> {
  const fields = await file.read(address, 16 + file.sizes.offset + 2 + file.sizes.length);
  fields.signature('BTHD').version(0);
  if (fields.u8() !== type) throw malformed('a B-tree is of another type', fields.start);
  const nodeBytes = fields.u32();
  const recordBytes = fields.u16();
  const depth = fields.u16();
  if (depth > MAX_HDF5_TREE_DEPTH) throw malformed(`a B-tree is ${depth} levels deep`, fields.start);
  if (recordBytes === 0 || nodeBytes < NODE_BYTES + recordBytes) {
    throw malformed('the nodes of a B-tree are too small', fields.start);
  }
  const root = fields.skip(2).address();
  const records = fields.u16();
  const tree = { file, type, nodeBytes, recordBytes, ...pointerSizes(file, nodeBytes, recordBytes, depth) };
  if (records > 0) yield* walk({ ...tree, seen: new Set() }, { address: root, records, depth });
}

/** How many bytes the counts beside a child's address take follows from how many records can be below it. */
function pointerSizes(
  file: Hdf5File,
  nodeBytes: number,
  recordBytes: number,
  depth: number,
): { countBytes: number; totalBytes: number[] } {
  const inLeaf = Math.floor((nodeBytes - NODE_BYTES) / recordBytes);
  const countBytes = bytesFor(inLeaf);
  const totalBytes = [0];
  let below = inLeaf;
  for (let level = 1; level < depth; level += 1) {
    const pointer = file.sizes.offset + countBytes + (totalBytes[level - 1] ?? 0);
    const inNode = Math.floor((nodeBytes - NODE_BYTES - pointer) / (recordBytes + pointer));
    below = Math.min((Math.max(0, inNode) + 1) * below + inNode, Number.MAX_SAFE_INTEGER);
    totalBytes.push(bytesFor(below));
  }
  return { countBytes, totalBytes };
}

async function* walk(tree: Tree, node: Node): AsyncGenerator<Hdf5Fields> {
  const { file, recordBytes } = tree;
  if (node.address === undefined || tree.seen.has(node.address)) {
    throw malformed('a B-tree points at itself or nowhere', node.address);
  }
  tree.seen.add(node.address);
  if (tree.seen.size > MAX_HDF5_LINKS) {
    throw new ParseStop('too-large-to-show', 'a B-tree has too many nodes', node.address);
  }
  const fields = await file.read(node.address, tree.nodeBytes);
  fields.signature(node.depth === 0 ? 'BTLF' : 'BTIN').version(0);
  if (fields.u8() !== tree.type) throw malformed('a node of a B-tree is of another type', fields.start);
  for (let index = 0; index < node.records; index += 1) yield fields.take(recordBytes);
  if (node.depth === 0) return;
  for (let index = 0; index <= node.records; index += 1) {
    const address = fields.address();
    const records = fields.uint(tree.countBytes);
    fields.skip(tree.totalBytes[node.depth - 1] ?? 0);
    yield* walk(tree, { address, records, depth: node.depth - 1 });
  }
}
