import * as vscode from 'vscode';
import { pickArtifact } from '../quick-input/pick-artifact.ts';
import type { Services } from '../services.ts';
import { placeIn, referenceIn } from './command-call.ts';

/** *Copy Reference*: of a tag, of a repository, or of one that is asked for. */
export async function copyReference(services: Services, ...args: readonly unknown[]): Promise<string> {
  const reference =
    referenceIn(args) ?? placeIn(args) ?? (await pickArtifact(services, vscode.l10n.t('Copy Reference')));
  await vscode.env.clipboard.writeText(reference);
  vscode.window.setStatusBarMessage(vscode.l10n.t('Copied {0}', reference), 3000);
  return reference;
}
