import { quote } from '../../errors.ts';
import type { FactsBuilder } from '../facts.ts';
import { MAX_GGUF_BYTES, MAX_NAME_BYTES } from '../limits.ts';
import { stemOf } from '../model-name.ts';
import type { ByteCursor } from '../parse/byte-cursor.ts';
import { malformed, ParseStop } from '../parse/parse-stop.ts';
import { collectFacts } from '../read-file.ts';
import type { ModelReader } from '../reader.ts';
import { elementsOf, reportParameters, reportTensors, TensorTally } from '../tensor-tally.ts';
import { type GgufKeys, type GgufLengths, readKeys, readLength, readString } from './gguf-keys.ts';
import { reportKeys } from './gguf-report.ts';
import { GGML_TYPES } from './gguf-types.ts';

/** `GGUF`, then a 32-bit version in the byte order of the whole file. */
const MAGIC = [0x47, 0x47, 0x55, 0x46];
const KNOWN_VERSIONS = [1, 2, 3];
const DEFAULT_ALIGNMENT = 32;
/** Smallest tensor record on file: an empty name, no dimension, type and offset. */
const SMALLEST_TENSOR_BYTES = 20;
/** GGML itself has four. */
const MAX_GGUF_RANK = 8;
const LENGTHS_32: GgufLengths = { bytes: 4, take: (cursor) => cursor.u32() };
const LENGTHS_64: GgufLengths = { bytes: 8, take: (cursor) => cursor.count() };

/** GGUF: keys and tensor records, then the weights; what llama.cpp and its relatives run. */
export const ggufReader: ModelReader = {
  id: 'gguf',
  extensions: ['.gguf'],
  recognizes: (_path, head) => MAGIC.every((byte, index) => head[index] === byte),
  async read(file, options) {
    const parse = ({ cursor, facts }: { cursor: ByteCursor; facts: FactsBuilder }) => readGguf(cursor, facts);
    const facts = await collectFacts(file, parse, { ...options, maxBytes: MAX_GGUF_BYTES });
    return facts.build('gguf', stemOf(file.path, ggufReader.extensions));
  },
};

async function readGguf(cursor: ByteCursor, facts: FactsBuilder): Promise<void> {
  const fileBytes = cursor.left;
  const lengths = await readVersion(cursor, facts);
  const tensorCount = await readLength(cursor, lengths);
  const keyCount = await readLength(cursor, lengths);
  const keys: GgufKeys = new Map();
  const tensors = new Tensors();
  try {
    await readKeys(cursor, keyCount, lengths, keys);
    await tensors.read(cursor, tensorCount, lengths);
    tensors.checkPlaces(cursor.position, alignmentOf(keys), fileBytes, facts);
  } finally {
    reportKeys(keys, facts);
    tensors.report(facts);
  }
}

async function readVersion(cursor: ByteCursor, facts: FactsBuilder): Promise<GgufLengths> {
  await cursor.need(8);
  cursor.bytes(MAGIC.length);
  // A version is a small number: its bytes stand at the other end in a big-endian file.
  cursor.littleEndian = (cursor.peek(0) ?? 0) !== 0;
  const version = cursor.u32();
  facts.formatVersion = String(version);
  if (!KNOWN_VERSIONS.includes(version))
    throw malformed(`GGUF version ${version} is not known`, MAGIC.length);
  return version === 1 ? LENGTHS_32 : LENGTHS_64;
}

function alignmentOf(keys: GgufKeys): number {
  const stated = keys.get('general.alignment') ?? DEFAULT_ALIGNMENT;
  const alignment = typeof stated === 'bigint' ? Number(stated) : stated;
  if (
    typeof alignment !== 'number' ||
    alignment < 1 ||
    alignment > 2 ** 30 ||
    !Number.isInteger(Math.log2(alignment))
  ) {
    throw malformed('general.alignment is not a power of two');
  }
  return alignment;
}

interface Place {
  readonly offset: number;
  readonly bytes: number;
}

/** The tensor records that follow the keys. */
class Tensors {
  readonly #tally = new TensorTally();
  readonly #places: Place[] = [];

  async read(cursor: ByteCursor, count: number, lengths: GgufLengths): Promise<void> {
    if (count * SMALLEST_TENSOR_BYTES > cursor.left)
      throw malformed(`${count} tensors are stated`, cursor.position);
    for (let index = 0; index < count; index += 1) await this.#one(cursor, lengths);
  }

  async #one(cursor: ByteCursor, lengths: GgufLengths): Promise<void> {
    const at = cursor.position;
    const name = await readString(cursor, lengths, MAX_NAME_BYTES);
    await cursor.need(4);
    const rank = cursor.u32();
    if (rank > MAX_GGUF_RANK) throw malformed(`the tensor ${quote(name)} has ${rank} dimensions`, at);
    await cursor.need(rank * lengths.bytes + 12);
    // Kept innermost first, as the file has them: it is how every GGUF tool prints them.
    const shape = Array.from({ length: rank }, () => lengths.take(cursor));
    const number = cursor.u32();
    const offset = cursor.count();
    const type = GGML_TYPES.get(number);
    const elements = elementsOf(shape, at);
    const bytes =
      type === undefined
        ? 0n
        : ((elements + BigInt(type.block) - 1n) / BigInt(type.block)) * BigInt(type.bytes);
    if (bytes > BigInt(Number.MAX_SAFE_INTEGER))
      throw malformed(`the tensor ${quote(name)} is larger than any file`, at);
    const dtype = type?.name ?? `type ${number}`;
    this.#tally.add({ name, dtype, shape, bytes: Number(bytes) }, elements, bytes);
    this.#places.push({ offset, bytes: Number(bytes) });
  }

  /** Every tensor lies inside the file, aligned, and none on another (S30). */
  checkPlaces(headerEnd: number, alignment: number, fileBytes: number, facts: FactsBuilder): void {
    const dataStart = Math.ceil(headerEnd / alignment) * alignment;
    let end = 0;
    for (const { offset, bytes } of this.#places.toSorted((a, b) => a.offset - b.offset)) {
      if (offset % alignment !== 0)
        throw malformed(`a tensor begins at ${offset}, off the alignment of ${alignment}`);
      if (offset < end) throw malformed('two tensors share bytes');
      end = offset + bytes;
    }
    const padded = Math.ceil(end / alignment) * alignment;
    if (this.#places.length > 0 && dataStart + end > fileBytes) {
      const there = Math.max(0, fileBytes - dataStart);
      throw new ParseStop('truncated', `the weights take ${end} bytes, ${there} are there`, fileBytes);
    }
    if (dataStart + padded < fileBytes) {
      const extra = fileBytes - dataStart - padded;
      facts.finding(
        'medium',
        'hidden-data',
        `${extra} bytes follow the last tensor`,
        `offset ${dataStart + padded}`,
      );
    }
  }

  report(facts: FactsBuilder): void {
    reportParameters(this.#tally, facts);
    reportTensors(this.#tally, facts);
  }
}
