import { bitsOf } from '../dtypes.ts';
import { MAX_NAME_BYTES, MAX_RANK } from '../limits.ts';
import type { ByteCursor } from '../parse/byte-cursor.ts';
import { malformed } from '../parse/parse-stop.ts';
import {
  type ProtobufField,
  readIntegers,
  readPair,
  readText,
  walkMessage,
} from '../parse/protobuf-walker.ts';
import { elementsOf, type TensorInfo } from '../tensor-tally.ts';
import { dataTypeName } from './onnx-types.ts';

/** A TensorProto without its values. */
export interface OnnxTensor extends TensorInfo {
  readonly elements: bigint;
  /** By shape and type; what the file holds may be elsewhere. */
  readonly weightBytes: bigint;
  /** Bytes of `raw_data` where the values are that. */
  readonly rawBytes: number | undefined;
  /** `location` of external data, as the file has it. */
  readonly location: string | undefined;
}

/** TensorProto: 1 dims, 2 data_type, 8 name, 9 raw_data, 13 external_data, 14 data_location (1 = external). */
export async function readTensor(
  cursor: ByteCursor,
  field: ProtobufField,
  depth: number,
): Promise<OnnxTensor> {
  const at = cursor.position;
  const dims: bigint[] = [];
  let dtype = 'UNDEFINED';
  let name = '';
  let rawBytes: number | undefined;
  let location: string | undefined;
  let external = false;
  await walkMessage(
    cursor,
    field.end,
    (part) => {
      switch (part.number) {
        case 1:
          return readIntegers(cursor, part, dims, MAX_RANK);
        case 2:
          dtype = dataTypeName(part.value);
          return;
        case 8:
          return readText(cursor, part, MAX_NAME_BYTES).then((text) => {
            name = text;
          });
        case 9:
          rawBytes = part.end - cursor.position;
          return;
        case 13:
          return readPair(cursor, part, depth + 1).then(([key, value]) => {
            if (key === 'location') location = value;
          });
        case 14:
          external = part.value === 1n;
      }
    },
    depth,
  );
  const shape = dims.map((dim) => toSize(dim, at));
  const elements = elementsOf(shape, at);
  return {
    name,
    dtype,
    shape,
    elements,
    weightBytes: (elements * BigInt(bitsOf(dtype) ?? 0) + 7n) / 8n,
    rawBytes: external ? undefined : rawBytes,
    location: external ? (location ?? '') : undefined,
  };
}

function toSize(dim: bigint, at: number): number {
  if (dim < 0n || dim > BigInt(Number.MAX_SAFE_INTEGER))
    throw malformed('a dimension is negative or too large', at);
  return Number(dim);
}
