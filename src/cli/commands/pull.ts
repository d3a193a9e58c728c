import { Option } from 'commander';
import {
  escapeControls,
  formatBytes,
  OmlmdError,
  parseLocation,
  pull,
  type Unpacking,
} from '../../core/index.ts';
import { repeatable } from '../option-types.ts';
import { formatColumns } from '../render/columns.ts';
import type { Verb } from '../verb.ts';

export const pullVerb: Verb = {
  name: 'pull',
  summary: "pull an artifact's files into a folder",
  remote: true,
  configure(command) {
    command
      .argument('<reference>', 'what to pull')
      .option('-o, --output <folder>', 'folder to write to', '.')
      .addOption(repeatable('-m, --media-types <type>', 'only layers of this media type (repeatable)'))
      .addOption(repeatable('--include <glob>', 'only files whose title matches (repeatable)'))
      .option('--overwrite', 'replace files that are there with other bytes')
      .option('--keep', 'leave files that are there')
      .option('-k, --keep-old-files', 'the same as --keep')
      .addOption(
        new Option('--unpack', 'unpack every tar archive, not only folders that oras pushed').preset('all'),
      )
      .addOption(new Option('--no-unpack', 'keep every archive as a file').preset('none'))
      .addOption(
        repeatable('--allow-hidden <name>', 'let a hidden file or folder name through (repeatable)'),
      );
  },
  async run({ context, options, signal, onProgress, warn }, [reference]) {
    const overwrite = options.flag('overwrite');
    const keep = options.flag('keep') || options.flag('keepOldFiles');
    if (overwrite && keep) throw new OmlmdError('usage', 'pull: --overwrite and --keep exclude each other');
    const result = await pull(context, parseLocation(String(reference)), options.text('output') ?? '.', {
      mediaTypes: options.list('mediaTypes').flatMap((types) => types.split(',')),
      include: options.list('include'),
      onExisting: overwrite ? 'overwrite' : keep ? 'keep' : 'refuse',
      unpack: unpackingOf(options.text('unpack')),
      allowHidden: options.list('allowHidden'),
      concurrency: options.number('concurrency'),
      signal,
      onProgress,
      onFinding(finding) {
        if (finding.severity === 'low') return;
        warn(finding.code, escapeControls(`${finding.severity}: ${finding.file}: ${finding.message}`));
      },
    });
    const rows = result.files.map((f) => [escapeControls(f.path), formatBytes(f.size), f.state]);
    const what = result.files.length === 0 ? '\n  no file matches' : `\n${formatColumns(rows, '  ')}`;
    return { data: result, text: `Pulled ${escapeControls(result.reference)}\n  ${result.digest}${what}` };
  },
};

/** The last of `--unpack` and `--no-unpack` holds. */
function unpackingOf(option: string | undefined): Unpacking {
  return option === 'all' || option === 'none' ? option : 'asked';
}
