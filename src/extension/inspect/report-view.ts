import { basename } from 'node:path';
import * as vscode from 'vscode';
import {
  type ArtifactReport,
  escapeControls,
  type Finding,
  formatBytes,
  JsonNumber,
  type JsonValue,
  type ModelFacts,
  type ModelMetadata,
  type Origin,
  type PreparedModel,
  type RemoteModelReport,
  shortDigest,
} from '../../core/index.ts';
import type { ActionView, FactView, FindingView, ReportView, TableView } from '../../webview/contract.ts';
import { metadataRows } from '../metadata-rows.ts';
import { detailTables } from './detail-tables.ts';

/** What is known of a model file or folder on this machine. */
export function fileView(path: string, model: PreparedModel, size: number): ReportView {
  const { metadata, origins, facts, findings, files } = model;
  return {
    kind: files.length > 1 ? vscode.l10n.t('Model folder') : vscode.l10n.t('Model file'),
    title: escapeControls(nameOf(metadata) ?? basename(path)),
    subtitle: escapeControls(vscode.workspace.asRelativePath(path)),
    ...describe(metadata),
    actions: [
      { id: 'push', title: vscode.l10n.t('Push…'), primary: true },
      { id: 'edit-metadata', title: vscode.l10n.t('Edit as .omlmd.yaml') },
      { id: 'refresh', title: vscode.l10n.t('Refresh') },
    ],
    facts: [
      ...modelTiles(metadata),
      { label: vscode.l10n.t('Size'), value: formatBytes(size) },
      ...fileTile(files.length),
    ],
    ...findingsPart(findings),
    tables: [
      metadataTable(metadata, facts === undefined ? [] : [facts.details], origins),
      ...(facts === undefined ? [] : detailTables(facts.details)),
      ...(files.length > 1 ? [filesTable(files.map((file) => [file.title, formatBytes(file.size)]))] : []),
    ],
    documents: [],
  };
}

/** What is known of an artifact without its weights. */
export function artifactView(report: ArtifactReport, manifest: string): ReportView {
  const { metadata, models = [] } = report;
  const findings = models.flatMap(({ title, findings: own }) =>
    own.map((finding) => ({ ...finding, file: title })),
  );
  return {
    kind: vscode.l10n.t('Artifact · {0}', escapeControls(report.format)),
    title: escapeControls(nameOf(metadata) ?? report.reference),
    subtitle: escapeControls(report.reference),
    ...describe(metadata),
    actions: artifactActions(),
    facts: [
      ...modelTiles(metadata),
      { label: vscode.l10n.t('Size'), value: formatBytes(report.size) },
      ...fileTile(report.files.length),
    ],
    ...findingsPart(findings),
    tables: [
      metadataTable(
        metadata,
        models.map(({ details }) => details),
      ),
      filesTable(
        report.files.map(({ title, size, mediaType, digest }) => [
          title ?? '',
          formatBytes(size),
          mediaType,
          shortDigest(digest),
        ]),
      ),
      ...models.flatMap((model) => modelTables(model, models.length > 1)),
      ...referrersTable(report),
      identityTable(report),
      ...annotationsTable(report),
    ],
    documents: [{ title: vscode.l10n.t('Manifest'), text: escapeLines(manifest) }],
  };
}

function artifactActions(): readonly ActionView[] {
  return [
    { id: 'pull', title: vscode.l10n.t('Pull…'), primary: true },
    { id: 'copy-reference', title: vscode.l10n.t('Copy Reference') },
    { id: 'copy-digest', title: vscode.l10n.t('Copy Digest') },
    { id: 'refresh', title: vscode.l10n.t('Refresh') },
  ];
}

function modelTables({ title, details }: RemoteModelReport, several: boolean): readonly TableView[] {
  const tables = detailTables(details);
  return several
    ? tables.map((table) => ({ ...table, title: `${table.title} · ${escapeControls(title)}` }))
    : tables;
}

function nameOf(metadata: ModelMetadata): string | undefined {
  return typeof metadata.name === 'string' && metadata.name !== '' ? metadata.name : undefined;
}

function describe({ description }: ModelMetadata): { readonly description?: string } {
  return typeof description === 'string' && description !== ''
    ? { description: escapeLines(description) }
    : {};
}

/** The few facts that people look for first. */
function modelTiles(metadata: ModelMetadata): readonly FactView[] {
  const { model_format_name: format, model_format_version: version, customProperties } = metadata;
  const named = typeof format === 'string' ? format : vscode.l10n.t('unknown');
  const property = (key: string) => shortText(customProperties.get(key) ?? null);
  const tiles = [
    { label: vscode.l10n.t('Format'), value: typeof version === 'string' ? `${named} ${version}` : named },
    { label: vscode.l10n.t('Parameters'), value: property('parameter_count') },
    { label: vscode.l10n.t('Precision'), value: property('quantization') ?? property('precision') },
    { label: vscode.l10n.t('Framework'), value: property('framework') },
    { label: vscode.l10n.t('Accuracy'), value: property('accuracy') },
  ];
  return tiles.flatMap(({ label, value }) =>
    value === undefined || value === '0' ? [] : [{ label, value: escapeControls(value) }],
  );
}

