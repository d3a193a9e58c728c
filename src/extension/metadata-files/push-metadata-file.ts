import { basename } from 'node:path';
import * as vscode from 'vscode';
import {
  formatLocation,
  type MetadataTarget,
  type PushResult,
  readMetadataTarget,
} from '../../core/index.ts';
import { showError } from '../error-actions.ts';
import { prepare, runPushFlow } from '../push-flow/push-flow.ts';
import { sendModel } from '../push-flow/send-model.ts';
import type { Services } from '../services.ts';
import { readSettings } from '../settings.ts';
import { hostOf } from '../subject.ts';
import { requireTrust } from '../trust.ts';
import { decideTag } from './decide-tag.ts';
import { findProblems } from './find-problems.ts';
import { metadataFileFor } from './metadata-argument.ts';
import { writeReference } from './write-reference.ts';

/**
 * *Push* on a metadata file: to its `artifact.reference`; without one the push flow asks, and the answer is written
 * into the file. What was pushed, or undefined when it was left or failed and the person was told.
 */
export async function pushMetadataFile(
  services: Services,
  ...args: readonly unknown[]
): Promise<PushResult | undefined> {
  requireTrust();
  const document = await metadataFileFor(args);
  if (document === undefined || (await hasErrors(services, document))) return undefined;
  return pushTarget(services, document, await readMetadataTarget(document.uri.fsPath));
}

/** A file with errors is not pushed; they are shown where problems are shown. */
async function hasErrors(services: Services, document: vscode.TextDocument): Promise<boolean> {
  const problems = await findProblems(services, document);
  if (!problems.some(({ severity }) => severity === vscode.DiagnosticSeverity.Error)) return false;
  await vscode.window.showTextDocument(document);
  await vscode.commands.executeCommand('workbench.actions.view.problems');
  const name = basename(document.uri.fsPath);
  void vscode.window.showWarningMessage(vscode.l10n.t('{0} has errors. Nothing was pushed.', name));
  return true;
}

async function pushTarget(
  services: Services,
  document: vscode.TextDocument,
  { location, paths, format }: MetadataTarget,
): Promise<PushResult | undefined> {
  const files = paths.map(({ path }) => path);
  if (location === undefined) {
    const result = await runPushFlow(services, files, { sidecar: document.uri.fsPath, format });
    if (result !== undefined) await writeReference(document, result.reference);
    return result;
  }
  try {
    const decided = await decideTag(await services.context(), location);
    if (decided === undefined) return undefined;
    const model = await prepare(files, readSettings(document.uri).capture, document.uri.fsPath);
    const critical = model.findings.find(({ severity }) => severity === 'critical');
    const allowUnsafe = critical !== undefined && (await confirmUnsafe(critical.file, critical.message));
    if (critical !== undefined && !allowUnsafe) return undefined;
    const result = await sendModel(services, { paths: files, model, allowUnsafe, format, ...decided });
    if (result !== undefined) await writeReference(document, formatLocation(decided.location));
    return result;
  } catch (error) {
    const retry = () => vscode.commands.executeCommand('omlmd.metadata.push', document.uri);
    void showError(services, error, { host: hostOf(location), retry });
    return undefined;
  }
}

async function confirmUnsafe(file: string, danger: string): Promise<boolean> {
  const anyway = vscode.l10n.t('Push Anyway');
  const message = vscode.l10n.t('{0} may run code of others when it is loaded.', file);
  return (
    (await vscode.window.showWarningMessage(message, { modal: true, detail: danger }, anyway)) === anyway
  );
}
