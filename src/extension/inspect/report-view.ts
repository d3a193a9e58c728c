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
  type ModelReport,
  type Origin,
  type PreparedModel,
  type RemoteModelReport,
  type Severity,
  shortDigest,
} from '../../core/index.ts';
import type {
  ActionView,
  FactView,
  FindingView,
  NoticeView,
  PageWords,
  ReportView,
  SectionView,
  TableView,
} from '../../webview/contract.ts';
import { metadataRows } from '../metadata-rows.ts';
import { detailSections } from './detail-sections.ts';

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
    notices: readNotices(facts?.format.name, findings),
    facts: [
      ...modelTiles(metadata),
      { label: vscode.l10n.t('Size'), value: formatBytes(size) },
      ...fileTile(files.length),
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
  ];
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
  if (others.length === 0) return detailSections(only.details);
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

function unverifiedNotice(): NoticeView {
  return {
    level: 'info',
    text: vscode.l10n.t('Read by ranges, unverified: a digest covers the whole file, which was not fetched.'),
  };
}

/** Says that a model was not understood, or not read to its end. */
function readNotices(format: string | undefined, findings: readonly Finding[]): readonly NoticeView[] {
  if (format === undefined || format === 'unknown') {
    const text = vscode.l10n.t(
      'The format is not known, so nothing was read. It can be pushed all the same.',
    );
    return [{ level: 'info', text }];
  }
  const stopped = findings.some(({ code }) => code === 'truncated' || code === 'malformed');
  if (!stopped) return [];
  const text = vscode.l10n.t('Read in part: below is what could be read. The findings say what stopped it.');
  return [{ level: 'warning', text }];
}

function pageWords(): PageWords {
  return {
    filter: vscode.l10n.t('Filter'),
    shown: vscode.l10n.t('{0} of {1}', '{0}', '{1}'),
    noMatch: vscode.l10n.t('Nothing matches.'),
  };
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
  const framework = property('framework');
  const tiles = [
    { label: vscode.l10n.t('Format'), value: typeof version === 'string' ? `${named} ${version}` : named },
    {
      label: vscode.l10n.t('Class'),
      value: framework === undefined ? undefined : property('model_class')?.split('.').at(-1),
    },
    { label: vscode.l10n.t('Parameters'), value: countText(customProperties.get('parameter_count') ?? null) },
    { label: vscode.l10n.t('Precision'), value: property('quantization') ?? property('precision') },
    { label: vscode.l10n.t('Framework'), value: framework },
    { label: vscode.l10n.t('Accuracy'), value: property('accuracy') },
  ];
  return tiles.flatMap(({ label, value }) =>
    value === undefined || value === '0' ? [] : [{ label, value: escapeControls(value) }],
  );
}

/** A count in three digits where it is beyond millions: the exact one stands in the table below. */
function countText(value: JsonValue): string | undefined {
  const count = value instanceof JsonNumber ? value.toNumber() : 0;
  if (count < 1e6) return shortText(value);
  return count.toLocaleString('en', { notation: 'compact', maximumSignificantDigits: 3 });
}

function shortText(value: JsonValue): string | undefined {
  if (typeof value === 'string') return value;
  if (!(value instanceof JsonNumber)) return undefined;
  return value.isInteger && value.text.length < 16 ? value.toNumber().toLocaleString('en') : value.text;
}

function tensorTile(details: ModelFacts['details'] = {}): readonly FactView[] {
  const { tensor_count: count } = details;
  if (typeof count !== 'number' || count === 0) return [];
  return [{ label: vscode.l10n.t('Tensors'), value: count.toLocaleString('en') }];
}

function fileTile(count: number): readonly FactView[] {
  return count > 1 ? [{ label: vscode.l10n.t('Files'), value: String(count) }] : [];
}

/** Shown as tables of their own. */
const SIGNATURES: readonly string[] = [
  'customProperties.input_signature',
  'customProperties.output_signature',
];
const HYPERPARAMETERS = 'customProperties.hyperparameters.';

function hyperparameterTable(metadata: ModelMetadata): readonly TableView[] {
  const rows = metadataRows(metadata)
    .filter(({ path }) => path.startsWith(HYPERPARAMETERS))
    .map(({ path, value }) => [escapeControls(path.slice(HYPERPARAMETERS.length)), value]);
  return rows.length === 0
    ? []
    : [{ kind: 'table', title: vscode.l10n.t('Hyperparameters'), columns: [], rows }];
}

/** @param elsewhere rows whose path begins so have a table of their own */
function metadataTable(
  metadata: ModelMetadata,
  details: readonly ModelFacts['details'][],
  origins?: ReadonlyMap<string, Origin>,
  elsewhere?: string,
): TableView {
  const hasValues = details.some(({ inputs }) => inputs !== undefined);
  const rows = metadataRows(metadata, origins).filter(
    ({ path }) =>
      !(hasValues && SIGNATURES.includes(path)) && !(elsewhere !== undefined && path.startsWith(elsewhere)),
  );
  const base = { kind: 'table', title: vscode.l10n.t('Metadata') } as const;
  if (rows.length === 0) return { ...base, columns: [], rows: [], note: vscode.l10n.t('There is none.') };
  if (origins === undefined)
    return { ...base, columns: [], rows: rows.map(({ label, value }) => [label, value]) };
  const columns = [vscode.l10n.t('Name'), vscode.l10n.t('Value'), vscode.l10n.t('From')];
  return {
    ...base,
    columns,
    rows: rows.map(({ label, value, origin }) => [label, value, originText(origin)]),
  };
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
    kind: 'table',
    title: vscode.l10n.t('Files'),
    columns: columns.slice(0, rows[0]?.length ?? 2),
    rows: rows.map((row) => row.map(escapeControls)),
  };
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

/** The file is named where there are several. */
type NamedFinding = Finding & { readonly file?: string };

/** @param format of a model that was looked into; nothing is said of one that was not understood */
function findingsPart(
  findings: readonly NamedFinding[],
  format?: string,
): Pick<ReportView, 'findings' | 'findingsTitle' | 'noFindings'> {
  return {
    findingsTitle: vscode.l10n.t('Findings'),
    noFindings:
      format === 'unknown'
        ? ''
        : vscode.l10n.t('Nothing dangerous was found. The model was read, not loaded.'),
    findings: findings.toSorted((a, b) => rankOf(a) - rankOf(b)).map(findingView),
  };
}

/** The worst first. */
const SEVERITIES: readonly Severity[] = ['critical', 'high', 'medium', 'low', 'info'];

function rankOf({ severity }: Finding): number {
  return SEVERITIES.indexOf(severity);
}

function findingView({ severity, message, where, file }: NamedFinding): FindingView {
  return {
    severity,
    label: severityText(severity),
    message: escapeControls(message),
    where: escapeControls([file, where].filter((part) => part !== undefined).join(' · ')),
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
