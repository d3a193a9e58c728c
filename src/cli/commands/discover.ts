import {
  discover,
  escapeControls,
  formatBytes,
  parseLocation,
  type ReferrerTree,
  shortDigest,
} from '../../core/index.ts';
import { formatTree, type TextTree } from '../render/tree.ts';
import type { Verb } from '../verb.ts';

function toTree({ artifactType, digest, size, referrers }: ReferrerTree): TextTree {
  const type = escapeControls(artifactType ?? '(no artifact type)');
  return { text: `${type}  ${shortDigest(digest)}  ${formatBytes(size)}`, children: referrers.map(toTree) };
}

export const discoverVerb: Verb = {
  name: 'discover',
  summary: 'show what refers to an artifact: signatures, attached files',
  remote: true,
  configure(command) {
    command
      .argument('<reference>', 'an artifact')
      .option('--artifact-type <type>', 'only referrers of this type, at every level');
  },
  async run({ context, options, signal }, [reference]) {
    const artifactType = options.text('artifactType');
    const report = await discover(context, parseLocation(String(reference)), { artifactType, signal });
    const text = `${escapeControls(report.reference)}  ${report.digest}`;
    const children = report.referrers.map(toTree);
    const none = children.length === 0 ? '\nNothing refers to it.' : '';
    return { data: report, text: formatTree({ text, children }) + none };
  },
};
