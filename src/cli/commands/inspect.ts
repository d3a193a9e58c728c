import { lstatSync } from 'node:fs';
import { inspectArtifact, inspectFile, parseLocation } from '../../core/index.ts';
import { artifactCard, fileCard } from '../render/card.ts';
import type { Verb } from '../verb.ts';

/** Whether an argument that may be either is a file: by how it begins, or because it is there (docs/cli.md, "Words"). */
export function namesFile(text: string): boolean {
  return text.startsWith('./') || text.startsWith('../') || text.startsWith('/') || isThere(text);
}

/** A link is there, wherever it leads. */
function isThere(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

export const inspectVerb: Verb = {
  name: 'inspect',
  summary: 'show what is in an artifact, or in a model file, without loading it',
  remote: true,
  configure(command) {
    command
      .argument('<reference|file>', 'an artifact, or a model file or folder')
      .option('--no-model', 'do not look into the model layers of an artifact');
  },
  async run({ context, options, signal }, [subject]) {
    const text = String(subject);
    if (namesFile(text)) {
      const report = await inspectFile(text, { signal });
      return { data: report, text: fileCard(report) };
    }
    const report = await inspectArtifact(context, parseLocation(text), {
      signal,
      models: options.flag('model'),
    });
    return { data: report, text: artifactCard(report) };
  },
};
