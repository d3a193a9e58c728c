import {
  decodeText,
  escapeControls,
  type Location,
  MAX_METADATA_BYTES,
  type MetadataSource,
  type ModelPath,
  OmlmdError,
  type PreparedModel,
  parseLocation,
  parseSetValue,
  prepareModel,
  push,
  quote,
  readMetadataTarget,
  readText,
  saveFile,
} from '../../core/index.ts';
import { keyValue, repeatable } from '../option-types.ts';
import { parsePath } from '../parse-path.ts';
import { readInput as readStandardInput } from '../remote-options.ts';
import { pushCard } from '../render/card.ts';
import type { Session, Verb } from '../verb.ts';

interface PushInput {
  readonly location: Location;
  readonly paths: readonly ModelPath[];
  readonly format?: string;
}

async function readInput(
  { options }: Session,
  reference: string | undefined,
  paths: readonly string[],
): Promise<PushInput> {
  const file = options.text('file');
  if (file === undefined) {
    if (reference === undefined || paths.length === 0)
      throw new OmlmdError('usage', 'push: expected REF and PATH, or -f FILE.omlmd.yaml');
    return { location: parseLocation(reference), paths: await Promise.all(paths.map(parsePath)) };
  }
  if (paths.length > 0)
    throw new OmlmdError('usage', 'push: -f takes REF and PATH from the file; give at most REF beside it');
  const target = await readMetadataTarget(file, { allowOutside: options.flag('allowUnsafe') });
  const location = reference === undefined ? target.location : parseLocation(reference);
  if (location === undefined)
    throw new OmlmdError('usage', `push -f ${quote(file)}: its artifact block names no reference`);
  return { ...target, location };
}

async function readTyped(terminal: Session['terminal']): Promise<string> {
  return decodeText(await readStandardInput(terminal, 'metadata', MAX_METADATA_BYTES), 'standard input');
}

async function metadataSource(session: Session): Promise<MetadataSource> {
  const { options, terminal } = session;
  const document = options.text('metadata');
  const empty = options.flag('emptyMetadata');
  if (document !== undefined && empty)
    throw new OmlmdError('usage', 'push: --metadata and --empty-metadata exclude each other');
  if (empty) return { kind: 'empty' };
  if (document === '-') {
    const text = await readTyped(terminal);
    if (text.trim() === '') throw new OmlmdError('usage', 'push -m -: standard input is empty');
    return { kind: 'document', text, path: 'standard input' };
  }
  if (document !== undefined) return { kind: 'document', text: await readText(document), path: document };
  return { kind: options.flag('autoMetadata') ? 'auto' : 'sidecar' };
}

function warnOfFindings(session: Session, model: PreparedModel): void {
  for (const finding of model.findings) {
    if (finding.severity === 'info' || finding.severity === 'low') continue;
    session.warn(
      finding.code,
      `${finding.severity}: ${escapeControls(`${finding.file}: ${finding.message}`)}`,
    );
  }
}

export const pushVerb: Verb = {
  name: 'push',
  summary: 'push model files and their metadata as one OCI artifact',
  remote: true,
  configure(command) {
    command
      .argument(
        '[reference]',
        'where to: HOST/REPOSITORY[:TAG[,TAG…]], local/NAME[:TAG], oci-layout:FOLDER[:TAG]',
      )
      .argument('[paths...]', 'model files or folders, each with an optional :MEDIA/TYPE')
      .option('-f, --file <file>', "take reference and files from a metadata file's artifact block")
      .option(
        '-m, --metadata <file>',
        'metadata document (JSON or YAML; "-" for standard input), in place of reading the model',
      )
      .option('--empty-metadata', 'no metadata at all')
      .addOption(repeatable('--set <key=value>', 'set a field or a custom property (repeatable)'))
      .option('--no-auto-metadata', 'do not read the model file; its .omlmd.yaml still counts')
      .option('--no-companions', 'only the files named, not those that they need: external data, shards')
      .option('--artifact-format <id>', 'artifact format to write')
      .addOption(repeatable('-a, --annotation <key=value>', 'add a manifest annotation (repeatable)'))
      .option('--tag-if-absent', 'fail when the tag exists')
      .option('--dry-run', 'show what would be pushed, send nothing')
      .option('--export-manifest <file>', 'also write the manifest to a file')
      .option('--config-type <type>', "the config's media type, for registries with an allow-list")
      .option('--no-digest-cache', 'hash every file anew, changed or not')
      .option('--allow-unsafe', 'push in spite of a critical finding')
      .addOption(
        repeatable('--allow-hidden <name>', 'let a hidden file or folder name through (repeatable)'),
      );
  },
  async run(session, [reference, paths]) {
    const { context, options, signal, onProgress } = session;
    const input = await readInput(
      session,
      reference?.toString(),
      paths === undefined || typeof paths === 'string' ? [] : paths,
    );
    const set = options.list('set').map(parseSetValue);
    const annotations = Object.fromEntries(options.list('annotation').map((text) => keyValue(text, '-a')));
    const model = await prepareModel(input.paths, {
      metadata: await metadataSource(session),
      set,
      sidecar: options.text('file'),
      companions: options.flag('companions') ? 'needed' : [],
      signal,
      onProgress,
    });
    warnOfFindings(session, model);
    const dryRun = options.flag('dryRun');
    const { result, manifest } = await push(context, input.location, model, {
      format: options.text('artifactFormat') ?? input.format,
      annotations,
      configType: options.text('configType'),
      tagIfAbsent: options.flag('tagIfAbsent'),
      dryRun,
      digestCache: options.flag('digestCache'),
      allowUnsafe: options.flag('allowUnsafe'),
      allowHidden: options.list('allowHidden'),
      concurrency: options.number('concurrency'),
      signal,
      onProgress,
    });
    const exported = options.text('exportManifest');
    if (exported !== undefined) await saveFile(exported, [manifest]);
    const leftOut =
      result.leftOut === 0
        ? ''
        : `\n  left out ${result.leftOut} ${result.leftOut === 1 ? 'entry' : 'entries'} that nobody means to publish`;
    return { data: result, text: `${pushCard(result, dryRun ? 'Would push' : 'Pushed')}${leftOut}` };
  },
};
