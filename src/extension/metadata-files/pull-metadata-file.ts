import { basename, dirname } from 'node:path';
import * as vscode from 'vscode';
import {
  type Context,
  type ExistingFiles,
  type Finding,
  isOmlmdError,
  type Location,
  OmlmdError,
  type PullResult,
  parseLocation,
  parseMetadataFile,
  pull,
  quote,
  readArtifact,
} from '../../core/index.ts';
import { showError } from '../error-actions.ts';
import type { Services } from '../services.ts';
import { readSettings } from '../settings.ts';
import { hostOf, viewOf } from '../subject.ts';
import { withTransfer } from '../transfer-progress.ts';
import { requireTrust } from '../trust.ts';
import { metadataFileFor } from './metadata-argument.ts';

/**
 * *Pull* on a metadata file: fetches the model of its `artifact.reference` into the file's folder. Only the model: what
 * the artifact says of it stands in the metadata file, and `inspect` shows both.
 */
export async function pullMetadataFile(
  services: Services,
  ...args: readonly unknown[]
): Promise<PullResult | undefined> {
  requireTrust();
  const document = await metadataFileFor(args);
  if (document === undefined) return undefined;
  const location = locationIn(document);
  const folder = dirname(document.uri.fsPath);
  try {
    const result = await pullAsking(services, location, folder);
    if (result !== undefined) tell(result);
    return result;
  } catch (error) {
    const retry = () => vscode.commands.executeCommand('omlmd.metadata.pull', document.uri);
    void showError(services, error, { host: hostOf(location), retry });
    return undefined;
  }
}

function locationIn(document: vscode.TextDocument): Location {
  const { fsPath } = document.uri;
  const reference = parseMetadataFile(document.getText(), fsPath).artifact?.reference;
  if (reference !== undefined) return parseLocation(reference);
  throw new OmlmdError('usage', `pull ${quote(basename(fsPath))}: its artifact block names no reference`);
}

/** Nothing is written while files are in the way, until the person says what is to become of them. */
async function pullAsking(
  services: Services,
  location: Location,
  folder: string,
): Promise<PullResult | undefined> {
  try {
    return await pullModel(services, location, folder, 'refuse');
  } catch (error) {
    if (!isOmlmdError(error, 'conflict')) throw error;
    const choices = [
      { title: vscode.l10n.t('Replace'), existing: 'overwrite' as const },
      { title: vscode.l10n.t('Keep'), existing: 'keep' as const },
    ];
    const message = vscode.l10n.t('Files of {0} are there with other content.', basename(folder));
    const options = { modal: true, detail: error.message };
    const chosen = await vscode.window.showWarningMessage(message, options, ...choices);
    return chosen && pullModel(services, location, folder, chosen.existing);
  }
}

async function pullModel(
  services: Services,
  location: Location,
  folder: string,
  onExisting: ExistingFiles,
): Promise<PullResult> {
  const context = await services.context();
  const { concurrency } = readSettings();
  const title = vscode.l10n.t('Pulling into {0}', basename(folder));
  return withTransfer(services, title, viewOf(location), async (call) => {
    const mediaTypes = await modelMediaTypes(context, location, call.signal);
    const onFinding = (finding: Finding & { readonly file: string }) => warn(services, finding);
    return pull(context, location, folder, { ...call, mediaTypes, onExisting, concurrency, onFinding });
  });
}

async function modelMediaTypes(
  context: Context,
  location: Location,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { format, manifest } = await readArtifact(context, location, { signal });
  return [...new Set(format.modelLayers(manifest).map((layer) => layer.mediaType))];
}

/** A pull goes on in spite of a finding; a person should know before they load the file. */
function warn(services: Services, { severity, file, message }: Finding & { readonly file: string }): void {
  services.log.warn(`${severity}: ${file}: ${message}`);
  if (severity !== 'critical') return;
  void vscode.window.showWarningMessage(
    vscode.l10n.t('Do not load {0} unless you trust where it comes from: {1}', file, message),
  );
}

function tell({ reference, files }: PullResult): void {
  const names = files.map(({ title }) => title).join(', ');
  void vscode.window.showInformationMessage(vscode.l10n.t('Pulled {0} of {1}', names, reference));
}
