import * as vscode from 'vscode';
import {
  escapeControls,
  type Finding,
  JsonNumber,
  type JsonValue,
  type ModelFacts,
  type ModelMetadata,
  worstFirst,
} from '../../core/index.ts';
import type { FactView, FindingView, NoticeView, PageWords, ReportView } from '../../webview/contract.ts';

export function nameOf(metadata: ModelMetadata): string | undefined {
  return typeof metadata.name === 'string' && metadata.name !== '' ? metadata.name : undefined;
}

export function describe({ description }: ModelMetadata): { readonly description?: string } {
  return typeof description === 'string' && description !== ''
    ? { description: escapeLines(description) }
    : {};
}

/** The few facts that people look for first. */
export function modelTiles(metadata: ModelMetadata): readonly FactView[] {
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
    { label: vscode.l10n.t('Trees'), value: property('trees') },
    { label: vscode.l10n.t('Framework'), value: framework },
    { label: vscode.l10n.t('Accuracy'), value: property('accuracy') },
  ];
  return tiles.flatMap(({ label, value }) =>
    value === undefined || value === '0' ? [] : [{ label, value: escapeControls(value) }],
  );
}

/** A count in three digits where it is beyond millions: the exact one stands in the table below. */
export function countText(value: JsonValue): string | undefined {
  const count = value instanceof JsonNumber ? value.toNumber() : 0;
  if (count < 1e6) return shortText(value);
  return count.toLocaleString('en', { notation: 'compact', maximumSignificantDigits: 3 });
}

function shortText(value: JsonValue): string | undefined {
  if (typeof value === 'string') return value;
  if (!(value instanceof JsonNumber)) return undefined;
  return value.isInteger && value.text.length < 16 ? value.toNumber().toLocaleString('en') : value.text;
}

export function fileTile(count: number): readonly FactView[] {
  return count > 1 ? [{ label: vscode.l10n.t('Files'), value: String(count) }] : [];
}

export function tensorTile(details: ModelFacts['details'] = {}): readonly FactView[] {
  const { tensor_count: count } = details;
  if (typeof count !== 'number' || count === 0) return [];
  return [{ label: vscode.l10n.t('Tensors'), value: count.toLocaleString('en') }];
}

export function unverifiedNotice(): NoticeView {
  return {
    level: 'info',
    text: vscode.l10n.t(
      'The model was read by ranges, unverified: a digest covers the whole file, which was not fetched.',
    ),
  };
}

/** Says that a model was not understood, or not read to its end. */
export function readNotices(format: string | undefined, findings: readonly Finding[]): readonly NoticeView[] {
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

export function pageWords(): PageWords {
  return {
    filter: vscode.l10n.t('Filter'),
    shown: vscode.l10n.t('{0} of {1}', '{0}', '{1}'),
    noMatch: vscode.l10n.t('Nothing matches.'),
  };
}

/** The file is named where there are several. */
type NamedFinding = Finding & { readonly file?: string };

/** @param format of a model that was looked into; nothing is said of one that was not understood */
export function findingsPart(
  findings: readonly NamedFinding[],
  format?: string,
): Pick<ReportView, 'findings' | 'findingsTitle' | 'noFindings'> {
  return {
    findingsTitle: vscode.l10n.t('Findings'),
    noFindings:
      format === 'unknown'
        ? ''
        : vscode.l10n.t('Nothing dangerous was found. The model was read, not loaded.'),
    findings: worstFirst(findings).map(findingView),
  };
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
export function escapeLines(text: string): string {
  return text
    .split(/\r?\n/)
    .map((line) => line.split('\t').map(escapeControls).join('\t'))
    .join('\n');
}
