import * as vscode from 'vscode';
import { type Companion, escapeControls, formatBytes, type PreparedModel } from '../../core/index.ts';

interface CompanionItem extends vscode.QuickPickItem {
  readonly companion: Companion;
}

/** Asks which files beside a model go with it; undefined when the person leaves it as it is. */
export async function pickCompanions(
  companions: readonly Companion[],
  model: PreparedModel,
): Promise<readonly string[] | undefined> {
  const going = new Set(model.files.map(({ title }) => title));
  const items = companions.map(
    (companion): CompanionItem => ({
      label: `$(file) ${escapeControls(companion.title)}`,
      description: formatBytes(companion.size),
      ...(companion.needed ? { detail: vscode.l10n.t('The model cannot be loaded without it') } : {}),
      picked: going.has(companion.title),
      companion,
    }),
  );
  const chosen = await vscode.window.showQuickPick(items, {
    canPickMany: true,
    ignoreFocusOut: true,
    title: vscode.l10n.t('Files That Go with the Model'),
    placeHolder: vscode.l10n.t('Files beside the model; those chosen become part of the artifact'),
  });
  return chosen?.map(({ companion }) => companion.title);
}
