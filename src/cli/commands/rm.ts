import {
  escapeControls,
  formatLocation,
  OmlmdError,
  parseLocation,
  planRemoval,
  type Removal,
  removeArtifact,
} from '../../core/index.ts';
import { hintIfUnsupported } from '../describe-error.ts';
import { confirm } from '../prompt.ts';
import { canPrompt } from '../terminal.ts';
import type { Session, Verb } from '../verb.ts';

function describe(removal: Removal): string {
  const others = removal.tags.filter((tag) => !removal.location.tags.includes(tag));
  const also = others.length === 0 ? '' : `, and with it the tags ${others.map(escapeControls).join(', ')}`;
  return `${escapeControls(formatLocation(removal.location))} (${removal.root.digest})${also}`;
}

async function agree({ options, terminal, signal }: Session, removal: Removal): Promise<void> {
  if (options.flag('yes')) return;
  if (!(await confirm(terminal, `Delete ${describe(removal)}?`, signal)))
    throw new OmlmdError('canceled', 'rm: nothing was deleted');
}

export const rmVerb: Verb = {
  name: 'rm',
  summary: 'delete an artifact, with every tag that names it',
  remote: true,
  configure(command) {
    command.argument('<reference>', 'an artifact').option('-y, --yes', 'do not ask');
  },
  async run(session, [reference]) {
    const location = parseLocation(String(reference));
    if (!session.options.flag('yes') && !canPrompt(session.terminal)) {
      throw new OmlmdError(
        'usage',
        `rm ${formatLocation(location)}: not done without --yes, as nobody can be asked here`,
      );
    }
    const removal = await planRemoval(session.context, location, session);
    await agree(session, removal);
    const result = await removeArtifact(session.context, removal, session).catch(
      hintIfUnsupported(
        'Ask whoever runs the registry to allow deletion (CNCF distribution: storage.delete.enabled), or delete it on its web page.',
      ),
    );
    return { data: result, text: `Deleted ${describe(removal)}` };
  },
};
