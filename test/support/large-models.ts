import { closeSync, openSync, truncateSync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';

/** GGUF's types of values, and its type of half floats. */
const [UINT32, STRING, ARRAY] = [4, 8, 9];
const F16 = 1;
const GGUF_ALIGNMENT = 32;
/** Of language models of today. */
const TOKENS = 128_256;

function number(value: number, bytes: 4 | 8): Buffer {
  const buffer = Buffer.alloc(bytes);
  if (bytes === 8) buffer.writeBigUInt64LE(BigInt(value));
  else buffer.writeUInt32LE(value);
  return buffer;
}

function ggufText(text: string): Buffer {
  return Buffer.concat([number(Buffer.byteLength(text), 8), Buffer.from(text)]);
}

/**
 * Writes a valid GGUF file with a vocabulary of usual size and `count` tensors of `elements` half floats, which are a
 * hole: no disk is used for them.
 */
export async function writeSparseGguf(path: string, count: number, elements: number): Promise<void> {
  const tokens = Array.from({ length: TOKENS }, (_, at) => ggufText(`▁token${at}`));
  const keys = [
    [ggufText('general.architecture'), number(STRING, 4), ggufText('llama')],
    [ggufText('general.file_type'), number(UINT32, 4), number(F16, 4)],
    [ggufText('llama.context_length'), number(UINT32, 4), number(131_072, 4)],
    [ggufText('tokenizer.ggml.tokens'), number(ARRAY, 4), number(STRING, 4), number(TOKENS, 8), ...tokens],
  ];
  const bytes = elements * 2;
  const tensors = Array.from({ length: count }, (_, at) =>
    Buffer.concat([
      ggufText(`blk.${at}.ffn_up.weight`),
      number(1, 4),
      number(elements, 8),
      number(F16, 4),
      number(at * bytes, 8),
    ]),
  );
  const head = [Buffer.from('GGUF'), number(3, 4), number(count, 8), number(keys.length, 8)];
  const header = Buffer.concat([...head, ...keys.flat(), ...tensors]);
  const start = Math.ceil(header.byteLength / GGUF_ALIGNMENT) * GGUF_ALIGNMENT;
  const file = await open(path, 'w');
  try {
    await file.write(header);
    await file.truncate(start + count * bytes);
  } finally {
    await file.close();
  }
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return Buffer.from([...bytes, rest]);
}

/** A field of protobuf whose `length` bytes begin with `start`, or are it. */
function field(id: number, start: Uint8Array | string, length?: number): Buffer {
  const bytes = Buffer.from(start);
  return Buffer.concat([varint(id * 8 + 2), varint(length ?? bytes.byteLength), bytes]);
}

const scalar = (id: number, value: number) => Buffer.concat([varint(id * 8), varint(value)]);

/** Writes a valid ONNX model with `count` floats tensors of `elements` each, which are holes, inside of it. */
export function writeSparseOnnx(path: string, count: number, elements: number): void {
  const bytes = elements * 4;
  // GraphProto.node (1) and name (2) stand before the initializers (5); ModelProto.opset_import (8) behind all.
  const nodes = Array.from({ length: count }, (_, at) => {
    const parts = [
      field(1, at === 0 ? 'x' : `y${at - 1}`),
      field(1, `w${at}`),
      field(2, `y${at}`),
      field(4, 'Add'),
    ];
    return field(1, Buffer.concat(parts));
  });
  const tensors = Array.from({ length: count }, (_, at) => {
    // TensorProto: 1 dims, 2 type (float), 8 name, 9 the bytes.
    const head = Buffer.concat([scalar(1, elements), scalar(2, 1), field(8, `w${at}`), field(9, '', bytes)]);
    return field(5, head, head.byteLength + bytes);
  });
  const graphHead = Buffer.concat([...nodes, field(2, 'large')]);
  const length = graphHead.byteLength + tensors.reduce((sum, head) => sum + head.byteLength + bytes, 0);
  const file = openSync(path, 'w');
  try {
    let at = 0;
    const put = (part: Uint8Array) => {
      at += writeSync(file, part, 0, part.byteLength, at);
    };
    put(Buffer.concat([scalar(1, 10), field(2, 'made'), field(7, graphHead, length)]));
    for (const head of tensors) {
      put(head);
      at += bytes;
    }
    put(field(8, scalar(2, 21)));
    truncateSync(path, at);
  } finally {
    closeSync(file);
  }
}
