import type { FactsBuilder } from '../facts.ts';
import type { ZipArchive } from '../parse/zip-archive.ts';
import type { PickleReading } from '../pickle/pickle-reading.ts';
import type { ModelFile, ReadOptions } from '../reader.ts';

/** What the parser of a format that is a zip file works with. */
export interface ZipReading {
  readonly file: ModelFile;
  readonly archive: ZipArchive;
  readonly facts: FactsBuilder;
  /** The pickles of all members; their imports are reported once, when the parser is done or was stopped. */
  readonly pickles: PickleReading;
  readonly options: ReadOptions;
}

/** A model format that is a zip file. The names of its members tell it from the others. */
export interface ZipFormat {
  /** Equal to `model_format_name`. */
  readonly id: string;
  readonly extensions: readonly string[];
  /** Whether loading runs code of the file even where no pickle could be read. */
  readonly runsCode?: boolean;
  /** @param names of the members, in the order of the directory */
  fits(names: ReadonlySet<string>): boolean;
  parse(reading: ZipReading): Promise<void>;
}

/** Local header, or the end of an empty archive. */
export function looksLikeZip(head: Uint8Array): boolean {
  const [p, k, third = 0, fourth = 0] = head;
  return p === 0x50 && k === 0x4b && ((third === 3 && fourth === 4) || (third === 5 && fourth === 6));
}
