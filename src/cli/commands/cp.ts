import { copyArtifact, OmlmdError, parseLocation } from '../../core/index.ts';
import { pushCard } from '../render/card.ts';
import type { Verb } from '../verb.ts';

export const cpVerb: Verb = {
  name: 'cp',
  summary: 'copy an artifact between registries, the local store and layouts',
  remote: true,
  configure(command) {
    command
      .argument('<source>', 'an artifact')
      .argument('<destination>', 'where to')
      .option('-r, --recursive', 'also its referrers (signatures, attached files)');
  },
  async run({ context, options, signal, onProgress }, [source, destination]) {
    const result = await copyArtifact(
      context,
      parseLocation(String(source)),
      parseLocation(String(destination)),
      {
        withReferrers: options.flag('recursive'),
        concurrency: options.number('concurrency'),
        signal,
        onProgress,
      },
    );
    return { data: result, text: pushCard(result, 'Copied to') };
  },
};
