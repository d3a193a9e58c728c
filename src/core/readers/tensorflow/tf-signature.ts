import { MAX_NAME_BYTES, MAX_TF_SIGNATURE_TENSORS } from '../limits.ts';
import type { ByteCursor } from '../parse/byte-cursor.ts';
import { type ProtobufField, readText, walkMessage } from '../parse/protobuf-walker.ts';
import { readTfShape, type TfShape, tfType } from './tf-types.ts';

/** A tensor that goes into a signature or comes out of it. */
export interface TfEnd {
  readonly name: string;
  readonly dtype: string;
  readonly shape: TfShape;
}

/** What a caller of the model may ask for. */
export interface TfSignature {
  readonly inputs: readonly TfEnd[];
  readonly outputs: readonly TfEnd[];
  readonly method_name: string;
}

/** An entry of a protobuf map whose key is text: 1 key, 2 value. */
export async function readEntry(
  cursor: ByteCursor,
  field: ProtobufField,
  depth: number,
  onValue: (value: ProtobufField) => Promise<void>,
): Promise<string> {
  let key = '';
  await walkMessage(
    cursor,
    field.end,
    async (part) => {
      if (part.number === 1) key = await readText(cursor, part, MAX_NAME_BYTES);
      else if (part.number === 2) await onValue(part);
    },
    depth,
  );
  return key;
}

/** SignatureDef: 1 inputs, 2 outputs (both maps), 3 method. */
export async function readSignature(
  cursor: ByteCursor,
  field: ProtobufField,
  depth: number,
): Promise<TfSignature> {
  const inputs: TfEnd[] = [];
  const outputs: TfEnd[] = [];
  let method = '';
  await walkMessage(
    cursor,
    field.end,
    async (part) => {
      if (part.number === 3) method = await readText(cursor, part, MAX_NAME_BYTES);
      const into = part.number === 1 ? inputs : part.number === 2 ? outputs : undefined;
      if (into !== undefined && into.length < MAX_TF_SIGNATURE_TENSORS)
        into.push(await readEnd(cursor, part, depth + 1));
    },
    depth,
  );
  // A map has no order of its own.
  const byName = (a: TfEnd, b: TfEnd) => (a.name < b.name ? -1 : 1);
  return { inputs: inputs.sort(byName), outputs: outputs.sort(byName), method_name: method };
}

/** TensorInfo: 2 type, 3 shape. */
async function readEnd(cursor: ByteCursor, field: ProtobufField, depth: number): Promise<TfEnd> {
  let dtype = 'INVALID';
  let shape: TfShape = null;
  const onInfo = async (part: ProtobufField) => {
    if (part.number === 2) dtype = tfType(part.value);
    else if (part.number === 3) shape = await readTfShape(cursor, part, depth + 2);
  };
  const name = await readEntry(cursor, field, depth, (value) =>
    walkMessage(cursor, value.end, onInfo, depth + 1),
  );
  return { name, dtype, shape };
}
