import { quote } from '../../errors.ts';
import { companionPath } from '../companion-path.ts';
import type { FactsBuilder } from '../facts.ts';
import {
  MAX_FLATBUFFER_TABLES,
  MAX_NAME_BYTES,
  MAX_TFLITE_BUFFERS_CHECKED,
  MAX_TFLITE_PARTS,
} from '../limits.ts';
import type { FlatTable, FlatVector } from '../parse/flatbuffer.ts';
import type { PagedSource } from '../parse/paged-source.ts';
import { ParseStop } from '../parse/parse-stop.ts';
import { type TfliteTensor, tensorBytes } from './tflite-graph.ts';

/** Files that are small enough to look at each buffer. */
const SMALL_BYTES = 4 * 1024 * 1024;

/** Where the bytes of a buffer are: in the flatbuffer, or behind it. */
export async function readBuffer(model: FlatTable, index: number): Promise<FlatVector | undefined> {
  const table = await model.element(4, index);
  return table === undefined ? undefined : await bufferBytes(table);
}

/** Buffer: 0 data; 1 offset and 2 size of bytes behind the flatbuffer, where they are above 1. */
async function bufferBytes(table: FlatTable): Promise<FlatVector | undefined> {
  const offset = table.u64(1);
  return offset > 1 ? { at: offset, count: table.u64(2) } : await table.vector(0, 1);
}

/** Compares weights with the bytes that are there, of so many as the file makes cheap. */
export async function checkBuffers(
  model: FlatTable,
  source: PagedSource,
  weights: readonly TfliteTensor[],
  facts: FactsBuilder,
): Promise<void> {
  const most = source.size <= SMALL_BYTES ? MAX_FLATBUFFER_TABLES : MAX_TFLITE_BUFFERS_CHECKED;
  const checked = weights.slice(0, most);
  await model.prefetchElements(
    4,
    checked.map(({ buffer }) => buffer),
  );
  for (const weight of checked) {
    const bytes = await readBuffer(model, weight.buffer);
    const count = bytes?.count ?? 0;
    if (bytes !== undefined && bytes.at + count > source.size) {
      throw new ParseStop('truncated', `the weights of ${quote(weight.name)} reach past the end`, bytes.at);
    }
    // Sparse tensors and strings take other numbers of bytes; nothing at all is a weight that is not there.
    if (count > 0 && BigInt(count) < tensorBytes(weight)) {
      const message = `the weights of ${quote(weight.name)} take ${count} bytes, which is less than their shape`;
      facts.finding('medium', 'malformed', message, `tensor ${quote(weight.name)}`);
    }
  }
}

/** ExternalBufferGroup: 0 name of a file that holds weights. */
export async function reportExternalFiles(model: FlatTable, facts: FactsBuilder): Promise<void> {
  for await (const group of model.tables(8, MAX_TFLITE_PARTS)) {
    const name = (await group.text(0, MAX_NAME_BYTES)) ?? '';
    const beside = companionPath(name);
    if (beside !== undefined) facts.companion(beside);
    else {
      const message = `weights are said to be in ${quote(name)}, which is not a file in the model's folder`;
      facts.finding('critical', 'external-path', message);
    }
  }
}
