import { FactsBuilder } from './facts.ts';
import type { ModelFacts, ModelFile } from './reader.ts';

/** What is known of a file that no reader recognises: it can be pushed all the same. */
export function unknownFacts(file: ModelFile, stem: string): ModelFacts {
  const facts = new FactsBuilder();
  facts.details.size = file.content.size;
  facts.details.media_type = 'application/octet-stream';
  return facts.build('unknown', stem);
}
