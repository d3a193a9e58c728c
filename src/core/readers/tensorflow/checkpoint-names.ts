import { MAX_NAME_BYTES, MAX_TF_VARIABLES } from '../limits.ts';
import type { ByteCursor } from '../parse/byte-cursor.ts';
import { type ProtobufField, readText, readVarint, walkMessage } from '../parse/protobuf-walker.ts';

/** The entry of a checkpoint that tells what its variables are called in the program. */
export const OBJECT_GRAPH_KEY = '_CHECKPOINTABLE_OBJECT_GRAPH';

/**
 * Names of variables by their keys. A text in a checkpoint is its length and a checksum of the length, then the bytes;
 * here a TrackableObjectGraph: 1 nodes, of which 2 are attributes (2 name, 3 key).
 */
export async function readCheckpointNames(cursor: ByteCursor): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>();
  await cursor.fill(Math.min(20, cursor.left));
  const length = Number(readVarint(cursor));
  await cursor.skip(4);
  const end = cursor.position + Math.min(length, cursor.left);
  const onAttribute = async (attribute: ProtobufField) => {
    if (attribute.number !== 2) return;
    const texts = ['', '', '', ''];
    await walkMessage(
      cursor,
      attribute.end,
      async (part) => {
        if (part.number < texts.length) texts[part.number] = await readText(cursor, part, MAX_NAME_BYTES);
      },
      2,
    );
    const [, , name = '', key = ''] = texts;
    if (name !== '' && names.size < MAX_TF_VARIABLES) names.set(key, name);
  };
  await walkMessage(cursor, end, (node) => walkNode(cursor, node, onAttribute));
  return names;
}

async function walkNode(
  cursor: ByteCursor,
  node: ProtobufField,
  onPart: (part: ProtobufField) => Promise<void>,
): Promise<void> {
  if (node.number === 1) await walkMessage(cursor, node.end, onPart, 1);
}
