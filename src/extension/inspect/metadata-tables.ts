import * as vscode from 'vscode';
import { escapeControls, type ModelFacts, type ModelMetadata, type Origin } from '../../core/index.ts';
import type { TableView } from '../../webview/contract.ts';
import { metadataRows } from '../metadata-rows.ts';

/** Shown as tables of their own. */
const SIGNATURES: readonly string[] = [
  'customProperties.input_signature',
  'customProperties.output_signature',
];
/** Paths of the metadata that {@link hyperparameterTable} shows. */
export const HYPERPARAMETERS = 'customProperties.hyperparameters.';

export function hyperparameterTable(metadata: ModelMetadata): readonly TableView[] {
  const rows = metadataRows(metadata)
    .filter(({ path }) => path.startsWith(HYPERPARAMETERS))
    .map(({ path, value }) => [escapeControls(path.slice(HYPERPARAMETERS.length)), value]);
  return rows.length === 0
    ? []
    : [{ kind: 'table', title: vscode.l10n.t('Hyperparameters'), columns: [], rows }];
}

/** @param elsewhere rows whose path begins so have a table of their own */
export function metadataTable(
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

export function filesTable(rows: readonly (readonly string[])[]): TableView {
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
