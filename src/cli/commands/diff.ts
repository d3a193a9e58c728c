import { type Change, diff, escapeControls, fromPlain, isSame, parseLocation } from '../../core/index.ts';
import { ExitStatus } from '../exit-status.ts';
import { refuseSeveralRegistries } from '../remote-options.ts';
import { formatColumns } from '../render/columns.ts';
import { formatValue } from '../render/value.ts';
import type { Verb } from '../verb.ts';

const SIGNS = { added: '+', removed: '-', changed: '~' } as const;

function section(title: string, changes: readonly Change<unknown>[]): string {
  if (changes.length === 0) return '';
  const show = (value: unknown) => (value === undefined ? '' : formatValue(fromPlain(value)));
  const rows = changes.map(({ path, kind, a, b }) => [
    SIGNS[kind],
    escapeControls(path),
    kind === 'changed' ? `${show(a)} → ${show(b)}` : show(kind === 'added' ? b : a),
  ]);
  return `\n\n${title}\n${formatColumns(rows, '  ')}`;
}

export const diffVerb: Verb = {
  name: 'diff',
  summary: 'compare two artifacts: metadata, files, annotations, models',
  remote: true,
  configure(command) {
    command
      .argument('<a>', 'an artifact')
      .argument('<b>', 'another')
      .option('--exit-code', 'exit with 1 when they differ');
  },
  async run({ context, credential, options, signal }, [first, second]) {
    const [a, b] = [parseLocation(String(first)), parseLocation(String(second))];
    refuseSeveralRegistries('diff', credential, [a, b]);
    const report = await diff(context, a, b, { signal });
    const same = isSame(report);
    const text = [
      `a  ${escapeControls(report.a.reference)}  ${report.a.digest}\nb  ${escapeControls(report.b.reference)}  ${report.b.digest}`,
      same ? '\n\nNo difference.' : '',
      section('Metadata', report.metadata),
      section(
        'Files',
        report.files.map(({ path, kind, a: x, b: y }) => ({ path, kind, a: x?.digest, b: y?.digest })),
      ),
      section('Annotations', report.annotations),
      section('Models (read by ranges, not verified)', report.models),
    ].join('');
    return {
      data: report,
      text,
      status: options.flag('exitCode') && !same ? ExitStatus.failed : ExitStatus.done,
    };
  },
};
