import { isOmlmdError } from '../errors.ts';
import type { CallOptions } from '../oci/content.ts';
import { FactsBuilder } from './facts.ts';
import { ByteCursor } from './parse/byte-cursor.ts';
import { RangeSource, type RangeSourceOptions } from './parse/byte-source.ts';
import type { MemoryGuard } from './parse/memory-guard.ts';
import { PagedSource } from './parse/paged-source.ts';
import type { ModelFacts, ModelFile } from './reader.ts';

/** What one format's parser works with. */
export interface Reading {
  readonly file: ModelFile;
  readonly cursor: ByteCursor;
  readonly facts: FactsBuilder;
  /** For what works long on bytes that are here already. */
  readonly memory: MemoryGuard | undefined;
}

/**
 * Runs one format's parser over a file and gives what it found, also where it could not read on. Failed reads of the
 * content and the caller's abort reject.
 */
export async function collectFacts(
  file: ModelFile,
  parse: (reading: Reading) => Promise<void>,
  options: RangeSourceOptions = {},
): Promise<FactsBuilder> {
  const source = new RangeSource(file.content, options);
  const facts = new FactsBuilder();
  try {
    const cursor = new ByteCursor(source);
    const { memory } = options;
    await facts.collect(() => parse({ file, cursor, facts, memory }), isFatal(options));
    return facts;
  } finally {
    source.close();
  }
}

/** What the parser of a format that points back and forth works with. */
export interface PagedReading {
  readonly file: ModelFile;
  readonly source: PagedSource;
  readonly facts: FactsBuilder;
}

/** {@link collectFacts} for formats that are read here and there. */
export async function collectPagedFacts(
  file: ModelFile,
  parse: (reading: PagedReading) => Promise<void>,
  options: RangeSourceOptions = {},
): Promise<FactsBuilder> {
  const source = new PagedSource(file.content, options);
  const facts = new FactsBuilder();
  await facts.collect(() => parse({ file, source, facts }), isFatal(options));
  return facts;
}

/** A fault of a reader is a finding too: one odd file must not stop a push of many. */
export async function unstopped<T extends ModelFacts | undefined>(
  id: string,
  stem: string,
  options: CallOptions,
  read: () => Promise<T>,
): Promise<T | ModelFacts> {
  try {
    return await read();
  } catch (error) {
    if (isFatal(options)(error)) throw error;
    const facts = new FactsBuilder();
    facts.stopped(error);
    return facts.build(id, stem);
  }
}

/** Whether an error is the caller's business: its abort, or a read that failed. */
export function isFatal(options: CallOptions): (error: unknown) => boolean {
  return (error) => options.signal?.aborted === true || isOmlmdError(error);
}
