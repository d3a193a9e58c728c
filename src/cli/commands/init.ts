import { escapeControls, initMetadataFile } from '../../core/index.ts';
import type { Verb } from '../verb.ts';

export const initVerb: Verb = {
  name: 'init',
  summary: "write a model's .omlmd.yaml from what is read in it; edits and comments stay",
  configure(command) {
    command.argument('<path>', 'model file or folder');
  },
  async run({ signal }, [path]) {
    const result = await initMetadataFile(String(path), { signal });
    const text = `${result.changed ? 'Wrote' : 'Unchanged:'} ${escapeControls(result.path)}`;
    return { data: { path: result.path, metadata: result.metadata }, text };
  },
};
