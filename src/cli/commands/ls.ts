import {
  escapeControls,
  formatBytes,
  JsonNumber,
  type JsonValue,
  type ListEntry,
  list,
  METADATA_FIELDS,
  type ModelMetadata,
  OmlmdError,
  parseListing,
  quote,
  shortDigest,
} from '../../core/index.ts';
import { integer } from '../option-types.ts';
import { formatColumns, formatCsv } from '../render/columns.ts';
import { formatValue } from '../render/value.ts';
import type { Session, Verb } from '../verb.ts';

const COLUMNS = ['reference', 'repository', 'tag', 'digest', 'size', 'created'] as const;

/** A metadata value by `accuracy`, `customProperties.accuracy` or a field's name. */
function metadataValue(metadata: ModelMetadata | undefined, key: string): JsonValue {
  if (metadata === undefined) return null;
  const field = METADATA_FIELDS.find((name) => name === key);
  if (field !== undefined) return metadata[field];
  const [head, ...rest] = key.replace(/^customProperties\./, '').split('.');
  let value: JsonValue | undefined = metadata.customProperties.get(head ?? '');
  for (const part of rest) value = value instanceof Map ? value.get(part) : undefined;
  return value ?? null;
}

function sortKey(entry: ListEntry, key: string): JsonValue {
  const column = COLUMNS.find((name) => name === key);
  const value = column === undefined ? metadataValue(entry.metadata, key) : (entry[column] ?? null);
  return typeof value === 'number' ? new JsonNumber(String(value)) : value;
}

/** Numbers before text, absent values last; `-KEY` turns the order round. */
function sortEntries(entries: readonly ListEntry[], key: string): readonly ListEntry[] {
  const down = key.startsWith('-');
  const name = down ? key.slice(1) : key;
  return entries.toSorted((a, b) => {
    const [x, y] = [sortKey(a, name), sortKey(b, name)];
    if (x === null || y === null) return (x === null ? 1 : 0) - (y === null ? 1 : 0);
    const order =
      x instanceof JsonNumber && y instanceof JsonNumber
        ? x.toNumber() - y.toNumber()
        : formatValue(x).localeCompare(formatValue(y), 'en', { numeric: true });
    return down ? -order : order;
  });
}

async function readEntries(session: Session, subject: string): Promise<readonly ListEntry[]> {
  const { context, options, signal } = session;
  const limit = options.number('limit') ?? Number.POSITIVE_INFINITY;
  const sort = options.text('sort');
  const long =
    options.flag('long') ||
    (sort !== undefined && sort.replace(/^-/, '') !== 'tag' && sort.replace(/^-/, '') !== 'repository');
  const entries: ListEntry[] = [];
  for await (const entry of list(context, parseListing(subject), {
    long,
    all: options.flag('all'),
    signal,
  })) {
    entries.push(entry);
    if (sort === undefined && entries.length >= limit) break;
  }
  return (sort === undefined ? entries : sortEntries(entries, sort)).slice(0, limit);
}

function longRow(entry: ListEntry): readonly string[] {
  return [
    escapeControls(entry.tag ?? entry.repository),
    entry.digest === undefined ? '' : shortDigest(entry.digest),
    entry.size === undefined ? '' : formatBytes(entry.size),
    entry.created === undefined ? '' : escapeControls(entry.created),
    formatValue(metadataValue(entry.metadata, 'model_format_name') ?? ''),
    formatValue(metadataValue(entry.metadata, 'name') ?? ''),
  ].map((cell) => (cell === 'null' ? '' : cell));
}

function render(entries: readonly ListEntry[], session: Session): string {
  if (session.format === 'csv') {
    return formatCsv([
      COLUMNS,
      ...entries.map((e) => COLUMNS.map((c) => (e[c] === undefined ? '' : escapeControls(String(e[c]))))),
    ]);
  }
  if (session.format === 'table' || session.options.flag('long')) {
    return formatColumns([['NAME', 'DIGEST', 'SIZE', 'CREATED', 'FORMAT', 'MODEL'], ...entries.map(longRow)]);
  }
  return entries.map((entry) => escapeControls(entry.tag ?? entry.repository)).join('\n');
}

export const lsVerb: Verb = {
  name: 'ls',
  summary: 'list the repositories of a registry, or the tags of a repository',
  remote: true,
  formats: ['yaml', 'table', 'csv'],
  configure(command) {
    command
      .argument('[where]', 'HOST, a repository, or "local"', 'local')
      .option('-l, --long', 'also digest, size, creation time and metadata')
      .option('--all', 'also the tags that stand for referrers')
      .option('--limit <n>', 'at most so many rows', integer(1, 1_000_000))
      .option('--sort <key>', 'by a column or a metadata key, "-KEY" for descending');
  },
  async run(session, [where]) {
    const subject = String(where);
    if (subject === '')
      throw new OmlmdError('usage', `ls ${quote(subject)}: expected HOST, a repository or "local"`);
    const entries = await readEntries(session, subject);
    return { data: entries, text: render(entries, session) };
  },
};
