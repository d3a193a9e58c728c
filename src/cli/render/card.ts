import {
  type ArtifactReport,
  escapeControls,
  type FileReport,
  formatBytes,
  METADATA_FIELDS,
  type ModelMetadata,
  type PushResult,
  shortDigest,
} from '../../core/index.ts';
import { formatColumns } from './columns.ts';
import { findingsSection, modelSections, section } from './model-sections.ts';
import { formatValue } from './value.ts';

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

/** Shown as tables of their own, where the details have them. */
const SIGNATURES: Readonly<Record<string, string>> = {
  inputs: 'input_signature',
  outputs: 'output_signature',
};

function withoutSignatures(
  metadata: ModelMetadata,
  details: readonly Readonly<Record<string, unknown>>[],
): ModelMetadata {
  const customProperties = new Map(metadata.customProperties);
  for (const [detail, property] of Object.entries(SIGNATURES)) {
    if (details.some((own) => own[detail] !== undefined)) customProperties.delete(property);
  }
  return { ...metadata, customProperties };
}

/** The card of `inspect FILE`. */
export function fileCard(report: FileReport): string {
  const version = report.format.version === null ? '' : ` ${escapeControls(report.format.version)}`;
  return [
    `${escapeControls(report.path)}\n  ${escapeControls(report.format.name)}${version} · ${formatBytes(report.size)}`,
    section('Metadata', metadataRows(withoutSignatures(report.metadata, [report.details]))),
    modelSections(report.details),
    findingsSection(report.findings),
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
      ]) +
      modelSections(model.details) +
      findingsSection(model.findings),
  );
  const details = (report.models ?? []).map((model) => model.details);
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
    section('Metadata', metadataRows(withoutSignatures(report.metadata, details))),
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
