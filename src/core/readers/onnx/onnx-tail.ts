import { bytesContent, type CallOptions, type Content } from '../../oci/content.ts';
import {
  FIRST_WINDOW_BYTES,
  MAX_ONNX_TAIL_PLACES,
  MAX_ONNX_VALUE_BYTES,
  MAX_ONNX_VALUE_FIELDS,
  MIN_ONNX_EARLY_TAIL_BYTES,
  ONNX_LONG_TAIL_BYTES,
  ONNX_TAIL_BYTES,
} from '../limits.ts';
import { ByteCursor } from '../parse/byte-cursor.ts';
import { RangeSource, readHead, TimeLimit, withPart } from '../parse/byte-source.ts';
import { ParseStop } from '../parse/parse-stop.ts';
import { headVarint } from '../parse/protobuf-head.ts';
import { OnnxWalk } from './onnx-walk.ts';

/** GraphProto's fields behind the weights: 11 inputs, 12 outputs, 13 other values, 14 quantization, 16 properties. */
const TAIL_FIELDS: ReadonlySet<number> = new Set([11, 12, 13, 14, 16]);
/** Bytes of a name that is looked at, to tell a text from weights. */
const MAX_NAME_LOOKED_AT = 256;
/** Protobuf's own bound of a message. */
const MAX_GRAPH_BYTES = 2 ** 31 - 1;

/** A model whose end is here already. */
export interface OnnxWithTail {
  readonly content: Content;
  /** What that end says; undefined where it was not read or nothing is found in it. */
  readonly tail: OnnxWalk | undefined;
}

/**
 * Reads the end of a large remote model before its weights, which take a request each: inputs, outputs, opsets and
 * properties stand behind them, and the time may be over by then. Protobuf cannot be read backwards, so where the fields
 * behind the weights begin is a guess, and what they say is a hint.
 */
export async function withOnnxTail(content: Content, options: CallOptions = {}): Promise<OnnxWithTail> {
  const none = { content, tail: undefined };
  if (content.isRemote !== true || content.size < MIN_ONNX_EARLY_TAIL_BYTES) return none;
  const clock = new TimeLimit(options);
  try {
    const graphEnd = graphEndOf(
      await clock.run(0, (signal) => readHead(content, FIRST_WINDOW_BYTES, { signal })),
    );
    if (graphEnd === undefined || graphEnd > content.size) return none;
    return await tailBefore(content, graphEnd, clock);
  } catch (error) {
    // Whatever bound was reached, the walk over the whole reaches it too, and tells.
    if (error instanceof ParseStop) return none;
    throw error;
  }
}

async function tailBefore(content: Content, graphEnd: number, clock: TimeLimit): Promise<OnnxWithTail> {
  let from = Math.max(0, Math.min(content.size - ONNX_TAIL_BYTES, graphEnd - ONNX_TAIL_BYTES / 2));
  const read = (start: number, end: number) =>
    clock.run(start, (signal) => readHead(content.slice(start, end), end - start, { signal }));
  let bytes = await read(from, Math.min(content.size, from + ONNX_TAIL_BYTES));
  let start = tailStart(bytes, graphEnd - from);
  let tail = await readTail(bytes, start, graphEnd - from);
  if (tail.outputs.length === 0 && start < MAX_ONNX_VALUE_BYTES && from > 0) {
    const earlier = await read(Math.max(0, from - ONNX_LONG_TAIL_BYTES), from);
    bytes = Buffer.concat([earlier, bytes]);
    from -= earlier.byteLength;
    start = tailStart(bytes, graphEnd - from);
    tail = await readTail(bytes, start, graphEnd - from);
  }
  return { content: withPart(content, from, bytes), tail };
}

/** Where the graph ends by the first fields of a model (ModelProto 7); undefined where it does not begin in them. */
function graphEndOf(head: Uint8Array): number | undefined {
  for (let at = 0; at < head.byteLength; ) {
    const tag = headVarint(head, at);
    const value = tag && headVarint(head, tag.next);
    if (tag === undefined || value === undefined) return undefined;
    const wire = tag.value & 7;
    if (wire !== 0 && wire !== 2) return undefined;
    if (tag.value >> 3 === 7)
      return wire === 2 && value.value < MAX_GRAPH_BYTES ? value.next + value.value : undefined;
    at = wire === 0 ? value.next : value.next + value.value;
  }
  return undefined;
}

async function readTail(bytes: Uint8Array, start: number, graphEnd: number): Promise<OnnxWalk> {
  const walk = new OnnxWalk(new ByteCursor(new RangeSource(bytesContent(bytes)), start));
  try {
    await walk.rest(graphEnd, bytes.byteLength);
  } catch (error) {
    if (!(error instanceof ParseStop)) throw error;
  }
  return walk;
}

/**
 * The first place from which fields of a graph fill the bytes exactly up to its end. Those that name values must look
 * like it to their end, so that numbers in the weights before them do not.
 */
export function tailStart(bytes: Uint8Array, end: number): number {
  const fills = new Uint8Array(end + 1);
  fills[end] = 1;
  let start = end;
  let places = 0;
  for (let at = end - 2; at >= 0 && places < MAX_ONNX_TAIL_PLACES; at -= 1) {
    const tag = bytes[at] ?? 0;
    const [one, two] = [(bytes[at] ?? 0) & 0x7f, bytes[at + 1] ?? 0];
    const isShort = tag < 0x80;
    const number = (isShort ? one : one + two * 128) >> 3;
    if ((tag & 7) !== 2 || !TAIL_FIELDS.has(number)) continue;
    const length = headVarint(bytes, at + (isShort ? 1 : 2));
    if (length === undefined) continue;
    const next = length.next + length.value;
    if (next > end || fills[next] !== 1) continue;
    places += 1;
    if (!isValue(bytes, length.next, next)) continue;
    fills[at] = 1;
    start = at;
  }
  return start;
}

/** A message that begins with a name (field 1) and has no more than a few other messages and texts. */
function isValue(bytes: Uint8Array, from: number, end: number): boolean {
  let at = from;
  for (let fields = 0; at < end && fields < MAX_ONNX_VALUE_FIELDS; fields += 1) {
    const tag = bytes[at] ?? 0;
    const length = headVarint(bytes, at + 1);
    if (tag > 0x7f || (tag & 7) !== 2 || tag < 8 || length === undefined) return false;
    if (fields === 0 && (tag >> 3 !== 1 || !isName(bytes, length.next, length.value))) return false;
    at = length.next + length.value;
  }
  return at === end && at > from;
}

function isName(bytes: Uint8Array, at: number, length: number): boolean {
  if (length === 0) return false;
  return bytes
    .subarray(at, at + Math.min(length, MAX_NAME_LOOKED_AT))
    .every((byte) => byte >= 0x20 && byte !== 0x7f);
}
