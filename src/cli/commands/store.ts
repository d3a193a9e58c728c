import { Argument } from 'commander';
import {
  collectStoreGarbage,
  escapeControls,
  formatBytes,
  listStore,
  shortDigest,
  verifyStore,
} from '../../core/index.ts';
import { ExitStatus } from '../exit-status.ts';
import { formatColumns, formatCsv } from '../render/columns.ts';
import type { Outcome, Session, Verb } from '../verb.ts';

async function verify({ context, signal, onProgress }: Session): Promise<Outcome> {
  const problems = await verifyStore(context, { signal, onProgress });
  const rows = problems.map(({ repository, digest, problem }) => [
    escapeControls(repository),
    digest === null ? 'index' : shortDigest(digest),
    escapeControls(problem),
  ]);
  const text = problems.length === 0 ? 'Every blob is what its digest says.' : formatColumns(rows);
  return { data: problems, text, status: problems.length === 0 ? ExitStatus.done : ExitStatus.integrity };
}

async function collect({ context, options, signal }: Session): Promise<Outcome> {
  const dryRun = options.flag('dryRun');
  const garbage = await collectStoreGarbage(context, { dryRun, signal });
  const files = garbage.removed === 1 ? '1 file' : `${garbage.removed} files`;
  const freed = formatBytes(garbage.freed);
  return {
    data: garbage,
    text: dryRun ? `Would remove ${files} and free ${freed}` : `Removed ${files} and freed ${freed}`,
  };
}

const COLUMNS = ['repository', 'tags', 'blobs', 'size', 'own'] as const;

async function list({ context, format, signal }: Session): Promise<Outcome> {
  const { repositories, size: total } = await listStore(context, { signal });
  if (format === 'csv') {
    const rows = repositories.map((entry) => COLUMNS.map((column) => String(entry[column] ?? '')));
    return { data: repositories, text: formatCsv([COLUMNS, ...rows]) };
  }
  const rows = repositories.map(({ repository, tags, blobs, size, own }) => [
    repository,
    String(tags ?? '?'),
    String(blobs),
    formatBytes(size),
    formatBytes(own),
  ]);
  // What several repositories share counts once in the last row.
  const last = ['(all)', '', '', formatBytes(total), ''];
  const text = formatColumns([COLUMNS.map((column) => column.toUpperCase()), ...rows, last]);
  return { data: repositories, text };
}

export const storeVerb: Verb = {
  name: 'store',
  summary: 'look after the store on this machine: where it is, what is in it, whether it is whole',
  formats: ['yaml', 'table', 'csv'],
  configure(command) {
    command
      .addArgument(new Argument('<action>', 'what to do').choices(['path', 'verify', 'gc', 'ls']))
      .option('--dry-run', 'gc: say what would go, remove nothing');
  },
  async run(session, [action]) {
    switch (action) {
      case 'verify':
        return verify(session);
      case 'gc':
        return collect(session);
      case 'ls':
        return list(session);
      default: {
        const path = session.context.store.root;
        return { data: { path }, text: escapeControls(path) };
      }
    }
  },
};
