import { MAX_NAME_BYTES, MAX_RANK, MAX_TF_BLOCK_BYTES, MAX_TF_VARIABLES } from '../limits.ts';
import { ByteCursor } from '../parse/byte-cursor.ts';
import type { ByteSource } from '../parse/byte-source.ts';
import type { PagedSource } from '../parse/paged-source.ts';
import { malformed, ParseStop } from '../parse/parse-stop.ts';
import { type ProtobufField, readVarint, walkMessage } from '../parse/protobuf-walker.ts';
import { readTfShape, tfType } from './tf-types.ts';

/** Two handles, padding, magic: the end of a table in LevelDB's format. */
const FOOTER_BYTES = 48;
const MAGIC = 0xdb4775248b80fb57n;
/** Kind of compression and checksum behind each block. */
const TRAILER_BYTES = 5;

/** Where a variable's bytes are. */
export interface BundleEntry {
  readonly key: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly shard: number;
  readonly offset: number;
  readonly size: number;
}

/** The table of a checkpoint: how many files hold its bytes, and each variable. */
export interface BundleIndex {
  readonly shards: number;
  readonly entries: readonly BundleEntry[];
}

interface Block {
  readonly offset: number;
  readonly size: number;
}

/** Reads a `.index` file, a sorted table: an index block points at blocks of keys and values. */
export async function readBundleIndex(source: PagedSource): Promise<BundleIndex> {
  if (source.size < FOOTER_BYTES)
    throw new ParseStop('truncated', 'the index of the variables is cut off', 0);
  const at = source.size - FOOTER_BYTES;
  const footer = cursorOf(await source.read(at, FOOTER_BYTES), at);
  await footer.need(FOOTER_BYTES);
  await readHandle(footer);
  const index = await readHandle(footer);
  footer.skipBuffered(at + FOOTER_BYTES - 8 - footer.position);
  if (footer.u64() !== MAGIC) throw new ParseStop('truncated', 'the index of the variables has no end', at);
  const bundle = { shards: 0, entries: [] as BundleEntry[] };
  const onEntry = async (key: string, value: ByteCursor, end: number) => {
    if (key === '') bundle.shards = await readHeader(value, end);
    // Keys of parts of variables are not text; the whole variable has an entry too.
    else if (!/^[\u0000-\u001f]/.test(key)) bundle.entries.push(await readEntry(key, value, end));
    if (bundle.entries.length > MAX_TF_VARIABLES) {
      throw new ParseStop('too-large-to-show', `more than ${MAX_TF_VARIABLES} variables`, value.position);
    }
  };
  const seen = new Set<number>();
  await readBlock(source, index, async (_key, value) => {
    const block = await readHandle(value);
    if (seen.has(block.offset)) throw malformed('a block of the index is used twice', block.offset);
    seen.add(block.offset);
    await readBlock(source, block, onEntry);
  });
  return bundle;
}

async function readHandle(cursor: ByteCursor): Promise<Block> {
  const offset = Number(readVarint(cursor));
  return { offset, size: Number(readVarint(cursor)) };
}

/** Entries share the beginnings of their keys; behind them come 32-bit places to start from, and their number. */
async function readBlock(
  source: PagedSource,
  { offset, size }: Block,
  onEntry: (key: string, value: ByteCursor, end: number) => Promise<void>,
): Promise<void> {
  if (size > MAX_TF_BLOCK_BYTES) throw malformed(`a block of the index has ${size} bytes`, offset);
  if (size < 4) throw malformed('a block of the index is too short', offset);
  const bytes = await source.read(offset, size + TRAILER_BYTES);
  if (bytes[size] !== 0)
    throw new ParseStop('too-large-to-show', 'the index of the variables is compressed', offset);
  const restarts = new DataView(bytes.buffer, bytes.byteOffset + size - 4, 4).getUint32(0, true);
  const end = offset + size - 4 - 4 * restarts;
  if (end < offset) throw malformed('a block of the index is too short', offset);
  const cursor = cursorOf(bytes.subarray(0, end - offset), offset);
  let key: Uint8Array = new Uint8Array();
  while (cursor.position < end) {
    await cursor.fill(end - cursor.position);
    const shared = Number(readVarint(cursor));
    const added = Number(readVarint(cursor));
    const length = Number(readVarint(cursor));
    if (
      shared > key.byteLength ||
      shared + added > MAX_NAME_BYTES ||
      added + length > end - cursor.position
    ) {
      throw malformed('an entry of the index is longer than its block', cursor.position);
    }
    key = Buffer.concat([key.subarray(0, shared), cursor.bytes(added)]);
    const valueEnd = cursor.position + length;
    await onEntry(Buffer.from(key).toString('utf8'), cursor, valueEnd);
    if (cursor.position > valueEnd) throw malformed('an entry of the index runs over its end', valueEnd);
    cursor.skipBuffered(valueEnd - cursor.position);
  }
}

/** Bytes that are here already, at their place in the file. */
function cursorOf(bytes: Uint8Array, start: number): ByteCursor {
  const source: ByteSource = {
    size: start + bytes.byteLength,
    read: async (at) => bytes.subarray(at - start),
  };
  return new ByteCursor(source, start);
}

/** BundleHeaderProto: 1 number of shards. */
async function readHeader(cursor: ByteCursor, end: number): Promise<number> {
  let shards = 0;
  await walkMessage(
    cursor,
    end,
    (field) => {
      if (field.number === 1) shards = Number(field.value);
    },
    1,
  );
  return shards;
}

/** BundleEntryProto: 1 type, 2 shape, 3 shard, 4 offset, 5 size. */
async function readEntry(key: string, cursor: ByteCursor, end: number): Promise<BundleEntry> {
  const numbers = [0n, 0n, 0n, 0n, 0n, 0n];
  let shape: readonly (number | null)[] = [];
  const onField = async (field: ProtobufField) => {
    if (field.number === 2) shape = (await readTfShape(cursor, field, 2)) ?? [];
    else if (field.number < numbers.length) numbers[field.number] = field.value;
  };
  await walkMessage(cursor, end, onField, 1);
  const [, dtype = 0n, , shard = 0n, offset = 0n, size = 0n] = numbers;
  if (shape.length > MAX_RANK || offset + size > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw malformed('a variable lies where no file can hold it', end);
  }
  const sizes = shape.map((one) => one ?? 0);
  return {
    key,
    dtype: tfType(dtype),
    shape: sizes,
    shard: Number(shard),
    offset: Number(offset),
    size: Number(size),
  };
}
