import { basename } from 'node:path';
import * as vscode from 'vscode';
import { signalOf } from '../abort.ts';
import { compareWithRegistry } from '../lenses/artifact-status.ts';
import type { Services } from '../services.ts';
import { metadataFileFor } from './metadata-argument.ts';

/** *Compare with Registry*: what the status lens does when it is clicked. */
export async function compareMetadataFile(services: Services, ...args: readonly unknown[]): Promise<void> {
  const document = await metadataFileFor(args);
  if (document === undefined) return;
  const { fsPath } = document.uri;
  const options = {
    location: vscode.ProgressLocation.Window,
    title: vscode.l10n.t('Comparing {0} with its artifact', basename(fsPath)),
  };
  const asked = await vscode.window.withProgress(options, (_, token) =>
    compareWithRegistry(services, fsPath, signalOf(token)),
  );
  services.placeChanged(undefined);
  if (asked) return;
  void vscode.window.showInformationMessage(
    vscode.l10n.t('{0} has not been pushed and names no artifact.reference.', basename(fsPath)),
  );
}
