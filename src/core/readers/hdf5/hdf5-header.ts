import { MAX_HDF5_BLOCK_BYTES, MAX_HDF5_MESSAGES } from '../limits.ts';
import { malformed, ParseStop } from '../parse/parse-stop.ts';
import type { Hdf5Fields } from './hdf5-fields.ts';
import type { Hdf5File } from './hdf5-file.ts';

/** Types of header messages that are read here (section IV.A.2). */
export const MESSAGE = {
  dataspace: 0x01,
  linkInfo: 0x02,
  datatype: 0x03,
  link: 0x06,
  externalFiles: 0x07,
  layout: 0x08,
  attribute: 0x0c,
  continuation: 0x10,
  symbolTable: 0x11,
  attributeInfo: 0x15,
} as const;

/** One message of an object's header. */
export interface Hdf5Message {
  readonly type: number;
  /** Its body only says where the message is. */
  readonly shared: boolean;
  readonly fields: Hdf5Fields;
}

interface Chunk {
  readonly address: number;
  readonly bytes: number;
}

/** How the messages of one header are laid out. */
interface Framing {
  readonly version: 1 | 2;
  /** Bytes before each message's body. */
  readonly prefix: number;
}

/** The messages of the object whose header is at `address` (section IV.A.1). */
export async function readMessages(file: Hdf5File, address: number | undefined): Promise<Hdf5Message[]> {
  const start = await file.read(address, 16);
  const isNew = start.bytes[0] === 0x4f;
  const { framing, chunk } = isNew ? await newHeader(file, start) : oldHeader(start);
  const messages: Hdf5Message[] = [];
  const chunks = [chunk];
  const seen = new Set<number>();
  let bytes = 0;
  for (let next = chunks.pop(); next !== undefined; next = chunks.pop()) {
    bytes += next.bytes;
    if (bytes > MAX_HDF5_BLOCK_BYTES || messages.length > MAX_HDF5_MESSAGES) {
      throw new ParseStop('too-large-to-show', 'an object has a header without end', next.address);
    }
    if (seen.has(next.address)) throw malformed('the header of an object goes on in itself', next.address);
    seen.add(next.address);
    for (const message of await readChunk(file, next, framing)) {
      if (message.type === MESSAGE.continuation) chunks.push(continuation(message.fields, framing));
      else messages.push(message);
    }
  }
  return messages;
}

function oldHeader(start: Hdf5Fields): { framing: Framing; chunk: Chunk } {
  start.version(1);
  start.skip(7);
  return {
    framing: { version: 1, prefix: 8 },
    chunk: { address: start.start + 16, bytes: start.u32() },
  };
}

/** Flags: 0–1 size of the chunk's size, 2 creation order of attributes, 4 their bounds, 5 times. */
async function newHeader(file: Hdf5File, start: Hdf5Fields): Promise<{ framing: Framing; chunk: Chunk }> {
  start.signature('OHDR').version(2);
  const flags = start.u8();
  const before = 6 + ((flags & 0x20) === 0 ? 0 : 16) + ((flags & 0x10) === 0 ? 0 : 4);
  const sizeBytes = 2 ** (flags & 3);
  const fields = (await file.read(start.start, before + sizeBytes)).skip(before);
  return {
    framing: { version: 2, prefix: (flags & 4) === 0 ? 4 : 6 },
    chunk: { address: start.start + before + sizeBytes, bytes: fields.uint(sizeBytes) },
  };
}

function continuation(fields: Hdf5Fields, framing: Framing): Chunk {
  const address = fields.address();
  const bytes = fields.length();
  if (address === undefined) throw malformed('the header of an object goes on nowhere', fields.start);
  if (framing.version === 1) return { address, bytes };
  // Between the signature OCHK and the checksum.
  if (bytes < 8) throw malformed('a part of a header is too short', address);
  return { address: address + 4, bytes: bytes - 8 };
}

async function readChunk(file: Hdf5File, chunk: Chunk, framing: Framing): Promise<Hdf5Message[]> {
  const fields = await file.read(chunk.address, chunk.bytes);
  const messages: Hdf5Message[] = [];
  // What is left and smaller than a message is a gap.
  while (fields.left >= framing.prefix && messages.length <= MAX_HDF5_MESSAGES) {
    const type = framing.version === 1 ? fields.u16() : fields.u8();
    const size = fields.u16();
    const shared = (fields.u8() & 2) !== 0;
    fields.skip(framing.version === 1 ? 3 : framing.prefix - 4);
    messages.push({ type, shared, fields: fields.take(size) });
  }
  return messages;
}
