import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { Services } from '../services.ts';
import { findProblems } from './find-problems.ts';
import { metadataFileFor } from './metadata-argument.ts';

/** *Validate*: shows the problems where problems are shown, and says so when there are none. */
export async function validateMetadataFile(services: Services, ...args: readonly unknown[]): Promise<void> {
  const document = await metadataFileFor(args);
  if (document === undefined) return;
  const problems = await findProblems(services, document);
  if (problems.length > 0) {
    await vscode.window.showTextDocument(document);
    await vscode.commands.executeCommand('workbench.actions.view.problems');
    return;
  }
  void vscode.window.showInformationMessage(
    vscode.l10n.t('{0} has no problems.', basename(document.uri.fsPath)),
  );
}
