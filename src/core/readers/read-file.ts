import { isOmlmdError } from '../errors.ts';
import type { CallOptions } from '../oci/content.ts';
import { ByteCursor } from './byte-cursor.ts';
import { RangeSource, type RangeSourceOptions } from './byte-source.ts';
import { FactsBuilder } from './facts.ts';
import type { ModelFile } from './reader.ts';

/** What one format's parser works with. */
export interface Reading {
  readonly file: ModelFile;
  readonly cursor: ByteCursor;
  readonly facts: FactsBuilder;
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
  const cursor = new ByteCursor(new RangeSource(file.content, options));
  const facts = new FactsBuilder();
  await facts.collect(() => parse({ file, cursor, facts }), isFatal(options));
  return facts;
}

/** Whether an error is the caller's business: its abort, or a read that failed. */
export function isFatal(options: CallOptions): (error: unknown) => boolean {
  return (error) => options.signal?.aborted === true || isOmlmdError(error);
}
