import { escapeControls, parseLocation, removeTags } from '../../core/index.ts';
import { hintIfUnsupported } from '../describe-error.ts';
import type { Verb } from '../verb.ts';

export const untagVerb: Verb = {
  name: 'untag',
  summary: 'remove tags; the artifact stays',
  remote: true,
  configure(command) {
    command.argument('<reference>', 'REPOSITORY:TAG[,TAG…]');
  },
  async run({ context, signal }, [reference]) {
    const result = await removeTags(context, parseLocation(String(reference)), { signal }).catch(
      hintIfUnsupported(
        'Point the tag at something else with "omlmd tag", or delete the artifact with all its tags with "omlmd rm".',
      ),
    );
    return {
      data: result,
      text: `Removed the tag ${result.tags.join(', ')} of ${escapeControls(result.reference)}\n  ${result.digest} stays`,
    };
  },
};