function shortText(value: JsonValue): string | undefined {
  if (typeof value === 'string') return value;
  if (!(value instanceof JsonNumber)) return undefined;
  return value.isInteger && value.text.length < 16 ? value.toNumber().toLocaleString('en') : value.text;
}

function fileTile(count: number): readonly FactView[] {
  return count > 1 ? [{ label: vscode.l10n.t('Files'), value: String(count) }] : [];
}

/** Shown as tables of their own. */
const SIGNATURES: ReadonlySet<string> = new Set([
  'customProperties.input_signature',
  'customProperties.output_signature',
]);

function metadataTable(
  metadata: ModelMetadata,
  details: readonly ModelFacts['details'][],
  origins?: ReadonlyMap<string, Origin>,
): TableView {
  const shown = details.some(({ inputs }) => inputs !== undefined);
  const rows = metadataRows(metadata, origins).filter(({ path }) => !shown || !SIGNATURES.has(path));
  const title = vscode.l10n.t('Metadata');
  if (rows.length === 0) return { title, columns: [], rows: [], note: vscode.l10n.t('There is none.') };
  if (origins === undefined)
    return { title, columns: [], rows: rows.map(({ label, value }) => [label, value]) };
  const columns = [vscode.l10n.t('Name'), vscode.l10n.t('Value'), vscode.l10n.t('From')];
  return { title, columns, rows: rows.map(({ label, value, origin }) => [label, value, originText(origin)]) };
}

function originText(origin: Origin | undefined): string {
  switch (origin) {
    case 'auto':
      return vscode.l10n.t('model');
    case 'file':
      return '.omlmd.yaml';
    case 'user':
      return vscode.l10n.t('typed');
    case undefined:
      return '';
  }
}

function filesTable(rows: readonly (readonly string[])[]): TableView {
  const columns = [
    vscode.l10n.t('Name'),
    vscode.l10n.t('Size'),
    vscode.l10n.t('Media type'),
    vscode.l10n.t('Digest'),
  ];
  return {
    title: vscode.l10n.t('Files'),
    columns: columns.slice(0, rows[0]?.length ?? 2),
    rows: rows.map((row) => row.map(escapeControls)),
  };
}

function referrersTable({ referrers }: ArtifactReport): readonly TableView[] {
  if (referrers.length === 0) return [];
  return [
    {
      title: vscode.l10n.t('Referrers'),
      columns: [vscode.l10n.t('Type'), vscode.l10n.t('Size'), vscode.l10n.t('Digest')],
      rows: referrers.map(({ artifactType, mediaType, size, digest }) => [
        escapeControls(artifactType ?? mediaType),
        formatBytes(size),
        shortDigest(digest),
      ]),
    },
  ];
}

/** What names the artifact. */
function identityTable(report: ArtifactReport): TableView {
  const rows = [
    [vscode.l10n.t('Digest'), report.digest],
    [vscode.l10n.t('Media type'), report.mediaType],
    ...(report.artifactType === undefined ? [] : [[vscode.l10n.t('Artifact type'), report.artifactType]]),
    [vscode.l10n.t('Config'), `${report.config.mediaType} · ${report.config.digest}`],
  ];
  return {
    title: vscode.l10n.t('Artifact'),
    columns: [],
    rows: rows.map((row) => row.map(escapeControls)),
  };
}

function annotationsTable({ annotations }: ArtifactReport): readonly TableView[] {
  const rows = Object.entries(annotations).map((row) => row.map(escapeControls));
  return rows.length === 0
    ? []
    : [{ title: vscode.l10n.t('Annotations'), columns: [], rows, collapsed: true }];
}

type NamedFinding = Finding & { readonly file: string };

function findingsPart(
  findings: readonly NamedFinding[],
): Pick<ReportView, 'findings' | 'findingsTitle' | 'noFindings'> {
  return {
    findingsTitle: vscode.l10n.t('Findings'),
    noFindings: vscode.l10n.t('Nothing dangerous was found. The model was read, not loaded.'),
    findings: findings.map(findingView),
  };
}

function findingView({ severity, message, where, file }: NamedFinding): FindingView {
  return {
    severity,
    label: severityText(severity),
    message: escapeControls(message),
    where: escapeControls(where === undefined ? file : `${file} · ${where}`),
  };
}

function severityText(severity: Finding['severity']): string {
  return {
    critical: vscode.l10n.t('critical'),
    high: vscode.l10n.t('high'),
    medium: vscode.l10n.t('medium'),
    low: vscode.l10n.t('low'),
    info: vscode.l10n.t('info'),
  }[severity];
}

/** Text of several lines: its line ends stay. */
function escapeLines(text: string): string {
  return text
    .split(/\r?\n/)
    .map((line) => line.split('\t').map(escapeControls).join('\t'))
    .join('\n');
}
