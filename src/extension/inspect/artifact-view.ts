import * as vscode from 'vscode';
import {
  type ArtifactReport,
  escapeControls,
  formatBytes,
  type RemoteModelReport,
  shortDigest,
} from '../../core/index.ts';
import type { ActionView, ReportView, SectionView, TableView } from '../../webview/contract.ts';
import { detailSections, otherSections } from './detail-sections.ts';
import { filesTable, metadataTable } from './metadata-tables.ts';
import {
  countText,
  describe,
  escapeLines,
  fileTile,
  findingsPart,
  modelTiles,
  nameOf,
  pageWords,
  unverifiedNotice,
} from './report-parts.ts';

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
    actions: artifactActions(models.length > 0),
    notices: models.length > 0 ? [unverifiedNotice()] : [],
    facts: [
      ...modelTiles(metadata),
      { label: vscode.l10n.t('Size'), value: formatBytes(report.size) },
      ...fileTile(report.files.length),
    ],
    ...findingsPart(findings),
    sections: [
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
      ...modelsPart(models),
      ...referrersTable(report),
      identityTable(report),
      ...annotationsTable(report),
    ],
    documents: [{ title: vscode.l10n.t('Manifest'), text: escapeLines(manifest) }],
    words: pageWords(),
  };
}

function artifactActions(hasModel: boolean): readonly ActionView[] {
  return [
    { id: 'pull', title: vscode.l10n.t('Pull…'), primary: true },
    ...(hasModel ? [{ id: 'view-model', title: vscode.l10n.t('Open Model Viewer') } as const] : []),
    { id: 'copy-reference', title: vscode.l10n.t('Copy Reference') },
    { id: 'copy-digest', title: vscode.l10n.t('Copy Digest') },
    { id: 'refresh', title: vscode.l10n.t('Refresh') },
  ];
}

/** What is in the only model; several are listed, and looked into in the viewer. */
function modelsPart(models: readonly RemoteModelReport[]): readonly SectionView[] {
  const [only, ...others] = models;
  if (only === undefined) return [];
  if (others.length === 0) return [...detailSections(only.details), ...otherSections(only.details)];
  const columns = [
    vscode.l10n.t('Name'),
    vscode.l10n.t('Format'),
    vscode.l10n.t('Parameters'),
    vscode.l10n.t('Findings'),
  ];
  const rows = models.map(({ title, format, metadata, findings }) => [
    escapeControls(title),
    escapeControls(format.name),
    countText(metadata.customProperties.get('parameter_count') ?? null) ?? '',
    String(findings.length),
  ]);
  return [{ kind: 'table', title: vscode.l10n.t('Models'), columns, rows }];
}

function referrersTable({ referrers }: ArtifactReport): readonly TableView[] {
  if (referrers.length === 0) return [];
  return [
    {
      kind: 'table',
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
    kind: 'table',
    title: vscode.l10n.t('Artifact'),
    columns: [],
    rows: rows.map((row) => row.map(escapeControls)),
  };
}

function annotationsTable({ annotations }: ArtifactReport): readonly TableView[] {
  const rows = Object.entries(annotations).map((row) => row.map(escapeControls));
  return rows.length === 0
    ? []
    : [{ kind: 'table', title: vscode.l10n.t('Annotations'), columns: [], rows, collapsed: true }];
}
