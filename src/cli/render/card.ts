import {
  type ArtifactReport,
  escapeControls,
  type FileReport,
  type Finding,
  formatBytes,
  formatPythonJson,
  fromPlain,
  JsonNumber,
  type JsonValue,
  METADATA_FIELDS,
  type ModelMetadata,
  type PushResult,
  shortDigest,
} from '../../core/index.ts';
import { formatColumns } from './columns.ts';

/** Longest value that a card shows on its line; the whole is in `--format json`. */
const MAX_VALUE_CHARACTERS = 96;

/** A value on one line, foreign text escaped. */
export function formatValue(value: JsonValue): string {
  const text =
    typeof value === 'string'
      ? escapeControls(value)
      : value instanceof JsonNumber
        ? value.text
        : formatPythonJson(value);
  return text.length > MAX_VALUE_CHARACTERS ? `${text.slice(0, MAX_VALUE_CHARACTERS - 1)}…` : text;
}

/** Metadata as rows of name and value; null fields are left out, custom properties stand on their own lines. */
export function metadataRows(metadata: ModelMetadata): readonly (readonly string[])[] {
  const rows: (readonly string[])[] = [];
  for (const field of METADATA_FIELDS) {
    if (field === 'customProperties') continue;
    if (metadata[field] !== null) rows.push([field, formatValue(metadata[field])]);
  }
  for (const [key, value] of metadata.customProperties) rows.push([escapeControls(key), formatValue(value)]);
  return rows;
}

function section(title: string, rows: readonly (readonly string[])[]): string {
  return rows.length === 0 ? '' : `\n\n${title}\n${formatColumns(rows, '  ')}`;
}

function findingRows(findings: readonly Finding[]): readonly (readonly string[])[] {
  return findings.map((f) => [
    f.severity,
    f.code,
    escapeControls(f.where === undefined ? f.message : `${f.message} (${f.where})`),
  ]);
}

/** Facts from `details` that fit a card: what goes in, what comes out, what it is made of. */
function detailRows(details: Readonly<Record<string, unknown>>): readonly (readonly string[])[] {
  return Object.entries(details).map(([key, value]) => {
    const text =
      Array.isArray(value) && value.length > 8 ? `${value.length} entries` : formatValue(fromPlain(value));
    return [escapeControls(key), text];
  });
}

/** The card of `inspect FILE`. */
export function fileCard(report: FileReport): string {
  const version = report.format.version === null ? '' : ` ${escapeControls(report.format.version)}`;
  return [
    `${escapeControls(report.path)}\n  ${escapeControls(report.format.name)}${version} · ${formatBytes(report.size)}`,
    section('Metadata', metadataRows(report.metadata)),
    section('Details', detailRows(report.details)),
    section('Findings', findingRows(report.findings)),
  ].join('');
}

/** Annotations but those by which omlmd repeats its metadata. */
function annotationRows({ format, annotations }: ArtifactReport): readonly (readonly string[])[] {
  const fields: readonly string[] = format === 'omlmd' ? METADATA_FIELDS : [];
  return Object.entries(annotations)
    .filter(([key]) => !fields.includes(key.replace(/\+json$/, '')))
    .map(([key, value]) => [escapeControls(key), formatValue(value)]);
}

/** The card of `inspect REF`. */
export function artifactCard(report: ArtifactReport): string {
  const models = (report.models ?? []).map(
    (model) =>
      section(`Model ${escapeControls(model.title)} (read by ranges, not verified)`, [
        [
          'format',
          escapeControls(
            `${model.format.name}${model.format.version === null ? '' : ` ${model.format.version}`}`,
          ),
        ],
        ...detailRows(model.details),
      ]) + section('Findings', findingRows(model.findings)),
  );
  return [
    escapeControls(report.reference),
    `\n${formatColumns(
      [
        ['digest', report.digest],
        ['format', escapeControls(report.format)],
        ['size', formatBytes(report.size)],
      ],
      '  ',
    )}`,
    section('Metadata', metadataRows(report.metadata)),
    section(
      'Files',
      report.files.map((f) => [
        escapeControls(f.title ?? '(no title)'),
        escapeControls(f.mediaType),
        formatBytes(f.size),
        shortDigest(f.digest),
      ]),
    ),
    section('Annotations', annotationRows(report)),
    section(
      'Referrers',
      report.referrers.map((r) => [
        escapeControls(r.artifactType ?? r.mediaType),
        formatBytes(r.size),
        shortDigest(r.digest),
      ]),
    ),
    ...models,
  ].join('');
}

/** What a push says when it is done. */
export function pushCard(
  result: Pick<PushResult, 'reference' | 'digest' | 'size' | 'files' | 'tags'>,
  done: string,
): string {
  const others =
    result.tags.length > 1 ? `\n  also tagged ${result.tags.slice(1).map(escapeControls).join(', ')}` : '';
  const rows = result.files.map((f) => [escapeControls(f.title ?? f.digest), formatBytes(f.size), f.state]);
  return `${done} ${escapeControls(result.reference)}\n  ${result.digest}${others}\n${formatColumns(rows, '  ')}`;
}
