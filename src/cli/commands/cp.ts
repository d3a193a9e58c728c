import { copyArtifact, type Location, OmlmdError, parseLocation } from '../../core/index.ts';
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
  async run({ context, credential, options, signal, onProgress }, [source, destination]) {
    const from = parseLocation(String(source));
    const to = parseLocation(String(destination));
    if (credential !== undefined) refuseTwoRegistries(from, to);
    const withReferrers = options.flag('recursive');
    const concurrency = options.number('concurrency');
    const result = await copyArtifact(context, from, to, { withReferrers, concurrency, signal, onProgress });
    return { data: result, text: pushCard(result, 'Copied to') };
  },
};

/** A login typed for one registry must not be shown to another (S14). */
function refuseTwoRegistries(from: Location, to: Location): void {
  if (from.kind !== 'registry' || to.kind !== 'registry' || from.registry === to.registry) return;
  throw new OmlmdError(
    'usage',
    `cp: one login cannot be for both ${from.registry} and ${to.registry}; run "omlmd login" for one of them`,
  );
}
