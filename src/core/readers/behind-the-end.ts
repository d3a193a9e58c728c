import type { Content } from '../oci/content.ts';
import type { FactsBuilder } from './facts.ts';
import { MAX_TAIL_BYTES, MAX_TAIL_READ_MS } from './limits.ts';
import { ByteCursor } from './parse/byte-cursor.ts';
import { RangeSource, type RangeSourceOptions } from './parse/byte-source.ts';
import { PickleReading } from './pickle/pickle-reading.ts';
import type { ReadOptions } from './reader.ts';

/** The bounds of what is read behind a model's end. */
export function tailLimits(options: ReadOptions): RangeSourceOptions {
  return { ...options, maxBytes: MAX_TAIL_BYTES, maxMilliseconds: MAX_TAIL_READ_MS };
}

/**
 * Bytes behind the end of a model whose format has one: no loader looks at them, so they are told as hidden, and judged
 * where they are pickles.
 * @param what whose end it is
 */
export async function readBehindEnd(
  content: Content,
  end: number,
  what: string,
  facts: FactsBuilder,
  options: ReadOptions,
): Promise<void> {
  if (end >= content.size) return;
  const pickles = new PickleReading(facts);
  const source = new RangeSource(content.slice(end), tailLimits(options));
  try {
    await pickles.readBehind(new ByteCursor(source), what, `offset ${end}`);
  } finally {
    source.close();
    if (pickles.hasImports) pickles.reportImports(false);
  }
}
