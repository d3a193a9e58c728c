import { join } from 'node:path';
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
    repository,
    shortDigest(digest),
    escapeControls(problem),
  ]);
  const text = problems.length === 0 ? 'Every blob is what its digest says.' : formatColumns(rows);
  return { data: problems, text, status: problems.length === 0 ? ExitStatus.done : ExitStatus.integrity };
}

async function collect({ context, options, signal }: Session): Promise<Outcome> {
  const dryRun = options.flag('dryRun');
  const garbage = await collectStoreGarbage(context, { dryRun, signal });
  const blobs = garbage.removed === 1 ? '1 blob' : `${garbage.removed} blobs`;
  const text = `${dryRun ? 'Would remove' : 'Removed'} ${blobs} and free ${formatBytes(garbage.freed)}`;
  return { data: garbage, text: dryRun ? text : text.replace('free', 'freed') };
}

async function list({ context, format, signal }: Session): Promise<Outcome> {
  const entries = await listStore(context, { signal });
  const head = ['repository', 'tags', 'blobs', 'size', 'own'] as const;
  const rows = entries.map((entry) => head.map((key) => String(entry[key])));
  if (format === 'csv') return { data: entries, text: formatCsv([head, ...rows]) };
  const shown = entries.map(({ repository, tags, blobs, size, own }) => [
    repository,
    String(tags),
    String(blobs),
    formatBytes(size),
    formatBytes(own),
  ]);
  return { data: entries, text: formatColumns([head.map((key) => key.toUpperCase()), ...shown]) };
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
        const path = join(session.context.home, 'store');
        return { data: { path }, text: escapeControls(path) };
      }
    }
  },
};
