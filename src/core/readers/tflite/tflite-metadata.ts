import { FactsBuilder } from '../facts.ts';
import { MAX_NAME_BYTES, MAX_TFLITE_PARTS } from '../limits.ts';
import { decodeText } from '../parse/byte-cursor.ts';
import { FlatTable } from '../parse/flatbuffer.ts';
import type { PagedSource } from '../parse/paged-source.ts';
import { ParseStop } from '../parse/parse-stop.ts';
import { readZipDirectory } from '../parse/zip-directory.ts';
import { END_BYTES, END_SIGNATURE } from '../parse/zip-records.ts';
import { readBuffer } from './tflite-buffers.ts';

/** The entry that describes the model for people. */
const DESCRIPTION = 'TFLITE_METADATA';
/** Where the metadata flatbuffer states its kind. */
const IDENTIFIER = 'M001';

/** Metadata: 0 name, 1 buffer. What is in the known ones is shown; of the others the size. */
export async function reportMetadata(
  model: FlatTable,
  source: PagedSource,
  facts: FactsBuilder,
): Promise<void> {
  const entries: { name: string; bytes: number }[] = [];
  facts.details.metadata = entries;
  for await (const entry of model.tables(6, MAX_TFLITE_PARTS)) {
    const name = (await entry.text(0, MAX_NAME_BYTES)) ?? '';
    const bytes = await readBuffer(model, entry.u32(1));
    entries.push({ name, bytes: bytes?.count ?? 0 });
    if (bytes === undefined) continue;
    if (name === 'min_runtime_version') {
      const text = decodeText(await source.read(bytes.at, Math.min(bytes.count, 64)));
      facts.details.min_runtime_version = text.split('\u0000')[0];
    } else if (name === DESCRIPTION) await reportModelMetadata(source, bytes.at, bytes.count, facts);
  }
}

/** ModelMetadata: 0 name, 1 description, 2 version, 4 author, 5 license. */
async function reportModelMetadata(
  source: PagedSource,
  at: number,
  count: number,
  facts: FactsBuilder,
): Promise<void> {
  if (count < 8 || decodeText(await source.read(at + 4, 4)) !== IDENTIFIER) return;
  const metadata = await FlatTable.root(source, at, at + count);
  facts.own('name', await metadata.text(0));
  facts.own('description', await metadata.text(1));
  facts.own('author', await metadata.text(4));
  const version = await metadata.text(2, MAX_NAME_BYTES);
  if (version !== undefined) facts.details.model_version = version;
  facts.property('license', await metadata.text(5));
}

/** Zeros that align what a flatbuffer holds, and those of the last text. */
const MAX_PADDING_BYTES = 32;
const ZIP_START = Buffer.from('PK\u0003\u0004');

/** Where something else than padding follows; undefined at the end of the file, and where a zip file has lost its end. */
export async function skipPadding(
  source: PagedSource,
  end: number,
  facts: FactsBuilder,
): Promise<number | undefined> {
  const bytes = await source.read(end, Math.min(source.size - end, MAX_PADDING_BYTES));
  const padding = bytes.findIndex((byte) => byte !== 0);
  if (padding < 0) return bytes.byteLength < MAX_PADDING_BYTES ? undefined : end;
  const start = Buffer.from(bytes.subarray(padding, padding + ZIP_START.byteLength));
  if (!isDescribed(facts) || !start.equals(ZIP_START.subarray(0, start.byteLength))) return end + padding;
  if ((await attachedNames(source)) === undefined)
    facts.stopped(new ParseStop('truncated', 'the zip file behind the model has no end', source.size));
  return undefined;
}

/**
 * A zip file behind the flatbuffer: labels and vocabularies that the metadata describes. Without metadata nobody looks
 * for one. Gives whether there is one.
 */
export async function reportAttachedFiles(source: PagedSource, facts: FactsBuilder): Promise<boolean> {
  const bytes = Math.min(source.size, END_BYTES);
  const tail = Buffer.from(await source.read(source.size - bytes, bytes));
  if (bytes < END_BYTES || tail.readUInt32LE(0) !== END_SIGNATURE) return false;
  facts.details.attached_files = (await attachedNames(source)) ?? [];
  if (!isDescribed(facts))
    facts.finding(
      'medium',
      'hidden-data',
      'a zip file stands behind the model, which has no metadata for it',
    );
  return true;
}

function isDescribed({ details }: FactsBuilder): boolean {
  return Array.isArray(details.metadata) && details.metadata.some(isDescription);
}

function isDescription(entry: unknown): boolean {
  return typeof entry === 'object' && entry !== null && 'name' in entry && entry.name === DESCRIPTION;
}

/** What the directory says of itself as an archive (bytes before it, and so on) is known here. */
async function attachedNames(source: PagedSource): Promise<string[] | undefined> {
  try {
    const { members } = await readZipDirectory(source, new FactsBuilder());
    return members.slice(0, MAX_TFLITE_PARTS).map(({ name }) => name.slice(0, MAX_NAME_BYTES));
  } catch (error) {
    if (error instanceof ParseStop) return undefined;
    throw error;
  }
}
