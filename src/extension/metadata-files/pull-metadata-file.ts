import { basename, dirname } from 'node:path';
import * as vscode from 'vscode';
import {
  type Context,
  type ExistingFiles,
  formatLocation,
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
import { ArrivedFindings, confirmFindings } from '../pull-findings.ts';
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
  const findings = new ArrivedFindings(services);
  try {
    const seen = await confirmFindings(services, location);
    const result = seen && (await pullAsking(services, seen, folder, findings));
    if (result !== undefined) tell({ ...result, reference: formatLocation(location) }, folder, findings);
    return result;
  } catch (error) {
    void findings.tell(folder);
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

interface Pulling {
  readonly location: Location;
  readonly folder: string;
  readonly existing: ExistingFiles;
}

/** Nothing is written while files are in the way, until the person says what is to become of them. */
async function pullAsking(
  services: Services,
  location: Location,
  folder: string,
  findings: ArrivedFindings,
): Promise<PullResult | undefined> {
  const pull = (existing: ExistingFiles) => pullModel(services, { location, folder, existing }, findings);
  try {
    return await pull('refuse');
  } catch (error) {
    if (!isOmlmdError(error, 'conflict')) throw error;
    const choices = [
      { title: vscode.l10n.t('Replace'), existing: 'overwrite' as const },
      { title: vscode.l10n.t('Keep'), existing: 'keep' as const },
    ];
    const message = vscode.l10n.t('Files of {0} are there with other content.', basename(folder));
    const options = { modal: true, detail: error.message };
    const chosen = await vscode.window.showWarningMessage(message, options, ...choices);
    return chosen && pull(chosen.existing);
  }
}

async function pullModel(
  services: Services,
  { location, folder, existing }: Pulling,
  findings: ArrivedFindings,
): Promise<PullResult> {
  const context = await services.context();
  const { concurrency } = readSettings();
  const title = vscode.l10n.t('Pulling into {0}', basename(folder));
  return withTransfer(services, title, viewOf(location), async (call) => {
    const mediaTypes = await modelMediaTypes(context, location, call.signal);
    const onFinding = findings.add;
    return pull(context, location, folder, {
      ...call,
      mediaTypes,
      onExisting: existing,
      concurrency,
      onFinding,
    });
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

function tell({ reference, files }: PullResult, folder: string, findings: ArrivedFindings): void {
  const names = files.map(({ title }) => title).join(', ');
  const pulled = vscode.l10n.t('Pulled {0} of {1}', names, reference);
  if (findings.areGrave) void findings.tell(folder, pulled);
  else void vscode.window.showInformationMessage(pulled);
}
