import { attach, escapeControls, OmlmdError, parseLocation } from '../../core/index.ts';
import { keyValue, repeatable } from '../option-types.ts';
import { parsePath } from '../parse-path.ts';
import type { Verb } from '../verb.ts';

export const attachVerb: Verb = {
  name: 'attach',
  summary: 'attach files to an artifact: a bill of materials, a report',
  remote: true,
  configure(command) {
    command
      .argument('<reference>', 'an artifact')
      .argument('<paths...>', 'files, each with an optional :MEDIA/TYPE')
      .requiredOption('--artifact-type <type>', 'what it is, for example application/spdx+json')
      .addOption(repeatable('-a, --annotation <key=value>', 'add a manifest annotation (repeatable)'))
      .option('--no-digest-cache', 'hash every file anew, changed or not');
  },
  async run({ context, options, signal, onProgress }, [reference, paths]) {
    const artifactType = options.text('artifactType');
    if (artifactType === undefined) throw new OmlmdError('usage', 'attach: expected --artifact-type');
    const location = parseLocation(String(reference));
    const named = await Promise.all((Array.isArray(paths) ? paths : []).map(parsePath));
    const annotations = Object.fromEntries(options.list('annotation').map((text) => keyValue(text, '-a')));
    const concurrency = options.number('concurrency');
    const report = await attach(context, location, named, {
      artifactType,
      annotations,
      concurrency,
      digestCache: options.flag('digestCache'),
      signal,
      onProgress,
    });
    const to = escapeControls(String(reference));
    return { data: report, text: `Attached ${escapeControls(artifactType)} to ${to}\n  ${report.digest}` };
  },
};
