import { Argument } from 'commander';
import {
  type Artifact,
  configText,
  escapeControls,
  findLayer,
  OmlmdError,
  parseLocation,
  readArtifact,
  readConfig,
  saveFile,
} from '../../core/index.ts';
import type { Outcome, Session, Verb } from '../verb.ts';

const encode = (text: string) => new TextEncoder().encode(text);

async function getFile(artifact: Artifact, session: Session, title: string | undefined): Promise<Outcome> {
  if (title === undefined) throw new OmlmdError('usage', 'get file: expected REF and TITLE');
  const layer = findLayer(artifact, title);
  const content = await artifact.source.fetch(layer, session);
  const output = session.options.text('output');
  if (output === undefined || output === '-') return { data: null, text: '', raw: content.stream(session) };
  // The stream ends in an error if the bytes are not those of the digest, so the name appears only when they are.
  await saveFile(output, content.stream(session));
  return {
    data: { reference: artifact.reference, path: output, digest: layer.digest, size: layer.size },
    text: `Wrote ${escapeControls(output)}`,
  };
}

export const getVerb: Verb = {
  name: 'get',
  summary: "print an artifact's config, metadata, manifest or one of its files, as stored",
  remote: true,
  configure(command) {
    command
      .addArgument(new Argument('<what>', 'which part').choices(['config', 'metadata', 'manifest', 'file']))
      .argument('<reference>', 'of which artifact')
      .argument('[title]', 'of which file')
      .option('-o, --output <file>', 'file to write to');
  },
  async run(session, [what, reference, title]) {
    const artifact = await readArtifact(session.context, parseLocation(String(reference)), session);
    switch (what) {
      case 'config':
        return { data: null, text: '', raw: encode(`${await configText(artifact, session)}\n`) };
      case 'metadata':
        return { data: null, text: '', raw: await readConfig(artifact, session) };
      case 'manifest':
        return { data: null, text: '', raw: artifact.bytes };
      default:
        return getFile(artifact, session, title?.toString());
    }
  },
};
