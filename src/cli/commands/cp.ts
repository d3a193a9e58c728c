import { copyAllTags, copyArtifact, type Location, OmlmdError, parseLocation } from '../../core/index.ts';
import { refuseSeveralRegistries } from '../remote-options.ts';
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
      .option('-r, --recursive', 'also its referrers (signatures, attached files)')
      .option('--all-tags', 'every tag of the source repository');
  },
  async run({ context, credential, options, signal, onProgress }, [source, destination]) {
    const from = parseLocation(String(source));
    const to = parseLocation(String(destination));
    refuseSeveralRegistries('cp', credential, [from, to]);
    const withReferrers = options.flag('recursive');
    const concurrency = options.number('concurrency');
    const copying = { withReferrers, concurrency, signal, onProgress };
    if (options.flag('allTags')) {
      refuseTags(from, to);
      const results = await copyAllTags(context, from, to, copying);
      return { data: results, text: results.map((result) => pushCard(result, 'Copied to')).join('\n') };
    }
    const result = await copyArtifact(context, from, to, copying);
    return { data: result, text: pushCard(result, 'Copied to') };
  },
};

function refuseTags(from: Location, to: Location): void {
  for (const { tags, digest } of [from, to]) {
    if (tags.length > 0 || digest !== undefined)
      throw new OmlmdError('usage', 'cp --all-tags: expected two repositories, without tag or digest');
  }
}
