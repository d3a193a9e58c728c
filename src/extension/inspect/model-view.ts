import { basename } from 'node:path';
import * as vscode from 'vscode';
import {
  escapeControls,
  formatBytes,
  type ModelFacts,
  type ModelMetadata,
  type ModelReport,
  type Origin,
  type PreparedModel,
} from '../../core/index.ts';
import type { ReportView, SectionView } from '../../webview/contract.ts';
import { detailSections, otherSections } from './detail-sections.ts';
import { filesTable, HYPERPARAMETERS, hyperparameterTable, metadataTable } from './metadata-tables.ts';
import {
  describe,
  findingsPart,
  modelTiles,
  nameOf,
  pageWords,
  readNotices,
  tensorTile,
  unverifiedNotice,
} from './report-parts.ts';

/** What is known of a model file or folder on this machine. */
export function fileView(path: string, model: PreparedModel, size: number): ReportView {
  const { metadata, origins, facts, findings, files } = model;
  return {
    kind: files.length > 1 ? vscode.l10n.t('Model of {0} files', files.length) : vscode.l10n.t('Model file'),
    title: escapeControls(nameOf(metadata) ?? basename(path)),
    subtitle: escapeControls(vscode.workspace.asRelativePath(path)),
    ...describe(metadata),
    actions: [
      { id: 'push', title: vscode.l10n.t('Push…'), primary: true },
      { id: 'edit-metadata', title: vscode.l10n.t('Edit as .omlmd.yaml') },
      { id: 'refresh', title: vscode.l10n.t('Refresh') },
    ],
    notices: readNotices(facts?.format.name, findings),
    facts: [
      ...modelTiles(metadata),
      { label: vscode.l10n.t('Size'), value: formatBytes(size) },
      ...tensorTile(facts?.details),
    ],
    ...findingsPart(
      files.length > 1 ? findings : findings.map(({ file: _, ...finding }) => finding),
      facts?.format.name,
    ),
    sections: [
      ...modelSections(metadata, facts?.details ?? {}, origins),
      ...(files.length > 1 ? [filesTable(files.map((file) => [file.title, formatBytes(file.size)]))] : []),
    ],
    documents: [],
    words: pageWords(),
  };
}

/** What is known of one model in a registry or in the store; read by ranges. */
export function layerView(report: ModelReport): ReportView {
  const { metadata, details, findings, title, reference } = report;
  return {
    kind: vscode.l10n.t('Model in an artifact'),
    title: escapeControls(nameOf(metadata) ?? title),
    subtitle: escapeControls(`${reference} · ${title}`),
    ...describe(metadata),
    actions: [
      { id: 'inspect-artifact', title: vscode.l10n.t('Inspect Artifact'), primary: true },
      { id: 'pull', title: vscode.l10n.t('Pull…') },
      { id: 'copy-digest', title: vscode.l10n.t('Copy Digest') },
      { id: 'refresh', title: vscode.l10n.t('Refresh') },
    ],
    notices: [unverifiedNotice(), ...readNotices(report.format.name, findings)],
    facts: [
      ...modelTiles(metadata),
      { label: vscode.l10n.t('Size'), value: formatBytes(report.size) },
      ...tensorTile(details),
    ],
    ...findingsPart(findings, report.format.name),
    sections: modelSections(metadata, details),
    documents: [],
    words: pageWords(),
  };
}

/** What a model consists of before what it says of itself: of that the header has the most important. */
function modelSections(
  metadata: ModelMetadata,
  details: ModelFacts['details'],
  origins?: ReadonlyMap<string, Origin>,
): readonly SectionView[] {
  return [
    ...detailSections(details),
    ...hyperparameterTable(metadata),
    metadataTable(metadata, [details], origins, HYPERPARAMETERS),
    ...otherSections(details),
  ];
}
