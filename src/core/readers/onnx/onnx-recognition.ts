import { MAX_NAME_BYTES } from '../limits.ts';
import { modelExtension } from '../model-name.ts';
import { headVarint } from '../parse/protobuf-head.ts';

/** Wire type by field of ModelProto; a file that begins otherwise is none. */
const MODEL_FIELDS: ReadonlyMap<number, number> = new Map([
  [1, 0],
  [2, 2],
  [3, 2],
  [4, 2],
  [5, 0],
  [6, 2],
  [7, 2],
  [8, 2],
  [14, 2],
  [20, 2],
  [25, 2],
  [26, 2],
]);
const GRAPH_FIELD = 7;
/** Producer, its version, domain. TensorFlow's SavedModel has a message in the place of the first. */
const NAME_FIELDS: ReadonlySet<number> = new Set([2, 3, 4]);
/** Highest IR version that is believed; far above today's. */
const MAX_IR_VERSION = 1000;

/**
 * Whether the head of a file is that of an ONNX model. Protobuf has no magic: the fields must be ModelProto's, with the
 * IR version among those before the graph. By name alone nothing is recognised, but a file called `.onnx` may leave the
 * version out.
 */
export function looksLikeOnnx(path: string, head: Uint8Array): boolean {
  const named = modelExtension(path) === '.onnx';
  let at = 0;
  let fields = 0;
  let version = false;
  while (at < head.byteLength) {
    const tag = headVarint(head, at);
    if (tag === undefined) break;
    const [number, wire] = [tag.value >> 3, tag.value & 7];
    if (MODEL_FIELDS.get(number) !== wire) return false;
    const value = headVarint(head, tag.next);
    if (value === undefined) break;
    if (number === 1) {
      if (value.value < 1 || value.value > MAX_IR_VERSION) return false;
      version = true;
    }
    if (NAME_FIELDS.has(number) && !named && !looksLikeName(head, value.next, value.value)) return false;
    fields += 1;
    if (number === GRAPH_FIELD && looksLikeGraph(head, value.next)) return version || named;
    at = wire === 0 ? value.next : value.next + value.value;
  }
  return version && (fields > 1 || named);
}

/** A graph begins with nodes, its name, initializers or a later field; all are length-delimited. */
function looksLikeGraph(head: Uint8Array, at: number): boolean {
  const tag = head[at];
  return tag === undefined || [0x0a, 0x12, 0x2a, 0x52, 0x5a, 0x62, 0x6a, 0x72, 0x7a].includes(tag);
}

function looksLikeName(head: Uint8Array, at: number, length: number): boolean {
  return length <= MAX_NAME_BYTES && head.subarray(at, at + length).every((byte) => byte >= 0x20);
}
