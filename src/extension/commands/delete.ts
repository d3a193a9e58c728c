import * as vscode from 'vscode';
import { formatPlace, parseLocation, planRemoval, type Removal, removeArtifact } from '../../core/index.ts';
import { pickArtifact } from '../quick-input/pick-artifact.ts';
import type { Services } from '../services.ts';
import { requireTrust } from '../trust.ts';
import { optionsIn, referenceIn } from './command-call.ts';

/** *Delete…*: asks, naming every tag that goes with the artifact. */
export async function deleteArtifact(services: Services, ...args: readonly unknown[]): Promise<boolean> {
  requireTrust();
  const title = vscode.l10n.t('Delete');
  const location = parseLocation(referenceIn(args) ?? (await pickArtifact(services, title)));
  const context = await services.context();
  const removal = await planRemoval(context, location);
  if (optionsIn(args)?.confirmed !== true && !(await confirm(formatPlace(location), removal))) return false;
  await removeArtifact(context, removal);
  services.placeChanged(formatPlace(location));
  return true;
}

async function confirm(place: string, { tags, root }: Removal): Promise<boolean> {
  const remove = vscode.l10n.t('Delete');
  const question =
    tags.length > 1
      ? vscode.l10n.t('Delete {0} with its {1} tags {2}?', place, tags.length, tags.join(', '))
      : vscode.l10n.t('Delete {0}:{1}?', place, tags[0] ?? root.digest);
  const detail = vscode.l10n.t(
    '{0} is removed for everyone who uses this repository. This cannot be undone.',
    root.digest,
  );
  return (await vscode.window.showWarningMessage(question, { modal: true, detail }, remove)) === remove;
}
