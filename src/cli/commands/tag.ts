import { addTags, escapeControls, parseLocation } from '../../core/index.ts';
import type { Verb } from '../verb.ts';

export const tagVerb: Verb = {
  name: 'tag',
  summary: 'give an artifact more tags',
  remote: true,
  configure(command) {
    command.argument('<reference>', 'an artifact').argument('<tags...>', 'new tags in its repository');
  },
  async run({ context, signal }, [reference, tags]) {
    const result = await addTags(context, parseLocation(String(reference)), Array.isArray(tags) ? tags : [], {
      signal,
    });
    return {
      data: result,
      text: `Tagged ${escapeControls(result.reference)} as ${result.tags.join(', ')}\n  ${result.digest}`,
    };
  },
};
